/** What is compiled into the native files from other projects. */

import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

import { root } from './platforms.js'

const toolchain = join(root, 'build/toolchain')
const modules = join(root, 'node_modules')
const zig = join(toolchain, 'ziglang')

/**
 * @typedef {object} Part
 * @property {string} name
 * @property {string} purl the package that it comes from, as SBOMs name it
 * @property {string} version of that package
 * @property {string} licence SPDX expression
 * @property {string} file has the text of the licence
 */

/** The folder with the metadata of a package from PyPI, whose name ends with the version. */
function metadata (/** @type {string} */ name) {
  const folder = readdirSync(toolchain).find((entry) => entry.startsWith(`${name}-`))
  if (folder === undefined) throw new Error(`build/toolchain does not have the package ${name}`)
  return folder
}

/** @returns {Part} */
function fromPypi (
  /** @type {string} */ name, /** @type {string} */ distribution,
  /** @type {string} */ licence, /** @type {string} */ file
) {
  const version = metadata(distribution).slice(distribution.length + 1, -'.dist-info'.length)
  const purl = `pkg:pypi/${distribution.replaceAll('_', '-')}@${version}`
  return { name, version, purl, licence, file }
}

/** @returns {Part} */
function fromNpm (/** @type {string} */ name, /** @type {string} */ file) {
  const { version } = JSON.parse(readFileSync(join(modules, name, 'package.json'), 'utf8'))
  const purl = `pkg:npm/${name}@${version}`
  return { name, version, purl, licence: 'MIT', file: join(modules, name, file) }
}

/** @returns {Part} */
function pythonHeaders () {
  const header = readFileSync(join(toolchain, 'python/patchlevel.h'), 'utf8')
  const version = /PY_VERSION\s+"([^"]+)"/.exec(header)?.[1] ?? 'unknown'
  return {
    name: 'CPython (headers)',
    version,
    purl: `pkg:generic/cpython@${version}`,
    licence: 'PSF-2.0',
    file: join(toolchain, 'python/LICENSE.txt')
  }
}

/**
 * @param {string} platform
 * @returns {Part[]}
 */
export function linkedIn (platform) {
  const fromZig = (
    /** @type {string} */ name, /** @type {string} */ licence, /** @type {string} */ file
  ) => fromPypi(name, 'ziglang', licence, join(zig, file))
  const llvm = 'Apache-2.0 WITH LLVM-exception'
  const [, , libc] = platform.split('-')
  return [
    fromPypi('Boost', 'libboost_headers', 'BSL-1.0',
      join(toolchain, metadata('libboost_headers'), 'licenses/LICENSE')),
    fromPypi('msgpack-c', 'msgpack_cxx', 'BSL-1.0',
      join(toolchain, metadata('msgpack_cxx'), 'LICENSE')),
    fromNpm('node-addon-api', 'LICENSE.md'),
    fromNpm('node-api-headers', 'LICENSE'),
    pythonHeaders(),
    fromZig('libc++', llvm, 'lib/libcxx/LICENSE.TXT'),
    fromZig('libc++abi', llvm, 'lib/libcxxabi/LICENSE.TXT'),
    fromZig('libunwind', llvm, 'lib/libunwind/LICENSE.TXT'),
    fromZig("Zig's compiler-rt", 'MIT', 'LICENSE'),
    ...libc === 'gnu'
      ? [fromZig('GNU C Library (libc_nonshared)', 'LGPL-2.1-or-later WITH GCC-exception-2.0',
          'lib/libc/glibc/LICENSES')]
      : [],
    ...libc === 'musl'
      ? [fromZig('musl (start files)', 'MIT', 'lib/libc/musl/COPYRIGHT')]
      : []
  ]
}
