/**
 * Decides when an endpoint is used: a circuit breaker. It only decides; the endpoint tells it what
 * has happened, and at what time.
 *
 *     new ──► up ──► out ──► trial ──► up
 *      └──────────────▲        └─────► out
 *
 * - `new`: nobody knows yet whether it answers.
 * - `up`: it gets requests.
 * - `out`: it has failed, and gets none for a time that doubles with each failure in a row.
 * - `trial`: it can be reached again, after requests had failed in it. It gets one of them.
 */

/** @typedef {'new' | 'up' | 'out' | 'trial'} CircuitState */

/** @typedef {import('../option-remote.js').Ejection} Ejection */

export class Circuit {
  /** @type {CircuitState} */
  #state = 'new'

  /** Failures since the last success. */
  #failures = 0

  /** Times out since it last served for `max` without one. */
  #ejections = 0

  #upSince = 0

  /** Whether it was out because it could not be reached, so that reaching it is proof enough. */
  #unreachable = false

  /** @param {Ejection} ejection */
  constructor (ejection) {
    this.ejection = ejection
  }

  get state () { return this.#state }

  get failures () { return this.#failures }

  /** Milliseconds that it is out for. */
  get delay () {
    const { min, max } = this.ejection
    return Math.min(max, min * 2 ** Math.min(this.#ejections - 1, 30))
  }

  /**
   * It refuses connections, or says itself that it is not well. Nothing is lost by leaving it out.
   * @returns {boolean} whether it is out because of that, for `delay`
   */
  refused () {
    // It has been noticed already.
    if (this.#state === 'out') return false
    this.#unreachable = true
    return this.#eject()
  }

  /** The same, when it was out. */
  stillOut () {
    this.#unreachable = true
    this.#state = 'new'
    this.#eject()
  }

  /**
   * A request has failed in it.
   * @param {boolean} isLast no other endpoint takes requests, so leaving this one out helps nobody
   * @returns {boolean} whether it is out because of that, for `delay`
   */
  failed (isLast) {
    if (this.#state === 'out') return false
    this.#failures++
    const isTooMuch = this.#state === 'trial' || this.#failures >= this.ejection.failures
    if (!isTooMuch || isLast) return false
    this.#unreachable = false
    return this.#eject()
  }

  #eject () {
    this.#state = 'out'
    this.#ejections++
    return true
  }

  /**
   * It could be reached.
   * @param {number} now milliseconds
   */
  reached (now) {
    if (this.#state === 'new' || (this.#state === 'out' && this.#unreachable)) this.#rise(now)
    else if (this.#state === 'out') this.#state = 'trial'
  }

  /**
   * It has answered a request.
   * @param {number} now milliseconds
   * @returns {boolean} whether it has passed its trial
   */
  succeeded (now) {
    this.#failures = 0
    if (this.#state === 'trial' || this.#state === 'new') {
      this.#rise(now)
      return true
    }
    if (this.#state === 'up' && now - this.#upSince >= this.ejection.max) this.#ejections = 0
    return false
  }

  /** @param {number} now */
  #rise (now) {
    this.#state = 'up'
    this.#failures = 0
    this.#upSince = now
  }
}
