/** Runs an action unless something is done in time. A new expectation replaces the one before. */
export class Deadline {
  /** @type {NodeJS.Timeout | null} */
  #timer = null

  /**
   * @param {number} delay milliseconds
   * @param {() => void} action
   */
  expect (delay, action) {
    this.met()
    this.#timer = setTimeout(action, delay)
  }

  /** Done in time: the action does not run. */
  met () {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }
}
