/** Finds and reads the configuration file. */

import { existsSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

import { isRecord } from '../../option-checks.js'
import { lilconfig } from '../../util/lazy.js'
import { userPath } from '../../util/user-path.js'
import { SourceError } from './source-error.js'

/** In the working directory, the first one of these. */
const NAMES = ['js', 'mjs', 'ts', 'json'].map((extension) => `node-asgi.config.${extension}`)

/**
 * @typedef {object} ConfigFile
 * @property {string} name its path, for messages
 * @property {Record<string, any>} values by key
 */

/** @typedef {(path: string, text: string) => any} Loader */

/** @param {string} path */
async function importModule (path) {
  return (await import(pathToFileURL(path).href)).default
}

/** @param {string} path */
async function importTypeScript (path) {
  // Not in the types of Node 20: 'strip' or 'transform' if Node can remove the types.
  if (!(/** @type {any} */ (process.features).typescript)) {
    throw new Error('a configuration file in TypeScript needs Node.js 22.18 or later, and this ' +
      `is ${process.version}; write it in JavaScript`)
  }
  return importModule(path)
}

/** @type {Record<string, Loader>} */
const LOADERS = {
  '.js': importModule,
  '.mjs': importModule,
  '.cjs': importModule,
  '.ts': importTypeScript,
  '.json': (_, text) => JSON.parse(text)
}

/**
 * Lets an error say which file it is about.
 * @param {Loader} load
 * @returns {Loader}
 */
function naming (load) {
  return async (path, text) => {
    try {
      return await load(path, text)
    } catch (error) {
      // Node prints the place of a syntax error, but does not put it into the error.
      const advice = error instanceof SyntaxError && !path.endsWith('.json')
        ? `; \`node ${shown(path)}\` shows where`
        : ''
      throw new SourceError(`${shown(path)} cannot be used: ` +
        (error instanceof Error ? error.message : String(error)) + advice)
    }
  }
}

/** @param {string} path */
function shown (path) {
  const fromHere = relative(userPath('.'), path)
  return fromHere.startsWith('..') ? path : fromHere
}

/**
 * @param {string | undefined} path undefined: look in the working directory
 * @returns {Promise<ConfigFile | null>} null: there is none
 * @throws {SourceError}
 */
export async function readConfigFile (path) {
  const folder = userPath('.')
  // Usually there is none, and nothing has to be loaded to find that out.
  if (path === undefined && !NAMES.some((name) => existsSync(join(folder, name)))) return null
  const loaders = Object.fromEntries(
    Object.entries(LOADERS).map(([extension, load]) => [extension, naming(load)]))
  const explorer = lilconfig().lilconfig('node-asgi',
    { searchPlaces: NAMES, stopDir: folder, cache: false, ignoreEmptySearchPlaces: false, loaders })
  let found
  try {
    found = path === undefined
      ? await explorer.search(folder)
      : await explorer.load(resolve(folder, path))
  } catch (error) {
    if (error instanceof SourceError) throw error
    throw new SourceError(`cannot read the configuration file ${path ?? ''}: ` +
      /** @type {Error} */ (error).message)
  }
  if (found === null) return null
  const name = shown(found.filepath)
  if (!isRecord(found.config)) {
    throw new SourceError(`${name} must have ` +
      (name.endsWith('.json') ? 'an object' : 'an object as its default export') +
      ', for example { port: 8000, workers: 2 }')
  }
  return { name, values: found.config }
}
