/** What happens unless something is done in time. One expectation at a time. */
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

  /** It has been done. */
  met () {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }
}
