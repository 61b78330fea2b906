/** The longest delay that setTimeout takes, in milliseconds; it fires at once for a longer one. */
export const MAX_TIMEOUT = 2 ** 31 - 1

/** What happens unless something else happens in time. One expectation at a time. */
export class Deadline {
  /** @type {NodeJS.Timeout | null} */
  #timer = null

  /**
   * @param {number} delay milliseconds; a longer one than setTimeout takes is cut short
   * @param {() => void} action
   */
  expect (delay, action) {
    this.met()
    this.#timer = setTimeout(action, Math.min(delay, MAX_TIMEOUT))
  }

  /** It has happened in time. */
  met () {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }
}
