/**
 * Makes one server listen on several addresses. Node's servers listen on one, so each further
 * address gets a server of its own, which hands its connections over.
 */

import { createServer } from 'node:net'

import { listen } from './listen.js'

/** @typedef {import('node:net').Server} Server */
/** @typedef {import('./address.js').Address} Address */

export class Doors {
  /** @type {Server[]} */
  #others = []

  /** @param {Server} server of node:http or node:http2 */
  constructor (server) {
    this.server = server
  }

  /**
   * @param {Address[]} addresses at least one
   * @param {import('./listen.js').ListenOptions} options
   * @returns {Promise<string[]>} a URL, or unix:path, for each
   * @throws {import('./listen.js').ListenError} one of them cannot be listened on
   */
  async open ([first, ...more], options) {
    const places = [await listen(this.server, first, options)]
    for (const address of more) {
      const door = createServer({ noDelay: true }, (socket) => this.#pass(socket))
      this.#others.push(door)
      places.push(await listen(door, address, options))
    }
    return places
  }

  /** @param {import('node:net').Socket} socket */
  #pass (socket) {
    // By this, the parts of a server find each other (http/closing.js).
    Object.assign(socket, { server: this.server })
    this.server.emit('connection', socket)
  }

  /** Accepts no more connections. Those of the server itself are closed with it. */
  close () {
    for (const door of this.#others) {
      if (door.listening) door.close()
    }
  }
}
