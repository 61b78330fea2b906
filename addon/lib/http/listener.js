/**
 * Serves the application through node:http, https and the compatibility API of http2.
 */

import { onClosing, onSessionClosing } from './closing.js'
import { connectionOf, endWhenAborted, hasGone } from './connection.js'
import { httpStatus } from './error-status.js'
import { HttpExchange, describe } from './exchange.js'
import { currentHeaders } from './changed-headers.js'
import { watchSession } from './http2-sessions.js'
import { incomingBody } from './incoming-body.js'
import { encodeIncoming } from './incoming-head.js'
import { push } from './push.js'
import { answerError } from './response-writer.js'
import { askedUrl } from '../message/mount.js'
import { isRepeatable } from '../stream/request-stream.js'

/**
 * @param {import('../pool/pool.js').Pool} pool
 * @param {{ chunk: number }} limits
 * @param {import('../options.js').Settings} settings
 * @param {import('./closing.js').ClosingListener} closing
 * @returns {(req: any, res: any, arrival?: import('./incoming-head.js').Arrival) => void}
 */
export function createListener (pool, limits, settings, closing) {
  const { logger } = settings

  /**
   * Answers a request that does not get to the application.
   * @param {any} req
   * @param {any} res
   * @param {any} error
   */
  function refuse (req, res, error) {
    const status = httpStatus(error)
    if (status >= 500) log(req, error)
    try {
      answerError(req, res, status)
    } catch (second) {
      log(req, second)
      res.destroy()
    }
  }

  /**
   * @param {any} req
   * @param {unknown} error
   */
  function log (req, error) {
    logger.error(`[node-asgi] ${req.method} ${askedUrl(req)}: ${describe(error)}`)
  }

  /**
   * @param {any} req
   * @param {any} res
   * @param {import('./incoming-head.js').Arrival} [arrival]
   */
  function listen (req, res, arrival) {
    if (hasGone(req, res)) return
    const headers = currentHeaders(req)
    const length = bodyLength(req, headers)
    /** @type {HttpExchange} */
    let exchange
    /** @type {import('../stream/request-body.js').Body} */
    let body
    try {
      if (length !== 0) body = incomingBody(req)
      const head = encodeIncoming(req, settings, arrival, headers)
      exchange = new HttpExchange(head, req, res, logger)
    } catch (error) {
      refuse(req, res, error)
      return
    }
    if (req.httpVersionMajor === 2 && req.stream.pushAllowed) {
      exchange.push = (path, headers) => push(res, path, headers, (pushed, response) =>
        listen(pushed, response, { mount: arrival?.mount, prefix: arrival?.prefix }))
    }
    exchange.keepsBody = arrival?.keepsBody === true
    const connection = connectionOf(req)
    if (req.httpVersionMajor === 2) {
      endWhenAborted(req.stream)
      onSessionClosing(req, closing)
      watchSession(exchange.session = req.stream.session)
      // The client may reset the stream in what has been read together with the request.
      setImmediate(begin, exchange, body, length)
      return
    }
    if (connection === null) return begin(exchange, body, length)
    connection.last = res
    if (connection.closing !== closing) {
      connection.closing = closing
      onClosing(connection.socket.server, closing)
    }
    if (res.socket !== null) begin(exchange, body, length)
    else connection.wait(res, () => begin(exchange, body, length))
  }

  /**
   * @param {HttpExchange} exchange
   * @param {import('../stream/request-body.js').Body} body
   * @param {number} length of the body in bytes; Infinity: unknown
   */
  function begin (exchange, body, length) {
    const { req } = exchange
    // The client has gone while the request waited for its place in the pipeline.
    if (exchange.finished) return
    if (exchange.keepsBody) {
      exchange.body = body
      pool.submit(exchange)
    } else if (body !== req) {
      exchange.body = body
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
 * @param {string[]} current what middleware has made of its headers
 * @returns {number} bytes; Infinity: unknown
 */
function bodyLength (req, current) {
  if (req.httpVersionMajor === 2) return req.stream.endAfterHeaders ? 0 : Infinity
  const { headers, rawHeaders } = req
  if (current !== rawHeaders) return rawLength(rawHeaders)
  if (headers['transfer-encoding'] !== undefined) return Infinity
  const length = headers['content-length']
  return length === undefined ? 0 : Number(length)
}

/**
 * What the client said, whatever has become of the headers since.
 * @param {string[]} rawHeaders
 */
function rawLength (rawHeaders) {
  let length = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i].toLowerCase()
    if (name === 'transfer-encoding') return Infinity
    if (name === 'content-length') length = Number(rawHeaders[i + 1])
  }
  return length
}
