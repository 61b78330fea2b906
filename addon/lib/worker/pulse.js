/** Pings the event loop of a worker and keeps what its answers tell. */
export class Pulse {
  #pingedAt = 0
  #waits = false
  #missed = 0
  #lag = 0

  /** @param {() => void} ping */
  constructor (ping) {
    this.ping = ping
  }

  /** Whether the last ping has not been answered yet. */
  get waits () { return this.#waits }

  /** Milliseconds from the last answered ping to its answer: how late the event loop is. */
  get lag () { return this.#lag }

  /**
   * Pings, or counts one more call without an answer to the last ping.
   * @returns {number} calls for which the answer has been missing
   */
  probe () {
    if (this.#waits) return ++this.#missed
    this.#send(performance.now())
    return 0
  }

  /**
   * Pings, unless the last ping has not been answered.
   * @param {number} now performance.now()
   * @returns {number} milliseconds that the last answer was late, or has been missing
   */
  feel (now) {
    if (this.#waits) return Math.max(this.#lag, now - this.#pingedAt)
    this.#send(now)
    return this.#lag
  }

  /** @param {number} now performance.now() */
  #send (now) {
    this.#waits = true
    this.#missed = 0
    this.#pingedAt = now
    this.ping()
  }

  /** @param {number} now performance.now() when the answer arrived */
  answered (now) {
    this.#waits = false
    this.#lag = now - this.#pingedAt
  }
}
