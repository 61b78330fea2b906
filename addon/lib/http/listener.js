/**
 * Serves the application through node:http, https and the compatibility API of http2.
 */

import { bodyTooLargeError } from '../errors.js'
import { onClosing, onSessionClosing } from './closing.js'
import { connectionOf, endWhenAborted, hasGone } from './connection.js'
import { httpStatus } from './error-status.js'
import { HttpExchange, describe } from './exchange.js'
import { currentHeaders } from './changed-headers.js'
import { watchSession } from './http2-sessions.js'
import { incomingBody, incomingLength } from './incoming-body.js'
import { KeptBody, MAX_KEPT } from './kept-body.js'
import { PassingExchange, withStatus } from './passing-exchange.js'
import { encodeIncoming } from './incoming-head.js'
import { withNodeData } from './node-scope.js'
import { push } from './push.js'
import { answerError } from './response-writer.js'
import { askedUrl } from '../message/mount.js'
import { Uploads } from './uploads.js'

/**
 * @param {import('../pool/pool.js').Pool} pool
 * @param {{ chunk: number }} limits
 * @param {import('../options.js').Settings} settings
 * @param {import('./closing.js').ClosingListener} closing
 * @returns {(req: any, res: any, arrival?: import('./incoming-head.js').Arrival) => void}
 */
export function createListener (pool, limits, settings, closing) {
  const { logger, maxBody } = settings
  const uploads = new Uploads(pool, limits.chunk, settings)

  /**
   * Answers a request that does not get to the application.
   * @param {any} req
   * @param {any} res
   * @param {any} error
   * @param {import('./passing-exchange.js').Pass} [pass]
   */
  function refuse (req, res, error, pass) {
    if (pass?.errors) return pass.next(withStatus(error))
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
    const length = incomingLength(req, headers)
    const declared = declaredLength(req, length)
    /** @type {HttpExchange} */
    let exchange
    /** @type {import('../stream/request-body.js').Body} */
    let body
    try {
      if (declared > maxBody && declared !== Infinity) throw bodyTooLargeError(maxBody)
      if (length !== 0) body = incomingBody(req)
      const head = encodeIncoming(req, settings, arrival, headers)
      exchange = arrival?.pass === undefined
        ? new HttpExchange(head, req, res, logger, maxBody)
        : passing(head, req, res, arrival.pass, body, declared)
    } catch (error) {
      refuse(req, res, error, arrival?.pass)
      return
    }
    if (req.httpVersionMajor === 2 && req.stream.pushAllowed) {
      exchange.push = (path, headers) => push(res, path, headers, (pushed, response) =>
        listen(pushed, response, { ...arrival, keepsBody: false, pass: undefined }))
    }
    exchange.keepsBody = arrival?.keepsBody === true
    const connection = connectionOf(req)
    if (req.httpVersionMajor === 2) {
      // A request that was promised (push.js) has no stream of its own.
      endWhenAborted(res.stream)
      onSessionClosing(req, closing)
      watchSession(exchange.session = req.stream.session)
      // The client may reset the stream in what has been read together with the request.
      setImmediate(begin, uploads, exchange, body, declared)
      return
    }
    if (connection === null) return uploads.begin(exchange, body, length)
    connection.last = res
    if (connection.closing !== closing) {
      connection.closing = closing
      onClosing(connection.socket.server, closing)
    }
    if (res.socket !== null) uploads.begin(exchange, body, length)
    else connection.wait(res, () => uploads.begin(exchange, body, length))
  }

  /**
   * @param {string} head
   * @param {any} req
   * @param {any} res
   * @param {import('./passing-exchange.js').Pass} pass
   * @param {import('../stream/request-body.js').Body} body
   * @param {number} length of the body in bytes; Infinity: unknown
   */
  function passing (head, req, res, pass, body, length) {
    const exchange = new PassingExchange(head, req, res, logger, maxBody, pass)
    if (!pass.notFound || body !== req) return exchange
    // Over HTTP/2, nothing but the length tells where the body ends before it has been read.
    const isKept = length <= MAX_KEPT || (length === Infinity && req.httpVersionMajor === 1)
    if (isKept) exchange.kept = new KeptBody(req, length)
    else exchange.takesBody = true
    return exchange
  }

  return (req, res, arrival) => withNodeData(arrival, req,
    (known) => listen(req, res, known), (error) => refuse(req, res, error, arrival?.pass))
}

/**
 * @param {Uploads} uploads
 * @param {HttpExchange} exchange
 * @param {import('../stream/request-body.js').Body} body
 * @param {number} length
 */
function begin (uploads, exchange, body, length) {
  uploads.begin(exchange, body, length)
}

/**
 * @param {any} req
 * @param {number} length see incomingLength
 * @returns {number} of HTTP/2 too, where nghttp2 refuses a body of another length
 */
function declaredLength (req, length) {
  if (length !== Infinity || req.httpVersionMajor === 1) return length
  const declared = req.headers['content-length']
  return declared === undefined ? Infinity : Number(declared)
}
