/** The licences of what is compiled into the native files. */

import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

import { root } from './platforms.js'

const toolchain = join(root, 'build/toolchain')
const modules = join(root, 'node_modules')
const zig = join(toolchain, 'ziglang')

/** The folder with the metadata of a package from PyPI. */
function metadata (/** @type {string} */ name) {
  const folder = readdirSync(toolchain).find((entry) => entry.startsWith(`${name}-`))
  if (folder === undefined) throw new Error(`build/toolchain does not have the package ${name}`)
  return join(toolchain, folder)
}

/**
 * Each part, and the file with its licence, which comes with the compiler or with the headers.
 * @param {string} platform
 * @returns {[string, string][]}
 */
function parts (platform) {
  /** @type {Record<string, [string, string]>} */
  const ofLibc = {
    gnu: ['GNU C Library (libc_nonshared)', join(zig, 'lib/libc/glibc/LICENSES')],
    musl: ['musl (start files)', join(zig, 'lib/libc/musl/COPYRIGHT')]
  }
  const [, , libc] = platform.split('-')
  return [
    ['Boost', join(metadata('libboost_headers'), 'licenses/LICENSE')],
    ['msgpack-c', join(metadata('msgpack_cxx'), 'LICENSE')],
    ['node-addon-api', join(modules, 'node-addon-api/LICENSE.md')],
    ['node-api-headers', join(modules, 'node-api-headers/LICENSE')],
    ['CPython (headers)', join(toolchain, 'python/LICENSE.txt')],
    ['libc++', join(zig, 'lib/libcxx/LICENSE.TXT')],
    ['libc++abi', join(zig, 'lib/libcxxabi/LICENSE.TXT')],
    ['libunwind', join(zig, 'lib/libunwind/LICENSE.TXT')],
    ["Zig's compiler-rt", join(zig, 'LICENSE')],
    ...libc === undefined ? [] : [ofLibc[libc]]
  ]
}

/**
 * @param {string} platform
 * @returns {string} the text of the file NOTICE in its package
 */
export function notice (platform) {
  const all = parts(platform)
  const line = '='.repeat(80)
  return [
    'The native files of node-asgi contain code from these projects, whose licences follow:\n',
    ...all.map(([name]) => `- ${name}`),
    ...all.map(([name, file]) =>
      `\n${line}\n${name}\n${line}\n\n${readFileSync(file, 'utf8').trim()}`)
  ].join('\n') + '\n'
}
