/** Whether the frameworks are installed, and a place for their servers. */

import { existsSync } from 'node:fs'
import { test } from 'node:test'

import { withPython } from '../support/harness.js'

const isBuilt = existsSync(new URL('next-app/.next/.node-asgi-stamp', import.meta.url))
const [major, minor] = process.versions.node.split('.').map(Number)
const isOld = major < 20 || (major === 20 && minor < 19)

/** Why the tests are skipped, or false. */
export const skip = isOld
  ? 'the frameworks need Node.js 20.19'
  : isBuilt ? false : 'run `bash test/node-frameworks/setup.sh` first'

/** Like withPython(), but skipped when the frameworks are not installed. */
export function withFrameworks (name, options, run) {
  if (skip === false) withPython(name, options, run)
  else test(name, { skip }, () => {})
}

/**
 * Imports a package when a test needs it, so that the file can be loaded without it.
 * @param {string} name
 */
export async function load (name) {
  const module = await import(name)
  return module.default ?? module
}
