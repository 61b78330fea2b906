/**
 * Decides when to start a process again: the worker of one slot, or the fork server. Pure: the
 * caller gives the times.
 *
 * - A start that failed is repeated at once the first time, then after delays that double from
 *   `min` to `max`, and after `limit` failures in a row only every `max`. Half of each delay is
 *   random, so that many workers do not come back at the same moment.
 * - A process that had become ready is replaced at once, however often it ends. Only the time that
 *   its starts take is limited: over a `window`, to half of it. A process that ends as soon as it
 *   is ready is therefore started again after as long as its start took.
 */
export class RestartPolicy {
  #failures = 0

  /** Milliseconds of starting that have not been made up for by milliseconds of other time. */
  #debt = 0

  #lastEnd = 0

  /**
   * @param {import('../options.js').Restart} settings
   * @param {() => number} [random] in [0, 1)
   */
  constructor (settings, random = Math.random) {
    this.settings = settings
    this.random = random
  }

  /** Starts that have failed in a row. */
  get failures () {
    return this.#failures
  }

  /** Whether starts have failed so often that another try is unlikely to help. */
  get isBroken () {
    return this.#failures > this.settings.limit
  }

  /** The longest delay, less a random part, in milliseconds. */
  get slowly () {
    return this.#jittered(this.settings.max)
  }

  /**
   * A start has failed: the process never became ready.
   * @returns {number} milliseconds to wait before the next one
   */
  failed () {
    const { min, max } = this.settings
    this.#failures++
    if (this.isBroken) return this.slowly
    if (this.#failures === 1) return 0
    return this.#jittered(Math.min(max, min * 2 ** (this.#failures - 2)))
  }

  /**
   * A process that had become ready has ended.
   * @param {number} started milliseconds that its start took
   * @param {number} now milliseconds on any clock
   * @returns {number} milliseconds to wait before the next one
   */
  ended (started, now) {
    this.#failures = 0
    const allowed = this.settings.window / 2
    this.#debt = Math.max(0, this.#debt - (now - this.#lastEnd) / 2) + started
    this.#lastEnd = now
    return Math.max(0, this.#debt - allowed) * 2
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
