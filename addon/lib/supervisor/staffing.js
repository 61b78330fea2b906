/**
 * Fills the slots of a generation: starts its fork server, gives each slot a worker, and another
 * one when it has ended. restart-policy.js says how soon. It also judges how the generation fares.
 */

import { resourceError } from '../errors.js'
import { optionName } from '../util/option-name.js'
import { RestartPolicy } from './restart-policy.js'
import { Slot } from './slot.js'

/** @typedef {import('./crew.js').Crew} Crew */
/** @typedef {import('./succession.js').Succession} Succession */
/** @typedef {import('../worker/worker.js').Worker} Worker */

/**
 * How the generation fares, reported when that changes.
 * @typedef {object} Outcome
 * @property {'running' | 'failed'} state running: at least one worker is ready, and each has had
 *   its first try; failed: no worker can be started, and the generation retries one from time to
 *   time
 * @property {Error[]} errors of the workers that could not start; when it has failed, the first
 *   says why
 */

export class Staffing {
  /** @type {RestartPolicy} */
  #serverPolicy

  /** @type {NodeJS.Timeout | null} until the fork server, or what has failed, is tried again */
  #retry = null

  /** The first start has had an outcome. */
  #settled = false
  #stopping = false

  /** A worker has been ready, so the application can be started. */
  #proven = false

  /** @type {Error | null} why no worker can be started */
  #failure = null

  /**
   * @param {Slot[]} slots
   * @param {Crew} crew
   * @param {Succession} succession
   * @param {(outcome: Outcome) => void} onOutcome
   */
  constructor (slots, crew, succession, onOutcome) {
    this.slots = slots
    this.crew = crew
    this.succession = succession
    this.onOutcome = onOutcome
    this.settings = crew.settings
    this.#serverPolicy = new RestartPolicy(this.settings.restart)
  }

  start () {
    this.#startServer(this.slots)
  }

