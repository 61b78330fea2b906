/**
 * When to replace a worker that ended: at once after the first failure, then with delays that
 * double from `min` to `max`. Half of each delay is random: many shall not come back in step.
 */
export class RestartPolicy {
  #failures = 0

  /**
   * @param {import('./options.js').Restart} settings
   * @param {() => number} [random] in [0, 1)
   */
  constructor (settings, random = Math.random) {
    this.settings = settings
    this.random = random
  }

  get failures () {
    return this.#failures
  }

  /**
   * @param {number} served milliseconds that it was ready; 0: it never was
   * @returns {number | null} milliseconds to wait; null: it failed too often, give up
   */
  failed (served) {
    const { min, max, window, limit } = this.settings
    if (served > window) this.#failures = 0
    this.#failures++
    if (this.#failures > limit) return null
    if (this.#failures === 1) return 0
    const delay = Math.min(max, min * 2 ** (this.#failures - 2))
    return delay / 2 + this.random() * delay / 2
  }
}
