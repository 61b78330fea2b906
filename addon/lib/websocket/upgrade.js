/**
 * Accepts the WebSockets of a server: checks the handshake first, then asks the application.
 */

import { isClosing, onClosing, onSessionClosing, serverOf } from '../http/closing.js'
import { endWhenAborted } from '../http/connection.js'
import { httpStatus } from '../http/error-status.js'
import { splitJoined } from '../message/headers.js'
import { askedUrl } from '../message/mount.js'
import { isAllowedOrigin } from '../http/hosts.js'
import { describe } from '../http/exchange.js'
import { countReset, watchSession } from '../http/http2-sessions.js'
import { http2Fields } from '../http/http2-fields.js'
import {
  afterResponses, handBack, isHandshake, lastResponse
} from '../http/upgrade-request.js'
import { encodeIncoming } from '../http/incoming-head.js'
import { withNodeData } from '../http/node-scope.js'
import { ws } from '../util/lazy.js'
import { WebSocketExchange } from './exchange.js'

/** @typedef {import('../http/incoming-head.js').Arrival} Arrival */

const EMPTY = Buffer.alloc(0)

const FORBIDDEN = 403
const UNAVAILABLE = 503

/** Milliseconds that a client has to complete the closing handshake. */
const CLOSE_TIMEOUT = 10_000

/** Headers of the 101 response that are up to the server. */
const OWN_HEADERS = new Set(['connection', 'upgrade', 'content-length', 'transfer-encoding'])

/** The only version (RFC 6455, 4.1). */
const VERSION = '13'

/**
 * @param {import('../pool/pool.js').Pool} pool
 * @param {import('../options.js').Settings} settings
 * @param {import('../http/closing.js').ClosingListener} closing
 */
