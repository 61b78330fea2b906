/** The filter of system calls for arm64, compiled as for the package and run by an emulator. */

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

const missing = [ZIG, EMULATOR, GOOGLETEST].filter((path) => !existsSync(path))
const skip = missing.length > 0 &&
  `needs ${missing.join(', ')}: scripts/toolchain.sh, qemu-user-static, libgtest-dev`

/** Milliseconds. Compiles GoogleTest, on a machine that may be busy. */
const LIMIT = 900_000

test('nobody had compiled the filter for arm64', { skip, timeout: LIMIT }, async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'node-asgi-arm64-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const program = join(directory, 'filter')
  await run(ZIG, ['c++', '-target', 'aarch64-linux-musl', '-std=c++20', '-O1', '-Wall', '-Wextra',
    '-Wpedantic', '-Wshadow', '-Wconversion', '-Werror', '-Iworker/src',
    '-isystem', GOOGLETEST, '-isystem', join(GOOGLETEST, 'include'),
    'worker/src/process/seccomp_filter_linux.cc', 'test/worker/process/seccomp_filter_test.cc',
    join(GOOGLETEST, 'src/gtest-all.cc'), join(GOOGLETEST, 'src/gtest_main.cc'), '-o', program],
  { cwd: ROOT })
  const { stdout } = await run(EMULATOR, [program])
  assert.match(stdout, /\[ {2}PASSED {2}\] \d+ tests/)
})
