/**
 * Lets an HTTP server come to rest: the responses under way are completed, and each connection is
 * closed after its last one.
 */

/** @typedef {import('node:http').ServerResponse} ServerResponse */

export class Drain {
  /** @type {Set<ServerResponse>} */
  #open = new Set()

  /** @type {(() => void) | null} */
  #onEmpty = null

  #draining = false

  /** @param {import('node:http').Server} server */
  constructor (server) {
    this.server = server
    server.prependListener('request', (req, res) => this.#onRequest(res))
  }

  /** @param {ServerResponse} res */
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
    setImmediate(() => this.server.closeIdleConnections())
    if (this.#open.size === 0) this.#onEmpty?.()
  }

  /** No new connections; those that are open end with the response that they wait for. */
  begin () {
    this.#draining = true
    for (const res of this.#open) {
      if (!res.headersSent) res.shouldKeepAlive = false
    }
    this.server.close()
    this.server.closeIdleConnections()
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
    this.server.closeAllConnections()
  }
}
