/**
 * Takes the upgrade requests of a server: the handshake is checked first, then the application is
 * asked.
 */

import { WebSocketServer } from 'ws'

import { httpStatus } from './errors.js'
import { encodeIncoming } from './http-head.js'
import { WebSocketExchange } from './websocket-exchange.js'

/**
 * @param {import('./pool.js').Pool} pool
 * @param {import('./options.js').Settings} settings
 * @returns {(req: any, socket: import('node:stream').Duplex, head: Buffer) => void}
 */
export function createUpgrade (pool, settings) {
  const { maxMessage, compression } = settings.websocket
  /** @type {WeakMap<object, WebSocketExchange>} */
  const exchanges = new WeakMap()
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: maxMessage,
    perMessageDeflate: compression,
    // ws calls this when the handshake is found to be right, and waits for the answer.
    verifyClient: ({ req }, verdict) => ask(req, verdict),
    handleProtocols: (protocols, req) => exchanges.get(req)?.subprotocol || false
  })
  server.on('headers', (lines, req) => {
    const parts = exchanges.get(req)?.headers.split('\0') ?? []
    for (let i = 0; i + 1 < parts.length; i += 2) lines.push(`${parts[i]}: ${parts[i + 1]}`)
  })

  /**
   * @param {import('node:http').IncomingMessage} req
   * @param {import('./websocket-exchange.js').Verdict} verdict
   */
  function ask (req, verdict) {
    let exchange
    try {
      exchange = new WebSocketExchange(encodeIncoming(req), req, req.socket, verdict, settings)
    } catch (error) {
      verdict(false, httpStatus(error))
      return
    }
    exchanges.set(req, exchange)
    pool.submit(exchange)
  }

  return (req, socket, head) => {
    server.handleUpgrade(req, socket, head, (client) => {
      /** @type {WebSocketExchange} */ (exchanges.get(req)).open(client)
    })
  }
}
