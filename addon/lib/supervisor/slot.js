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

  /** What its worker has to do; -1: it has none that is ready. */
  get use () {
    const { worker, successor } = this
    if (worker === null || worker.readyAt === 0) return -1
    return worker.inFlight + (successor === null ? 0 : 1)
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

/**
 * @param {Slot[]} slots
 * @returns {Slot | undefined} the slot whose worker has the least to do, and the newest of several
 */
export function leastUseful (slots) {
  let least = slots.at(0)
  for (const slot of slots) if (slot.use <= /** @type {Slot} */ (least).use) least = slot
  return least
}
