import { Deadline } from '../util/deadline.js'

/**
 * Detects a client that disappeared without closing: sends pings (RFC 6455, 5.5.2), and terminates
 * a connection that does not answer. The answers also show proxies that the connection is in use.
 */
export class KeepAlive {
  /** @type {NodeJS.Timeout | undefined} until the next ping */
  #next

  /** Until when the client has to answer. */
  #deadline = new Deadline(false)

  /**
   * @param {import('ws').WebSocket} client
   * @param {{ pingInterval: number, pingTimeout: number }} options in milliseconds; with an
   *   interval of 0 there are no pings
   */
  constructor (client, { pingInterval, pingTimeout }) {
    if (pingInterval === 0) return
    this.#next = setTimeout(() => {
      client.ping()
      this.#deadline.expect(pingTimeout, () => client.terminate())
    }, pingInterval)
    this.#next.unref()
    client.on('pong', () => {
      this.#deadline.met()
      this.#next?.refresh()
    })
  }

  stop () {
    clearTimeout(this.#next)
    this.#deadline.met()
    this.#next = undefined
  }
}
