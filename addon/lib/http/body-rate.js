/**
 * Ends requests whose clients send their bodies too slowly. Time counts only while a client could
 * send: not while the application does not read, and not while a response is being sent, because
 * then the application decides how long it waits for more.
 */

import { slowBodyError } from '../errors.js'
import { Clock } from '../util/clock.js'

/** @typedef {import('./exchange.js').HttpExchange} HttpExchange */

/** Milliseconds. */
const TURN = 1000

/** Milliseconds that a client may send nothing at first, for example because a packet was lost. */
const GRACE = 10_000

/** Milliseconds that a client may send nothing later, if it was fast before. */
const LONGEST = 60_000

/** @typedef {{ bytes: number, time: number }} Account what has arrived, and the time left */

export class BodyRate {
  /** @type {Map<HttpExchange, Account>} */
  #accounts = new Map()

  #clock = new Clock(TURN, () => this.#turn())

  /** @param {number} rate bytes a second; 0: any */
  constructor (rate) {
    this.rate = rate
  }

  /** @param {HttpExchange} exchange whose body is arriving */
  watch (exchange) {
    if (this.rate === 0) return
    this.#accounts.set(exchange, { bytes: 0, time: GRACE })
    this.#clock.start()
  }

  #turn () {
    for (const [exchange, account] of this.#accounts) {
      const { req } = exchange
      if (req.complete || req.destroyed || req.readableEnded) this.#accounts.delete(exchange)
      else if (exchange.awaitsBody) this.#charge(exchange, account)
    }
    return this.#accounts.size > 0
  }

  /**
   * @param {HttpExchange} exchange
   * @param {Account} account
   */
  #charge (exchange, account) {
    const arrived = exchange.bodyBytes - account.bytes
    account.bytes = exchange.bodyBytes
    account.time = Math.min(LONGEST, account.time + arrived / this.rate * 1000 - TURN)
    if (account.time >= 0) return
    this.#accounts.delete(exchange)
    exchange.giveUp(slowBodyError(this.rate))
  }
}
