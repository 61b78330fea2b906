import { RestartPolicy } from './restart-policy.js'

/** @typedef {import('../worker/worker.js').Worker} Worker */

/** The place of one worker in its generation. Processes come and go in it. */
export class Slot {
  /** @type {NodeJS.Timeout | null} */
  #restart = null

  /** @param {import('../options.js').Restart} settings */
  constructor (settings) {
    this.policy = new RestartPolicy(settings)
    /** @type {Worker | null} */
    this.worker = null
    /** @type {Worker | null} is being started, and takes the worker's place when it is ready */
    this.successor = null
    /** @type {Error | null} the last failure */
    this.error = null
    /** Its first start has succeeded or failed. */
    this.settled = false
  }

  /** @param {Worker} worker */
  has (worker) {
    return this.worker === worker || this.successor === worker
  }

  /**
   * Waiting for a restart does not keep the process alive.
   * @param {number} delay milliseconds
   * @param {() => void} action
   */
  restartAfter (delay, action) {
    this.cancel()
    this.#restart = setTimeout(action, delay)
    this.#restart.unref()
  }

  /** Cancels the restart. */
  cancel () {
    if (this.#restart !== null) clearTimeout(this.#restart)
    this.#restart = null
  }
}
