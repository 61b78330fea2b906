/**
 * WebSockets in the shape that they have in @platformatic/python-node: a Request with
 * `websocket: true`, whose write() sends messages, and a response whose next() receives them.
 */

import { Readable } from 'node:stream'

import { InvalidRequestError } from '../errors.js'
import { claimOutbox, Request } from '../message/request.js'
import { checkRequestKeys } from '../message/request-keys.js'
import { streamingResponse } from '../message/response.js'
import { whenFlushed } from './connection.js'

/** The status of a response that accepts a WebSocket over HTTP/1.1. */
const SWITCHING_PROTOCOLS = 101

/** The code that request.end() closes with. */
const NORMAL = 1000

/**
 * @param {any} request a Request, or a plain object of which messages can only be received
 * @param {(request: import('../message/head.js').SocketRequest) =>
 *   Promise<import('./connection.js').WebSocketConnection>} connect
 * @returns {Promise<import('../message/response.js').StreamingResponse>}
 */
export async function openRequestSocket (request, connect) {
  if (!(request instanceof Request)) checkRequestKeys(request)
  const { url, headers, socket, body, prefix, scope } = request
  if (body !== undefined && body !== null) {
    throw new InvalidRequestError('ERR_INVALID_BODY', 'a WebSocket has messages instead of a ' +
      'body; send them with request.write()')
  }
  const outbox = request instanceof Request ? claimOutbox(request) : null
  const connection = await connect({ url, headers, socket, prefix, scope })
  outbox?.open({
    async send (chunk) {
      connection.send(chunk)
      await whenFlushed(connection)
    },
    isOpen: () => connection.readyState === 1,
    close: () => connection.close(NORMAL)
  })
  const received = Readable.from(messages(connection), { objectMode: true, highWaterMark: 0 })
  const response = streamingResponse(SWITCHING_PROTOCOLS, '', received)
  response.headers = connection.headers
  return response
}

/**
 * @param {AsyncIterable<any>} connection
 * @returns {AsyncIterableIterator<Buffer>}
 */
function messages (connection) {
  const iterator = /** @type {Required<AsyncIterator<any>>} */ (connection[Symbol.asyncIterator]())
  return {
    [Symbol.asyncIterator] () { return this },
    async next () {
      const { value, done } = await iterator.next()
      return { value: typeof value === 'string' ? Buffer.from(value) : value, done }
    },
    return: () => iterator.return()
  }
}
