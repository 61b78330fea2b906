/**
 * Gets the OpenAPI document of an application.
 */

import { askApplication } from './ask.js'
import { CommandError } from './failure.js'

/** @typedef {import('../handler.js').PythonHandler} PythonHandler */

/** Where frameworks serve it: most of them, Litestar, Django Ninja. */
const USUAL = ['/openapi.json', '/schema/openapi.json', '/api/openapi.json']

/** The application has no document that can be used. */
export class OpenapiError extends CommandError {}

/**
 * Starts the application, asks it for the document, and ends it.
 * @param {Record<string, any>} options of the handler
 * @param {string | undefined} url undefined: look for it
 * @param {import('../options.js').Logger} logger
 * @returns {Promise<Record<string, any>>}
 */
export function openapiDocument (options, url, logger) {
  return askApplication(options, { openapi: url === undefined }, logger,
    (python) => ask(python, url))
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
