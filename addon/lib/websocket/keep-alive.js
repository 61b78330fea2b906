/**
 * Notices a client that has gone without a word: a ping now and then, and an end to a socket that
 * does not answer (RFC 6455, 5.5.2). Any answer tells proxies in between that it is in use, too.
 */
export class KeepAlive {
  /** @type {NodeJS.Timeout | undefined} until the next ping */
  #next

  /** @type {NodeJS.Timeout | undefined} until the client counts as gone */
  #limit

  /**
   * @param {import('ws').WebSocket} client
   * @param {{ pingInterval: number, pingTimeout: number }} options milliseconds; an interval of 0:
   *   no pings
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
