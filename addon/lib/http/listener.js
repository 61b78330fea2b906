/**
 * Serves the application through node:http, https and the compatibility API of http2.
 */

import { onClosing } from './closing.js'
import { connectionOf, hasGone } from './connection.js'
import { httpStatus } from './error-status.js'
import { HttpExchange } from './exchange.js'
import { encodeIncoming } from './incoming-head.js'
import { push } from './push.js'
import { answerError } from './response-writer.js'
import { isRepeatable } from '../stream/request-stream.js'

/**
 * @param {import('../pool/pool.js').Pool} pool
 * @param {{ chunk: number }} limits
 * @param {import('../options.js').Settings} settings
 * @param {import('./closing.js').ClosingListener} closing
 * @returns {(req: any, res: any, arrival?: import('./incoming-head.js').Arrival) => void}
 */
export function createListener (pool, limits, { logger, trustProxy }, closing) {
  /**
   * @param {any} req
   * @param {any} res
   * @param {import('./incoming-head.js').Arrival} [arrival]
   */
  function listen (req, res, arrival) {
    if (hasGone(req, res)) return
    /** @type {HttpExchange} */
    let exchange
    try {
      exchange = new HttpExchange(encodeIncoming(req, trustProxy, arrival), req, res, logger)
    } catch (error) {
      answerError(req, res, httpStatus(error))
      return
    }
    if (req.httpVersionMajor === 2 && req.stream.pushAllowed) {
      exchange.push = (path, headers) => push(res, path, headers, (pushed, response) =>
        listen(pushed, response, { mount: arrival?.mount }))
    }
    exchange.keepsBody = arrival?.keepsBody === true
    const connection = connectionOf(req)
    if (connection === null) return begin(exchange)
    connection.last = res
    if (connection.closing !== closing) {
      connection.closing = closing
      onClosing(connection.socket.server, closing)
    }
    if (res.socket !== null) begin(exchange)
    else connection.wait(res, () => begin(exchange))
  }

  /** @param {HttpExchange} exchange */
  function begin (exchange) {
    const { req } = exchange
    // The client has gone while the request waited for its place in the pipeline.
    if (exchange.finished) return
    if (exchange.keepsBody) {
      exchange.body = req
      pool.submit(exchange)
      return
    }
    const length = bodyLength(req)
    if (length === 0) {
      exchange.repeatable = isRepeatable(req.method)
      pool.submit(exchange)
    } else {
      exchange.body = req
      // A body that came in the same packet as the head can be read in the next tick. If it is
      // small and complete, it goes to the application in one frame with the head.
      if (length <= limits.chunk) process.nextTick(submitWithBody, pool, exchange, length)
      else pool.submit(exchange)
    }
  }
  return listen
}

/**
 * @param {import('../pool/pool.js').Pool} pool
 * @param {HttpExchange} exchange
 * @param {number} length
 */
function submitWithBody (pool, exchange, length) {
  const { req } = exchange
  if (exchange.finished) return
  const chunk = req.readableFlowing === null ? req.read() : null
  if (chunk !== null && chunk.length === length) {
    exchange.body = chunk
    // The parser has not reported the end yet.
    req.resume()
  } else if (chunk !== null) {
    req.unshift(chunk)
  }
  pool.submit(exchange)
}

/**
 * @param {any} req
 * @returns {number} bytes; Infinity: unknown
 */
function bodyLength (req) {
  if (req.httpVersionMajor === 2) return req.stream.endAfterHeaders ? 0 : Infinity
  if (req.headers['transfer-encoding'] !== undefined) return Infinity
  const length = req.headers['content-length']
  return length === undefined ? 0 : Number(length)
}
