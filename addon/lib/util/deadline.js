/** The longest delay that setTimeout takes, in milliseconds. With a longer one it fires at once. */
export const MAX_TIMEOUT = 2 ** 31 - 1

/** Runs an action unless something is done in time. A new expectation replaces the one before. */
export class Deadline {
  /** @type {NodeJS.Timeout | null} */
  #timer = null

  /**
   * @param {number} delay milliseconds; at most MAX_TIMEOUT of them
   * @param {() => void} action
   */
  expect (delay, action) {
    this.met()
    this.#timer = setTimeout(action, Math.min(delay, MAX_TIMEOUT))
  }

  /** Done in time: the action does not run. */
  met () {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }
}