export function createUpgrade (pool, settings, closing) {
  const { maxMessage, compression } = settings.websocket
  /** @type {WeakMap<object, Arrival>} */
  const arrivals = new WeakMap()
  /** @type {WeakMap<object, WebSocketExchange>} */
  const exchanges = new WeakMap()
  /** @type {import('ws').WebSocketServer | null} */
  let made = null

  function server () {
    made ??= makeServer()
    return made
  }

  function makeServer () {
    const server = new (ws().WebSocketServer)({
      noServer: true,
      clientTracking: false,
      maxPayload: maxMessage,
      // @ts-expect-error: the types do not know it yet
      closeTimeout: CLOSE_TIMEOUT,
      perMessageDeflate: compression,
      // ws calls this when the handshake is valid, and waits for the answer.
      verifyClient: ({ req }, verdict) => ask(req, req.socket, verdict, () => http1Response(req)),
      handleProtocols: (protocols, req) => exchanges.get(req)?.subprotocol || false
    })
    server.on('headers', (lines, req) => {
      const parts = splitJoined(exchanges.get(req)?.headers ?? '')
      for (let i = 0; i + 1 < parts.length; i += 2) {
        if (!OWN_HEADERS.has(parts[i])) lines.push(`${parts[i]}: ${parts[i + 1]}`)
      }
    })
    return server
  }

  /**
   * @param {any} req
   * @param {import('node:stream').Duplex} socket
   * @param {import('./exchange.js').Verdict} verdict
   * @param {() => any} respond makes the response to a handshake that is refused
   */
  function ask (req, socket, verdict, respond) {
    const httpServer = serverOf(req)
    if (httpServer !== undefined) {
      // A connection from before may still be open.
      if (isClosing(httpServer)) return verdict(false, UNAVAILABLE)
      onClosing(httpServer, closing)
      if (req.httpVersionMajor === 2) onSessionClosing(req, closing)
    }
    if (!isAllowedOrigin(req, settings)) return verdict(false, FORBIDDEN)
    const refuse = (/** @type {unknown} */ error) => {
      const status = httpStatus(error)
      if (status >= 500) {
        settings.logger.error(`[node-asgi] ${req.method} ${askedUrl(req)}: ${describe(error)}`)
      }
      verdict(false, status)
    }
    withNodeData(arrivals.get(req), req, (arrival) => {
      // No event will report that the client has gone meanwhile.
      if (hasEnded(socket)) return socket.destroy()
      let exchange
      try {
        const head = encodeIncoming(req, settings, arrival)
        exchange = new WebSocketExchange({ head, req, socket, verdict, respond }, settings)
      } catch (error) {
        return refuse(error)
      }
      exchanges.set(req, exchange)
      pool.submit(exchange)
    }, refuse)
  }

  return {
    /**
     * For HTTP/1.1. A request that is not a WebSocket handshake goes back to its server.
     * @param {any} req
     * @param {import('node:stream').Duplex} socket
     * @param {Buffer} head
     * @param {Arrival} [arrival]
     */
    upgrade (req, socket, head, arrival) {
      // No event will report that the client has gone already.
      if (hasEnded(socket)) {
        socket.destroy()
        return
      }
      if (!isHandshake(req)) {
        handBack(req, socket, head)
        return
      }
      // It may be one of several protocols that the client offers.
      req.headers.upgrade = 'websocket'
      if (arrival !== undefined) arrivals.set(req, arrival)
      afterResponses(socket, () => {
        server().handleUpgrade(req, socket, head, (client) => {
          /** @type {WebSocketExchange} */ (exchanges.get(req)).open(client)
        })
      })
    },

    /**
     * For HTTP/2 (RFC 8441): the stream is the socket, and there is no key to answer.
     * @param {any} req
     * @param {any} res
     * @param {Arrival} [arrival]
     */
    connect (req, res, arrival) {
      if (req.httpVersionMajor !== 2) return res.destroy() // CONNECT of HTTP/1 is for proxies
      const { stream } = res
      if (hasEnded(stream)) {
        stream.destroy()
        return
      }
      endWhenAborted(stream)
      const { session } = stream
      watchSession(session)
      const refuse = (/** @type {number} */ status) => {
        res.statusCode = status
        res.end()
      }
      if (req.headers[':protocol'] !== 'websocket') return refuse(501)
      if (req.headers['sec-websocket-version'] !== VERSION) return refuse(400)
      if (arrival !== undefined) arrivals.set(req, arrival)
      const onClose = () => countReset(session)
      stream.once('close', onClose)
      const verdict = (/** @type {boolean} */ accepted, status = 500) => {
        stream.off('close', onClose)
        if (!accepted) return refuse(status)
        const exchange = /** @type {WebSocketExchange} */ (exchanges.get(req))
        // WebSocketExchange.onAccept() notices that open() was not called.
        if (stream.destroyed || stream.closed) return
        stream.respond(http2Head(exchange))
        exchange.open(overStream(stream, server().options))
      }
      // The client may reset the stream in what has been read together with the request.
      setImmediate(() => {
        if (hasEnded(stream)) stream.destroy()
        else ask(req, stream, verdict, () => res)
      })
    }
  }
}

/** @param {import('node:stream').Duplex} socket */
function hasEnded (socket) {
  return socket.destroyed || socket.readableEnded
}

/** @param {any} req */
function http1Response (req) {
  const response = lastResponse(req)
  response.assignSocket(req.socket)
  return response
}

/** @param {WebSocketExchange} exchange */
function http2Head ({ headers, subprotocol }) {
  /** @type {Record<string, any>} */
  const head = http2Fields(splitJoined(headers))
  delete head['content-length']
  head[':status'] = 200
  if (subprotocol !== '') head['sec-websocket-protocol'] = subprotocol
  return head
}

/**
 * Makes a WebSocket of ws, as WebSocketServer does, on a stream whose handshake is complete. It has
 * the same limits: of a message, its fragments, the pieces that they arrive in, and of the answers
 * to pings that wait to be sent.
 * @param {import('node:http2').ServerHttp2Stream} stream
 * @param {any} options of the WebSocketServer
 * @returns {import('ws').WebSocket}
 */
function overStream (stream, options) {
  const WebSocket = /** @type {any} */ (ws().WebSocket)
  const client = new WebSocket(null, undefined, options)
  client.setSocket(stream, EMPTY, options)
  return client
}