  stop () {
    this.#stopping = true
    if (this.#retry !== null) clearTimeout(this.#retry)
    for (const slot of this.slots) slot.cancel()
  }

  // ---- what happens to the processes

  /** Workers can be forked. */
  serverReady () {
    for (const { worker } of this.slots) {
      if (worker !== null) this.crew.fork(worker)
    }
    if (this.slots.length === 0) this.#report(this.#judge())
  }

  /**
   * The fork server has ended, and its workers with it.
   * @param {Error} error
   * @param {number | null} startTime milliseconds; null: it never became ready
   */
  serverLost (error, startTime) {
    for (const slot of this.slots) slot.cancel()
    if (this.#settled && this.#failure === null) {
      this.#log(error)
      const delay = delayAfter(this.#serverPolicy, startTime)
      if (!this.#serverPolicy.isBroken) {
        return this.#retryAfter(delay, () => this.#startServer(this.slots))
      }
    }
    this.#report(this.#fail(error))
  }

  /** A worker is ready, and about to take requests. */
  prove () {
    this.#proven = true
  }

  /** @param {Slot} slot whose worker is ready */
  workerReady (slot) {
    const recovered = this.#failure === null ? null : this.#recover()
    this.#report(this.#settle(slot) ?? recovered)
  }

  /**
   * Takes a worker that has ended out of its slot, which gets another one.
   * @param {Worker} worker
   * @param {Error} error
   * @returns {Outcome | null}
   */
  vacate (worker, error) {
    if (this.#stopping) return null
    // What `ready` rejects with is not logged as well.
    if (this.#settled && this.#failure === null && !worker.endedAsTold) this.#log(error)
    const slot = this.slots.find((each) => each.has(worker))
    if (slot === undefined) return null
    if (worker === slot.successor) {
      slot.successor = null
      if (slot.worker !== null) this.succession.successorFailed(slot.worker, error)
      return null
    }
    slot.error = error
    slot.worker = slot.successor
    slot.successor = null
    if (slot.worker !== null) return null
    if (!slot.settled) return this.#settle(slot)
    return this.#replace(slot, worker.startTime)
  }

  /**
   * Retries the workers that could not start, unless the owner has stopped the generation because
   * of them.
   * @param {Outcome} outcome
   */
  retryFailed ({ state, errors }) {
    if (state === 'failed' || errors.length === 0 || this.#stopping) return
    for (const slot of this.slots) {
      if (slot.worker !== null) continue
      this.#log(/** @type {Error} */ (slot.error))
      this.#report(this.#replace(slot, null))
    }
  }

  // ---- more and fewer slots

  /** @param {number} count slots to add */
  add (count) {
    const slots = Array.from({ length: count }, () => this.#newSlot())
    this.slots.push(...slots)
    // Otherwise they are filled along with all others.
    if (this.#failure !== null || this.#retry !== null) return
    for (const slot of slots) this.#report(this.#refill(slot))
  }

  /** A slot has been taken away, so perhaps no other is being waited for. */
  reduced () {
    if (!this.#settled) this.#report(this.#judge())
  }

  // ---- filling the slots

  /** @param {Slot[]} slots those that get a worker */
  #startServer (slots) {
    this.#retry = null
    this.crew.start(() => {
      for (const slot of slots) slot.worker = this.crew.create()
    })
  }

  #newSlot () {
    const slot = new Slot(this.settings.restart)
    slot.settled = this.#settled && this.#proven
    return slot
  }

  /**
   * @param {Slot} slot
   * @param {number | null} startTime milliseconds that its worker took to become ready; null: it
   *   never was
   * @returns {Outcome | null}
   */
  #replace (slot, startTime) {
    // Without a fork server, the slot is filled along with all others when there is one again.
    if (!this.#settled || !this.crew.hasServer) return null
    const error = /** @type {Error} */ (slot.error)
    if (this.#failure !== null) return this.#retry === null ? this.#fail(error) : null
    const { policy } = slot
    const delay = delayAfter(policy, startTime)
    if (delay === 0) return this.#refill(slot)
    slot.restartAfter(delay, () => this.#report(this.#refill(slot)))
    if (policy.failures === this.settings.restart.limit + 1) {
      const { limit, max } = this.settings.restart
      this.settings.logger.error('[node-asgi] a worker could not start ' +
        `${policy.failures} times in a row, more than ${limit} (${optionName('restart.limit')}); ` +
        `from now on it is retried only every ${max} ms (${optionName('restart.max')})`)
    }
    const isHopeless = this.slots.every((each) => each.worker === null && each.policy.isBroken)
    return isHopeless ? this.#fail(error) : null
  }

  /**
   * @param {Slot} slot
   * @returns {Outcome | null}
   */
  #refill (slot) {
    if (!this.crew.hasServer) return null
    try {
      slot.worker = this.crew.create()
    } catch (error) {
      slot.error = resourceError(error)
      if (!slot.settled) return this.#settle(slot)
      if (this.#failure === null) this.#log(slot.error)
      return this.#replace(slot, null)
    }
    if (this.crew.canFork) this.crew.fork(slot.worker)
    return null
  }

  // ---- outcomes

  /** @param {Outcome | null} outcome */
  #report (outcome) {
    if (outcome === null) return
    this.onOutcome(outcome)
    this.retryFailed(outcome)
  }

  /** @param {Error & { stacks?: string | null }} error */
  #log ({ message, stacks }) {
    const where = stacks ? `. Its threads were here:\n${stacks}` : ''
    this.settings.logger.error(`[node-asgi] ${message}${where}`)
  }

  /**
   * The first start is judged when every worker has had its first try: what fails for one may work
   * for another, but what fails for all of them will fail the next time, too.
   * @param {Slot} slot that has had its first try
   * @returns {Outcome | null}
   */
  #settle (slot) {
    slot.settled = true
    return this.#judge()
  }

  /** @returns {Outcome | null} */
  #judge () {
    const isOver = this.#settled && this.#proven
    if (isOver || !this.slots.every((each) => each.settled)) return null
    const failed = this.slots.filter((each) => each.worker === null)
    const errors = failed.map((each) => /** @type {Error} */ (each.error))
    if (errors.length > 0 && failed.length === this.slots.length) return this.#fail(errors[0])
    this.#settled = true
    return { state: 'running', errors }
  }

  /**
   * No worker can be started. One is retried from time to time; the others follow when it is ready.
   * @param {Error} error
   * @returns {Outcome}
   */
  #fail (error) {
    this.#failure = error
    this.#settled = true
    for (const slot of this.slots) {
      slot.settled = true
      slot.cancel()
    }
    this.#retryAfter(this.#serverPolicy.slowly, () => {
      this.#retry = null
      if (this.slots.length === 0) this.slots.push(this.#newSlot())
      const [slot] = this.slots
      if (this.crew.hasServer) this.#report(this.#refill(slot))
      else this.#startServer([slot])
    })
    return { state: 'failed', errors: [error] }
  }

  /** @returns {Outcome} */
  #recover () {
    this.#failure = null
    this.#serverPolicy.reset()
    for (const slot of this.slots) slot.policy.reset()
    for (const slot of this.slots) {
      if (slot.worker === null) this.#report(this.#refill(slot))
    }
    return { state: 'running', errors: [] }
  }

  /**
   * @param {number} delay milliseconds
   * @param {() => void} action
   */
  #retryAfter (delay, action) {
    if (this.#retry !== null) clearTimeout(this.#retry)
    this.#retry = setTimeout(action, delay)
    // Waiting for a retry does not keep the process alive.
    if (delay > 0) this.#retry.unref()
  }
}

/**
 * @param {RestartPolicy} policy
 * @param {number | null} startTime milliseconds; null: the process never became ready
 * @returns {number} milliseconds to wait before the next start
 */
function delayAfter (policy, startTime) {
  return startTime === null ? policy.failed() : policy.ended(startTime, performance.now())
}
