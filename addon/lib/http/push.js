/**
 * HTTP/2 server push: the application names a request that the client is about to make, and its
 * response is made and sent along (RFC 9113, 8.4).
 */

import { splitJoined } from '../message/headers.js'

/** Of the original request, what the pushed one inherits. */
const INHERITED = [':authority', ':scheme', 'accept-encoding', 'accept-language', 'user-agent']

/**
 * @param {any} res response of the request that the application answers
 * @param {string} path with the query
 * @param {string} joined headers of the promised request
 * @param {(req: object, res: any) => void} serve answers the promised request
 */
export function push (res, path, joined, serve) {
  const original = res.req.headers
  /** @type {Record<string, string>} */
  const headers = { ':method': 'GET', ':path': path }
  for (const name of INHERITED) {
    if (original[name] !== undefined) headers[name] = original[name]
  }
  const list = splitJoined(joined)
  for (let i = 0; i < list.length; i += 2) headers[list[i]] = list[i + 1]
  // An error is the client's wish not to be sent anything, or its end.
  if (!res.stream.pushAllowed || res.stream.destroyed) return
  res.createPushResponse(headers, (/** @type {Error | null} */ error, /** @type {any} */ response) => {
    if (error === null || error === undefined) serve(promised(res.req, headers, response), response)
  })
}

/**
 * The promised request, in the shape of one that has come in.
 * @param {any} original
 * @param {Record<string, string>} headers
 * @param {any} response
 */
function promised (original, headers, response) {
  return {
    method: 'GET',
    url: headers[':path'],
    headers,
    rawHeaders: Object.entries(headers).flat(),
    httpVersion: original.httpVersion,
    httpVersionMajor: 2,
    socket: original.socket,
    complete: true,
    // It has no body, and nothing may be pushed on its behalf.
    stream: { endAfterHeaders: true, pushAllowed: false, session: response.stream.session }
  }
}
