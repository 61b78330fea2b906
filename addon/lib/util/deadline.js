/** The longest delay that setTimeout takes, in milliseconds. With a longer one it fires at once. */
export const MAX_TIMEOUT = 2 ** 31 - 1

/**
 * Runs an action unless something is done in time. A new expectation replaces the one before. If
 * the event loop was blocked, what has arrived meanwhile is handled first: it was in time.
 */
export class Deadline {
  /** @type {NodeJS.Timeout | null} */
  #timer = null

  /** @type {NodeJS.Immediate | null} */
  #lastLook = null

  /** @param {boolean} [holds] whether it keeps the process alive */
  constructor (holds = true) {
    this.holds = holds
  }

  /**
   * @param {number} delay milliseconds; at most MAX_TIMEOUT of them
   * @param {() => void} action
   */
  expect (delay, action) {
    this.met()
    // Timers come before what has arrived, and an immediate after it.
    this.#timer = setTimeout(() => { this.#lastLook = setImmediate(action) },
      Math.min(delay, MAX_TIMEOUT))
    if (!this.holds) this.#timer.unref()
  }

  /** Done in time: the action does not run. */
  met () {
    if (this.#timer !== null) clearTimeout(this.#timer)
    if (this.#lastLook !== null) clearImmediate(this.#lastLook)
    this.#timer = this.#lastLook = null
  }
}
