/** The platforms that have a package, and what their packages are made of. */

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../../', import.meta.url))

/** The presets of CMake that build a package. */
export const platforms = JSON.parse(readFileSync(`${root}cmake/packages.json`, 'utf8'))
  .configurePresets.filter((/** @type {any} */ { hidden }) => !hidden)
  .map((/** @type {{ name: string }} */ { name }) => name)

export const BINARIES = ['node_asgi.node', '_worker.abi3.so']

export const MAIN = 'node-asgi'

/** @returns {string} the name of the package of a platform */
export const packageName = (/** @type {string} */ platform) => `@node-asgi/${platform}`

/** @returns {string} the file that `npm pack` makes of a package */
export const tarballName = (/** @type {string} */ name, /** @type {string} */ version) =>
  `${name.replace('@', '').replace('/', '-')}-${version}.tgz`

/** What npm calls the C libraries. */
const LIBC = /** @type {Record<string, string>} */ ({ gnu: 'glibc', musl: 'musl' })

/**
 * Which computers npm installs the package of a platform on.
 * @param {string} platform
 * @returns {{ os: string[], cpu: string[], libc?: string[] }}
 */
export function installedOn (platform) {
  const [os, cpu, libc] = platform.split('-')
  return { os: [os], cpu: [cpu], ...libc && { libc: [LIBC[libc]] } }
}
