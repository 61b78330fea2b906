/**
 * Hands the connections that clients open to the members, to one after the other. A member that
 * has not taken its last one yet gets no other, so a busy one gets fewer. Members whose workers
 * are ready come first; while none is, the others get the connections, whose requests then wait
 * there, or are told why they cannot be answered.
 *
 * The primary keeps each connection until its member has taken it. If the member ends before, the
 * next one gets it.
 */

import { createServer } from 'node:net'

/** @typedef {import('node:net').Socket} Socket */

/**
 * A member, as far as it matters here.
 * @typedef {object} Taker
 * @property {boolean} isReady its workers are
 * @property {boolean} isOpen it takes connections
 * @property {(socket: Socket) => Promise<boolean>} take whether it has done so; if not, it is not
 *   open any more
 */

export class Distributor {
  /** @type {Socket[]} the oldest first */
  #waiting = []

  /** @type {Set<Taker>} those that have not yet taken their last connection */
  #busy = new Set()

  /** @type {import('node:net').Server[]} */
  #doors = []

  /** @type {() => void} */
  #onEmpty = () => {}

  #next = 0

  /**
   * @param {Taker[]} takers
   * @param {number} limit connections of one door that may wait here
   */
  constructor (takers, limit) {
    this.takers = takers
    this.limit = limit
  }

  /** @returns {import('node:net').Server} which has to be made to listen */
  createDoor () {
    const server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => {
      socket.on('error', () => {}) // whoever takes it will see it
      // Otherwise Node keeps lists of the sockets that each process has.
      Object.assign(socket, { server: undefined })
      this.#waiting.push(socket)
      this.distribute()
    })
    server.maxConnections = this.limit
    this.#doors.push(server)
    return server
  }

  /** Hands on what waits. Call it when a member has become ready. */
  distribute () {
    while (this.#waiting.length > 0) {
      const taker = this.#choose()
      if (taker === undefined) return
      this.#hand(taker, /** @type {Socket} */ (this.#waiting.shift()))
    }
    if (this.#busy.size === 0) this.#onEmpty()
  }

  /**
   * @param {Taker} taker
   * @param {Socket} socket
   */
  async #hand (taker, socket) {
    this.#busy.add(taker)
    const isTaken = await taker.take(socket)
    this.#busy.delete(taker)
    if (isTaken) socket.destroy() // the member has it open
    else this.#waiting.unshift(socket)
    this.distribute()
  }

  /** @returns {Taker | undefined} undefined: nobody can take a connection now */
  #choose () {
    const open = this.takers.filter(({ isOpen }) => isOpen)
    const ready = open.filter(({ isReady }) => isReady)
    const free = (ready.length > 0 ? ready : open).filter((taker) => !this.#busy.has(taker))
    return free[this.#next++ % free.length]
  }

  /** Accepts no more connections. */
  closeDoors () {
    for (const door of this.#doors) if (door.listening) door.close()
  }

  /**
   * Waits until the members have all that has been accepted, and drops the rest.
   * @param {number} timeout milliseconds
   */
  async finish (timeout) {
    if (this.#waiting.length > 0 || this.#busy.size > 0) {
      await /** @type {Promise<void>} */ (new Promise((resolve) => {
        const timer = setTimeout(resolve, timeout)
        this.#onEmpty = () => {
          clearTimeout(timer)
          resolve()
        }
      }))
    }
    for (const socket of this.#waiting.splice(0)) socket.destroy()
  }
}
