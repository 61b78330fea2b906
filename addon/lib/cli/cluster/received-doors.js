/** Where the connections of a member come from: the primary hands them over. */

/** @typedef {import('node:net').Socket} Socket */

export class ReceivedDoors {
  #isOpen = true

  /** @param {import('node:net').Server | import('node:http2').Http2SecureServer} server */
  constructor (server) {
    this.server = server
  }

  /** The primary listens. */
  async open () { return [] }

  /**
   * @param {Socket | undefined} socket undefined: it was closed on its way
   * @returns {boolean} whether it has been taken
   */
  receive (socket) {
    if (socket === undefined) return true
    if (!this.#isOpen) {
      socket.destroy()
      return false
    }
    // By this, the parts of a server find each other (http/closing.js).
    Object.assign(socket, { server: this.server })
    this.server.emit('connection', socket)
    return true
  }

  close () {
    this.#isOpen = false
  }
}
