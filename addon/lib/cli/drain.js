/**
 * Lets a server come to rest: the responses under way are completed, and each connection is closed
 * after its last one. WebSockets are closed by the handler.
 */

/** @typedef {import('node:http').Server | import('node:http2').Http2SecureServer} Server */

export class Drain {
  /** @type {Set<any>} responses */
  #open = new Set()

  /** @type {Set<import('node:http2').ServerHttp2Session>} */
  #sessions = new Set()

  /** @type {Set<any>} sockets, of which some belong to a session or a WebSocket */
  #sockets = new Set()

  /** @type {(() => void) | null} */
  #onEmpty = null

  #draining = false

  /** @param {Server} server */
  constructor (server) {
    /** @type {any} */
    this.server = server
    for (const event of ['request', 'checkContinue']) {
      this.server.prependListener(event, (/** @type {any} */ _, /** @type {any} */ res) =>
        this.#onRequest(res))
    }
    // node:http tells idle connections from others itself, node:http2 does not.
    this.server.on('secureConnection', (/** @type {any} */ socket) => this.#keep(this.#sockets, socket))
    this.server.on('session', (/** @type {any} */ session) => this.#keep(this.#sessions, session))
    this.server.on('upgrade', (/** @type {any} */ req) => this.#sockets.delete(req.socket))
  }

  /**
   * @param {Set<any>} set
   * @param {any} item
   */
  #keep (set, item) {
    set.add(item)
    item.once('close', () => set.delete(item))
  }

  /** @param {any} res */
  #onRequest (res) {
    if (this.#draining) res.shouldKeepAlive = false
    this.#open.add(res)
    res.once('close', () => {
      this.#open.delete(res)
      if (this.#draining) this.#onClosed()
    })
  }

  #onClosed () {
    // Its head may have promised to keep the connection.
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

  /** No new connections; those that are open end with the response that they wait for. */
  begin () {
    this.#draining = true
    for (const res of this.#open) {
      if (!res.headersSent) res.shouldKeepAlive = false
    }
    this.server.close()
    for (const session of this.#sessions) session.close()
    this.#closeIdle()
  }

  /**
   * Waits for the clients to take what is left of their responses, then cuts every connection.
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
