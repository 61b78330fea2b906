import { RestartPolicy } from './restart-policy.js'

/** The place of one worker in the pool, whichever process fills it. */
export class Slot {
  /** @type {NodeJS.Timeout | null} */
  #deadline = null

  /** @type {NodeJS.Timeout | null} */
  #restart = null

  /** @param {import('./options.js').Restart} settings */
  constructor (settings) {
    this.policy = new RestartPolicy(settings)
    /** @type {import('./worker.js').Worker | null} */
    this.worker = null
    /** @type {Error | null} of its last failure */
    this.error = null
    /** Its first start has had an outcome. */
    this.settled = false
  }

  /** It failed too often to be filled again. */
  get isGivenUp () {
    return this.policy.failures > this.policy.settings.limit
  }

  /**
   * What happens unless the worker does its part in time. There is one deadline at a time.
   * @param {number} delay milliseconds
   * @param {() => void} action
   */
  expect (delay, action) {
    this.met()
    this.#deadline = setTimeout(action, delay)
  }

  /** The worker has done its part. */
  met () {
    if (this.#deadline !== null) clearTimeout(this.#deadline)
    this.#deadline = null
  }

  /**
   * A restart that is only waited for does not keep the process alive.
   * @param {number} delay milliseconds
   * @param {() => void} action
   */
  restartAfter (delay, action) {
    this.#restart = setTimeout(action, delay)
    this.#restart.unref()
  }

  /** Nothing is going to happen by itself any more. */
  cancel () {
    this.met()
    if (this.#restart !== null) clearTimeout(this.#restart)
    this.#restart = null
  }
}
