/**
 * Decides when to replace a worker that has ended: at once after the first failure, then with delays
 * that double from `min` to `max`, and after `limit` failures in a row only every `max`. Half of each
 * delay is random, so that many workers do not come back at the same moment.
 */
export class RestartPolicy {
  #failures = 0

  /**
   * @param {import('../options.js').Restart} settings
   * @param {() => number} [random] in [0, 1)
   */
  constructor (settings, random = Math.random) {
    this.settings = settings
    this.random = random
  }

  get failures () {
    return this.#failures
  }

  /** Whether it has failed so often that another try is unlikely to help. */
  get isBroken () {
    return this.#failures > this.settings.limit
  }

  /** The longest delay, in milliseconds. */
  get slowly () {
    return this.#jittered(this.settings.max)
  }

  /**
   * @param {number} served milliseconds that the worker was ready; 0 if it never was
   * @returns {number} milliseconds to wait
   */
  failed (served) {
    const { min, max, window } = this.settings
    if (served > window) this.#failures = 0
    this.#failures++
    if (this.isBroken) return this.slowly
    if (this.#failures === 1) return 0
    return this.#jittered(Math.min(max, min * 2 ** (this.#failures - 2)))
  }

  /** Forgets all failures. */
  reset () {
    this.#failures = 0
  }

  /** @param {number} delay */
  #jittered (delay) {
    return delay / 2 + this.random() * delay / 2
  }
}
