/**
 * Loads openapi-typescript, which is installed by those who use it.
 */

import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

import { CommandError } from './failure.js'

const INSTALL = 'npm install --save-dev openapi-typescript@7 typescript@5'

/** openapi-typescript is missing, or is another version. */
export class TranslatorError extends CommandError {}

/**
 * Prefers the one of the user's project, from which node-asgi may be linked only.
 * @param {string} [folder]
 * @returns {Promise<(document: Record<string, any>) => Promise<string>>}
 */
export async function loadTranslator (folder = process.cwd()) {
  const { default: openapiTS, astToString } = await load(folder)
  if (typeof openapiTS !== 'function' || typeof astToString !== 'function') {
    throw new TranslatorError('node-asgi types needs version 7 of openapi-typescript, but ' +
      `another one is installed; run \`${INSTALL}\``)
  }
  return async (document) => astToString(await openapiTS(document, { silent: true }))
}

/**
 * @param {string} folder
 * @returns {Promise<any>}
 */
async function load (folder) {
  try {
    const module = await import(find(folder))
    // A CommonJS module: all that it exports is the default export.
    return typeof module.default === 'function' ? module : module.default ?? module
  } catch (error) {
    const { code, message } = /** @type {NodeJS.ErrnoException} */ (error)
    // ERR_MODULE_NOT_FOUND from `import`, MODULE_NOT_FOUND from `require()`.
    if (code?.endsWith('MODULE_NOT_FOUND') !== true) throw error
    throw new TranslatorError('node-asgi types needs openapi-typescript and typescript; run ' +
      `\`${INSTALL}\` (${message.split('\n')[0]})`)
  }
}

/** @param {string} folder */
function find (folder) {
  const name = 'openapi-typescript'
  try {
    return pathToFileURL(createRequire(join(folder, 'package.json')).resolve(name)).href
  } catch {
    return name
  }
}
