/**
 * Turns at regular intervals while there is something to watch, and costs nothing otherwise. It
 * counts turns rather than reading the time, so a time in which this process stood still counts as
 * one turn.
 */
export class Clock {
  /** @type {NodeJS.Timeout | null} */
  #timer = null

  /** @type {() => boolean} */
  #onTurn

  /**
   * @param {number} turn milliseconds, at least 1
   * @param {() => boolean} onTurn false stops the clock
   * @param {boolean} [holds] whether it keeps the process alive while it turns
   */
  constructor (turn, onTurn, holds = false) {
    this.holds = holds
    this.turn = Math.max(1, turn)
    this.#onTurn = onTurn
  }

  start () {
    if (this.#timer !== null) return
    this.#timer = setInterval(() => { if (!this.#onTurn()) this.stop() }, this.turn)
    if (!this.holds) this.#timer.unref()
  }

  stop () {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
  }
}
