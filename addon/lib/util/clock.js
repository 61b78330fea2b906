/**
 * Ticks at regular intervals while there is something to watch, and costs nothing otherwise. Owners
 * count ticks instead of reading the time, so that a period in which this process was blocked
 * counts as one tick.
 */
export class Clock {
  /** @type {NodeJS.Timeout | null} */
  #timer = null

  /** @type {() => boolean} */
  #onTurn

  /**
   * @param {number} turn milliseconds between two ticks, at least 1
   * @param {() => boolean} onTurn called at each tick; false stops the clock
   * @param {boolean} [holds] whether it keeps the process alive while it ticks
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
