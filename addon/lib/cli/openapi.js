/**
 * Gets the OpenAPI document of an application.
 */

import { PythonHandler } from '../handler.js'
import { pythonLine } from './logger.js'

/** Where frameworks serve it: most of them, Litestar, Django Ninja. */
const USUAL = ['/openapi.json', '/schema/openapi.json', '/api/openapi.json']

/** The application has no document that can be used. */
export class OpenapiError extends Error {}

/**
 * Starts the application, asks it for the document, and ends it.
 * @param {Record<string, any>} options of the handler
 * @param {string | undefined} url undefined: look for it
 * @param {import('../options.js').Logger} logger
 * @returns {Promise<Record<string, any>>}
 */
export async function openapiDocument (options, url, logger) {
  const python = new PythonHandler({
    ...options,
    workers: 1,
    // Otherwise the members of a set, and what is made of them, have another order each time.
    env: { PYTHONHASHSEED: process.env.PYTHONHASHSEED ?? '0', ...options.env },
    logger
  }, { preparation: { openapi: url === undefined } })
  // stdout is for the types.
  for (const name of ['stdout', 'stderr']) {
    python.on(name, (line, source) => { process.stderr.write(`${pythonLine(line, source)}\n`) })
  }
  try {
    await python.ready
    return await ask(python, url)
  } finally {
    await python.close({ timeout: 0 })
  }
}

/**
 * @param {Pick<PythonHandler, 'fetch'>} python whose application has no method openapi(), or
 *   answers every request with what that returns
 * @param {string | undefined} url
 */
async function ask (python, url) {
  const answers = []
  for (const place of url === undefined ? USUAL : [url]) {
    const response = await python.fetch(place, { headers: { accept: 'application/json' } })
    const text = await response.text()
    const document = response.ok ? parseObject(text) : null
    if (typeof document?.openapi === 'string') return document
    answers.push(`GET ${place} was answered with ${response.status}` +
      (response.ok ? `, but ${whatItIs(document)}` : ''))
  }
  throw new OpenapiError('the application has no OpenAPI document: ' +
    (url === undefined ? 'it has no method openapi(), and ' : '') + answers.join(', ') +
    '; --url names the path or URL at which it serves one')
}

/**
 * @param {string} text
 * @returns {Record<string, any> | null}
 */
function parseObject (text) {
  try {
    const value = JSON.parse(text)
    return typeof value === 'object' ? value : null
  } catch {
    return null
  }
}

/** @param {Record<string, any> | null} document */
function whatItIs (document) {
  if (document === null) return 'not with a JSON object'
  return document.swagger === undefined
    ? "its JSON has no 'openapi'"
    : `it describes the API in Swagger ${document.swagger}, not in OpenAPI 3`
}
