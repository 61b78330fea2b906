/**
 * The filter of system calls for arm64: compiled as for the package, and run by an emulator if
 * NODE_ASGI_TEST_EMULATED is set, because that first compiles libc++ and GoogleTest for arm64.
 */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const ZIG = join(ROOT, 'build/toolchain/ziglang/zig')
const EMULATOR = '/usr/bin/qemu-aarch64-static'
const GOOGLETEST = '/usr/src/googletest/googletest'

const run = promisify(execFile)

const FILTER = 'worker/src/process/seccomp_filter_linux.cc'
const COMPILE = ['c++', '-target', 'aarch64-linux-musl', '-std=c++20', '-O1', '-Wall', '-Wextra',
  '-Wpedantic', '-Wshadow', '-Wconversion', '-Werror', '-Iworker/src']

/** Why a test that needs these files is skipped, or false. */
function without (...paths) {
  const missing = paths.filter((path) => !existsSync(path))
  return missing.length > 0 &&
    `needs ${missing.join(', ')}: scripts/toolchain.sh, qemu-user-static, libgtest-dev`
}

/** Milliseconds, on a machine that may be busy. */
const LIMIT = 900_000

/** @returns {string} a folder that is removed after the test */
function folder (t) {
  const directory = mkdtempSync(join(tmpdir(), 'node-asgi-arm64-'))
  t.after(() => rmSync(directory, { recursive: true }))
  return directory
}

test('nobody had compiled the filter for arm64', { skip: without(ZIG), timeout: LIMIT },
  async (t) => {
    await run(ZIG, [...COMPILE, '-c', FILTER, '-o', join(folder(t), 'filter.o')], { cwd: ROOT })
  })

const skip = process.env.NODE_ASGI_TEST_EMULATED === undefined
  ? 'takes a minute: set NODE_ASGI_TEST_EMULATED=1 to run it'
  : without(ZIG, EMULATOR, GOOGLETEST)

test('nobody had run the filter on arm64', { skip, timeout: LIMIT }, async (t) => {
  const program = join(folder(t), 'filter')
  await run(ZIG, [...COMPILE,
    '-isystem', GOOGLETEST, '-isystem', join(GOOGLETEST, 'include'),
    FILTER, 'test/worker/process/seccomp_filter_test.cc',
    join(GOOGLETEST, 'src/gtest-all.cc'), join(GOOGLETEST, 'src/gtest_main.cc'), '-o', program],
  { cwd: ROOT })
  const { stdout } = await run(EMULATOR, [program])
  assert.match(stdout, /\[ {2}PASSED {2}\] \d+ tests/)
})
