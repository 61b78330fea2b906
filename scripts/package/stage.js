/** Puts the files of the published package `node-asgi` into a folder, which npm can pack. */

import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { buildJavaScript } from './javascript.js'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Files and folders that are published as they are. */
const FILES = ['worker/python', 'CHANGELOG.md', 'LICENSE', 'README.md']

/** What package.json says of the checkout only. */
const DEVELOPMENT = ['files', 'scripts', 'devDependencies']

/**
 * @param {string} folder is replaced
 * @param {{ extra?: string[], exports?: Record<string, any> }} [additions] further files of the
 *   checkout, and further entries for `exports`
 */
export async function stagePackage (folder, { extra = [], exports = {} } = {}) {
  const checkout = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  Object.assign(checkout.exports, exports)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const published = await buildJavaScript(folder, checkout)
  for (const key of DEVELOPMENT) delete published[key]
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(published, null, 2)}\n`)
  for (const path of [...FILES, ...extra]) {
    cpSync(join(root, path), join(folder, path), {
      recursive: true,
      filter: (source) => !source.endsWith('__pycache__')
    })
  }
}
