/**
 * HTTP/2 server push (RFC 9113, 8.4): the application names a request that the client is about to
 * make, and the server sends the response to it along.
 */

import { isHttp2Header } from './http2-fields.js'
import { splitJoined } from '../message/headers.js'

/** Headers that the pushed request inherits from the original one. */
const INHERITED = [':authority', ':scheme', 'accept-encoding', 'accept-language', 'user-agent']

/**
 * @param {any} res the response that the application is sending
 * @param {string} path with the query
 * @param {string} joined headers of the promised request
 * @param {(req: object, res: any) => void} serve answers the promised request
 */
export function push (res, path, joined, serve) {
  const original = res.req.headers
  /** @type {Record<string, string>} */
  const headers = Object.assign(Object.create(null), { ':method': 'GET', ':path': path })
  for (const name of INHERITED) {
    if (original[name] !== undefined) headers[name] = original[name]
  }
  const list = splitJoined(joined)
  for (let i = 0; i < list.length; i += 2) {
    if (isHttp2Header(list[i], list[i + 1])) headers[list[i]] = list[i + 1]
  }
  if (!res.stream.pushAllowed || res.stream.destroyed) return
  /**
   * @param {Error | null | undefined} error the client wants no push, or is gone
   * @param {any} response
   */
  function onCreated (error, response) {
    if (error !== null && error !== undefined) return
    // The client may reset it at any time, which 'close' reports, too.
    response.stream.on('error', () => {})
    serve(promised(res.req, headers, response), response)
  }
  res.createPushResponse(headers, onCreated)
}

/**
 * The promised request, in the shape of one that has arrived.
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
    // It has no body, and its response must not push anything.
    stream: { endAfterHeaders: true, pushAllowed: false, session: response.stream.session }
  }
}
