/**
 * Detects a client that disappeared without closing: sends pings (RFC 6455, 5.5.2), and terminates
 * a connection that does not answer. The answers also show proxies that the connection is in use.
 */
export class KeepAlive {
  /** @type {NodeJS.Timeout | undefined} until the next ping */
  #next

  /** @type {NodeJS.Timeout | undefined} until the client is considered gone */
  #limit

  /**
   * @param {import('ws').WebSocket} client
   * @param {{ pingInterval: number, pingTimeout: number }} options in milliseconds; with an
   *   interval of 0 there are no pings
   */
  constructor (client, { pingInterval, pingTimeout }) {
    if (pingInterval === 0) return
    this.#next = setTimeout(() => {
      client.ping()
      this.#limit ??= setTimeout(() => client.terminate(), pingTimeout)
      this.#limit.unref()
    }, pingInterval)
    this.#next.unref()
    client.on('pong', () => {
      clearTimeout(this.#limit)
      this.#limit = undefined
      this.#next?.refresh()
    })
  }

  stop () {
    clearTimeout(this.#next)
    clearTimeout(this.#limit)
    this.#next = this.#limit = undefined
  }
}
