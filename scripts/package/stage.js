/** Puts the files of the published package `node-asgi` into a folder, which npm can pack. */

import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { minifySync } from 'rolldown/utils'

import { buildJavaScript } from './javascript.js'
import { packageName, platforms, root } from './platforms.js'

/** What the browser loads. Its scripts become smaller. */
const PAGE = 'addon/lib/dashboard/page'

/** Files and folders that are published. */
const FILES = [PAGE, 'worker/python', 'LICENSE', 'README.md']

/** What package.json says of the checkout only. */
const DEVELOPMENT = ['files', 'scripts', 'devDependencies']

/**
 * @param {string} folder is replaced
 * @param {{ exports?: Record<string, any> }} [additions] further entries for `exports`
 */
export async function stagePackage (folder, { exports = {} } = {}) {
  const checkout = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  Object.assign(checkout.exports, exports)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const published = await buildJavaScript(folder, checkout, ['package.json', ...FILES])
  for (const key of DEVELOPMENT) delete published[key]
  // The checkout must not have them: npm looks for each in the registry.
  published.optionalDependencies = Object.fromEntries(
    platforms.map((platform) => [packageName(platform), checkout.version]))
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(published, null, 2)}\n`)
  for (const path of FILES) {
    cpSync(join(root, path), join(folder, path), {
      recursive: true,
      filter: (source) => !source.endsWith('__pycache__')
    })
  }
  for (const name of readdirSync(join(folder, PAGE)).filter((each) => each.endsWith('.js'))) {
    const path = join(folder, PAGE, name)
    const { code, errors } = minifySync(name, readFileSync(path, 'utf8'), { module: true })
    if (errors.length > 0) throw new Error(`${path}: ${errors[0].message}`)
    writeFileSync(path, code)
  }
  for (const page of FILES.filter((path) => path.endsWith('.md'))) {
    const text = readFileSync(join(folder, page), 'utf8')
    writeFileSync(join(folder, page), absoluteLinks(text, published))
  }
}

/**
 * Makes the relative links of a page at the root lead to the repository, which has the pages and
 * pictures that the package does not contain.
 * @param {string} markdown
 * @param {{ homepage: string, version: string }} checkout
 * @returns {string}
 */
export function absoluteLinks (markdown, { homepage, version }) {
  const repository = homepage.replace(/#.*$/, '')
  const places = { '': `${repository}/blob/v${version}/`, '!': `${repository}/raw/v${version}/` }
  return markdown.replace(/(!?)(\[[^\]]*\]\()(?![a-z]+:|#)/g, (_, image, text) =>
    image + text + places[/** @type {'' | '!'} */ (image)])
}
