import { RestartPolicy } from './restart-policy.js'

/** @typedef {import('../worker/worker.js').Worker} Worker */

/** The place of one worker in its generation, whichever process fills it. */
export class Slot {
  /** @type {NodeJS.Timeout | null} */
  #restart = null

  /** @param {import('../options.js').Restart} settings */
  constructor (settings) {
    this.policy = new RestartPolicy(settings)
    /** @type {Worker | null} */
    this.worker = null
    /** @type {Worker | null} starts beside the worker and takes its place when it is ready */
    this.successor = null
    /** @type {Error | null} of its last failure */
    this.error = null
    /** Its first start has had an outcome. */
    this.settled = false
  }

  /** @param {Worker} worker */
  has (worker) {
    return this.worker === worker || this.successor === worker
  }

  /**
   * A restart that is only waited for does not keep the process alive.
   * @param {number} delay milliseconds
   * @param {() => void} action
   */
  restartAfter (delay, action) {
    this.cancel()
    this.#restart = setTimeout(action, delay)
    this.#restart.unref()
  }

  /** Nothing is going to happen by itself any more. */
  cancel () {
    if (this.#restart !== null) clearTimeout(this.#restart)
    this.#restart = null
  }
}
