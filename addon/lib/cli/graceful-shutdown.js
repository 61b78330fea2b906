/**
 * Stops a server without cutting responses off: the responses in progress are completed, and each
 * connection is closed after its last one. The handler closes the WebSockets.
 */

import { isHandshake } from '../http/upgrade-request.js'

/** @typedef {import('node:http').Server | import('node:http2').Http2SecureServer} Server */

/**
 * A GOAWAY for a client that opens no more streams on this connection. Those that it opens before
 * it has read that are served (RFC 9113, section 6.8).
 */
const NOTICE = { code: 0, lastStream: 2 ** 31 - 1 }

export class GracefulShutdown {
  /** @type {Set<any>} responses in progress */
  #open = new Set()

  /** @type {Set<import('node:http2').ServerHttp2Session>} */
  #sessions = new Set()

  /** @type {Set<any>} TLS sockets, except those that have become WebSockets */
  #sockets = new Set()

  /** @type {(() => void) | null} */
  #onEmpty = null

  /** Whether clients are to open new connections for further requests. */
  #isLeaving = false

  #draining = false

  /** @param {Server} server */
  constructor (server) {
    /** @type {any} */
    this.server = server
    for (const event of ['request', 'checkContinue']) {
      this.server.prependListener(event, (/** @type {any} */ _, /** @type {any} */ res) =>
        this.#onRequest(res))
    }
    // A server of node:http can close its idle connections itself, one of node:http2 cannot.
    this.server.on('secureConnection', this.#tracker(this.#sockets))
    this.server.on('session', this.#tracker(this.#sessions))
    this.server.prependListener('upgrade', (/** @type {any} */ req) => {
      if (isHandshake(req)) this.#sockets.delete(req.socket)
    })
  }

  /**
   * @param {Set<any>} set holds each item until it closes
   * @returns {(item: any) => void}
   */
  #tracker (set) {
    return (item) => {
      set.add(item)
      item.once('close', () => set.delete(item))
    }
  }

  /** @param {any} res */
  #onRequest (res) {
    if (this.#isLeaving) res.shouldKeepAlive = false
    this.#open.add(res)
    res.once('close', () => {
      this.#open.delete(res)
      if (this.#draining) this.#onClosed()
    })
  }

  #onClosed () {
    // The head of the response may have promised to keep the connection open.
    setImmediate(() => this.#closeIdle())
    if (this.#open.size === 0) this.#onEmpty?.()
  }

  #closeIdle () {
    this.server.closeIdleConnections?.()
    const busy = new Set([...this.#open].map((res) => res.socket))
    for (const socket of this.#sockets) {
      if (socket.alpnProtocol !== 'h2' && !busy.has(socket)) socket.destroy()
    }
  }

  /**
   * Asks clients to send further requests on new connections, which may lead to another server.
   * Connections are still accepted, and those that are open take requests.
   */
  announce () {
    this.#isLeaving = true
    for (const res of this.#open) {
      if (!res.headersSent) res.shouldKeepAlive = false
    }
    for (const session of this.#sessions) {
      if (!session.destroyed) session.goaway(NOTICE.code, NOTICE.lastStream)
    }
  }

  /** Accepts no more connections, and closes each open one after the response it waits for. */
  begin () {
    this.#draining = true
    if (!this.#isLeaving) this.announce()
    this.server.close()
    for (const session of this.#sessions) session.close()
    this.#closeIdle()
  }

  /**
   * Waits until the clients have received their responses, then closes every connection.
   * @param {number} timeout milliseconds
   */
  async end (timeout) {
    if (this.#open.size > 0) {
      await /** @type {Promise<void>} */ (new Promise((resolve) => {
        const timer = setTimeout(resolve, timeout)
        this.#onEmpty = () => {
          clearTimeout(timer)
          resolve()
        }
      }))
    }
    this.server.closeAllConnections?.()
    for (const session of this.#sessions) session.destroy()
    for (const socket of this.#sockets) socket.destroy()
  }
}
