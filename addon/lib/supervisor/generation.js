/**
 * One start of the application: as many workers as its owner wants, each replaced when it ends or
 * has served long enough, until the generation is stopped. A reload starts a second generation next
 * to the first (supervisor.js).
 */

import { resourceError } from '../errors.js'
import { optionName } from '../util/option-name.js'
import { Crew } from './crew.js'
import { retirementPlan } from './drain-plan.js'
import { RestartPolicy } from './restart-policy.js'
import { Slot, leastUseful } from './slot.js'
import { Succession } from './succession.js'

/** @typedef {import('./crew.js').CrewOwner} CrewOwner */
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

/**
 * What the owner of a generation implements.
 * @typedef {object} GenerationOwner
 * @property {(generation: Generation) => void} onWorkerReady
 * @property {(generation: Generation, outcome: Outcome) => void} onOutcome
 * @property {(generation: Generation, worker: Worker, error: Error | null,
 *   outcome: Outcome | null) => void} onWorkerEnd a worker has ended and has been replaced, if it
 *   is to be; error: null if it was told to end; outcome: what that means for the generation, if
 *   anything
 */

/** @implements {CrewOwner} */
export class Generation {
  /** @type {Slot[]} */
  #slots

  /** @type {Crew} */
  #crew

  /** @type {Succession} */
  #succession

  /** @type {RestartPolicy} */
  #serverPolicy

  /** @type {NodeJS.Timeout | null} until the fork server, or what has failed, is tried again */
  #retry = null

  /** The first start has had an outcome. */
  #settled = false
  #stopping = false

  /** Its workers take requests. */
  #live = false

  /** A worker has been ready, so the application can be started. */
  #proven = false

  /** @type {Error | null} why no worker can be started */
  #failure = null

  /**
   * @param {number} number from 1
   * @param {import('./crew.js').Parts} parts
   * @param {GenerationOwner} owner
   * @param {number} size workers that there should be at first
   */
  constructor (number, parts, owner, size) {
    const { restart } = parts.settings
    this.number = number
    this.pool = parts.pool
    this.settings = parts.settings
    this.owner = owner
    this.#crew = new Crew(parts, this)
    this.#slots = Array.from({ length: size }, () => new Slot(restart))
    this.#serverPolicy = new RestartPolicy(restart)
    this.#succession = new Succession(this.#slots, this.#crew)
  }

  /** Workers that have not ended. */
  get workers () {
    return this.#crew.workers
  }

  /** 0: there is no fork server. */
  get serverPid () {
    return this.#crew.serverPid
  }

  /** Workers that there should be. */
  get size () {
    return this.#slots.length
  }

  start () {
    this.#startServer(this.#slots)
  }

  /** From now on, requests go to its workers. */
  goLive () {
    this.#live = true
    for (const { worker } of this.#slots) {
      if (worker?.state === 'ready') this.#admit(worker)
    }
  }

  /**
   * Ends all its processes. A second call can hurry it.
   * @param {import('../worker/worker-owner.js').ExitReason} reason
   * @param {import('../worker/worker-owner.js').DrainPlan} plan
   */
  stop (reason, plan) {
    this.#stopping = true
    this.#live = false
    if (this.#retry !== null) clearTimeout(this.#retry)
    for (const slot of this.#slots) slot.cancel()
    this.#succession.stop()
    return this.#crew.stop(reason, plan)
  }

  /**
   * Replaces a worker, if it takes requests. Its requests get `timeouts.retire` to finish.
   * @param {Worker} worker
   */
  recycle (worker) {
    this.#succession.ask(worker)
  }

  /**
   * The stacks of a worker, see Crew.
   * @param {Worker} worker
   */
  stacks (worker) {
    return this.#crew.stacks(worker)
  }

  // ---- what the processes report

  onServerReady () {
    for (const { worker } of this.#slots) {
      if (worker !== null) this.#crew.fork(worker)
    }
    if (this.size === 0) this.#report(this.#judge())
  }

  /**
   * @param {Error} error
   * @param {number | null} startTime milliseconds; null: it never became ready
   */
  onServerLost (error, startTime) {
    for (const slot of this.#slots) slot.cancel()
    if (this.#settled && this.#failure === null) {
      this.#log(error)
      const delay = delayAfter(this.#serverPolicy, startTime)
      if (!this.#serverPolicy.isBroken) {
        return this.#retryAfter(delay, () => this.#startServer(this.#slots))
      }
    }
    this.#report(this.#fail(error))
  }

  /** @param {Worker} worker */
  onWorkerReady (worker) {
    const slot = this.#slots.find((each) => each.has(worker))
    if (slot === undefined) return
    this.#proven = true
    if (this.#live) this.#admit(worker)
    if (worker === slot.successor) this.#succession.successorReady(slot)
    const recovered = this.#failure === null ? null : this.#recover()
    this.#report(this.#settle(slot) ?? recovered)
    this.owner.onWorkerReady(this)
  }

  /** @param {Worker} worker */
  onWorkerAvailable (worker) {
    if (this.#live) this.pool.add(worker)
  }

  onWorkerBusy () {
    this.#succession.busy()
  }

  /**
   * @param {Worker} worker
   * @param {number} silence milliseconds
   */
  onOutage (worker, silence) {
    this.#succession.outage(worker, silence)
  }

  /** @param {Worker} worker */
  onWorkerQuota (worker) {
    this.#succession.quotaReached(worker)
  }

  /**
   * @param {Worker} worker
   * @param {Error} error
   */
  onWorkerGone (worker, error) {
    // What `ready` rejects with is not logged as well.
    if (!this.#stopping && this.#settled && this.#failure === null && !worker.endedAsTold) {
      this.#log(error)
    }
    this.#succession.gone(worker)
    const outcome = this.#stopping ? null : this.#vacate(worker, error)
    this.owner.onWorkerEnd(this, worker, worker.endedAsTold ? null : error, outcome)
    if (outcome !== null) this.#retryFailed(outcome)
  }

  /** @param {Outcome | null} outcome */
  #report (outcome) {
    if (outcome === null) return
    this.owner.onOutcome(this, outcome)
    this.#retryFailed(outcome)
  }

  /** @param {Error & { stacks?: string | null }} error */
  #log ({ message, stacks }) {
    const where = stacks ? `. Its threads were here:\n${stacks}` : ''
    this.settings.logger.error(`[node-asgi] ${message}${where}`)
  }

  // ---- more and fewer workers

  /** @param {number} count workers to add */
  grow (count) {
    const slots = Array.from({ length: count }, () => this.#newSlot())
    this.#slots.push(...slots)
    // Otherwise they are filled along with all others.
    if (this.#failure !== null || this.#retry !== null) return
    for (const slot of slots) this.#report(this.#refill(slot))
  }

  #newSlot () {
    const slot = new Slot(this.settings.restart)
    slot.settled = this.#settled && this.#proven
    return slot
  }

  /**
   * Takes a worker away. It finishes what it has, as one that is replaced.
   * @param {boolean} onlyIdle none that has something to do
   * @returns {boolean} false: there is none to take
   */
  shrink (onlyIdle) {
    const slot = leastUseful(this.#slots)
    if (slot === undefined || (onlyIdle && slot.use > 0)) return false
    this.#slots.splice(this.#slots.indexOf(slot), 1)
    slot.cancel()
    const { timeouts } = this.settings
    for (const worker of [slot.worker, slot.successor]) {
      if (worker === null) continue
      worker.stop('resize', retirementPlan(timeouts, timeouts.retire))
      this.#succession.gone(worker)
    }
    if (!this.#settled) this.#report(this.#judge())
    return true
  }

  // ---- filling the slots

  /** @param {Slot[]} slots those that get a worker */
  #startServer (slots) {
    this.#retry = null
    this.#crew.start(() => {
      for (const slot of slots) slot.worker = this.#crew.create()
    })
  }

  /** @param {Worker} worker */
  #admit (worker) {
    this.pool.add(worker)
    this.#succession.admitted(worker)
  }

  /**
   * Takes a worker that has ended out of its slot, which gets another one.
   * @param {Worker} worker
   * @param {Error} error
   * @returns {Outcome | null}
   */
  #vacate (worker, error) {
    const slot = this.#slots.find((each) => each.has(worker))
    if (slot === undefined) return null
    if (worker === slot.successor) {
      slot.successor = null
      if (slot.worker !== null) this.#succession.successorFailed(slot.worker, error)
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
   * @param {Slot} slot
   * @param {number | null} startTime milliseconds that its worker took to become ready; null: it
   *   never was
   * @returns {Outcome | null}
   */
  #replace (slot, startTime) {
    // Without a fork server, the slot is filled along with all others when there is one again.
    if (!this.#settled || !this.#crew.hasServer) return null
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
    const isHopeless = this.#slots.every((each) => each.worker === null && each.policy.isBroken)
    return isHopeless ? this.#fail(error) : null
  }

  /**
   * @param {Slot} slot
   * @returns {Outcome | null}
   */
  #refill (slot) {
    if (!this.#crew.hasServer) return null
    try {
      slot.worker = this.#crew.create()
    } catch (error) {
      slot.error = resourceError(error)
      if (!slot.settled) return this.#settle(slot)
      if (this.#failure === null) this.#log(slot.error)
      return this.#replace(slot, null)
    }
    if (this.#crew.canFork) this.#crew.fork(slot.worker)
    return null
  }

  // ---- outcomes

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
    if (isOver || !this.#slots.every((each) => each.settled)) return null
    const failed = this.#slots.filter((each) => each.worker === null)
    const errors = failed.map((each) => /** @type {Error} */ (each.error))
    if (errors.length > 0 && failed.length === this.size) return this.#fail(errors[0])
    this.#settled = true
    return { state: 'running', errors }
  }

  /**
   * Retries the workers that could not start, unless the owner has stopped the generation because
   * of them.
   * @param {Outcome} outcome
   */
  #retryFailed ({ state, errors }) {
    if (state === 'failed' || errors.length === 0 || this.#stopping) return
    for (const slot of this.#slots) {
      if (slot.worker !== null) continue
      this.#log(/** @type {Error} */ (slot.error))
      this.#report(this.#replace(slot, null))
    }
  }

  /**
   * No worker can be started. One is retried from time to time; the others follow when it is ready.
   * @param {Error} error
   * @returns {Outcome}
   */
  #fail (error) {
    this.#failure = error
    this.#settled = true
    for (const slot of this.#slots) {
      slot.settled = true
      slot.cancel()
    }
    this.#retryAfter(this.#serverPolicy.slowly, () => {
      this.#retry = null
      if (this.size === 0) this.#slots.push(this.#newSlot())
      const [slot] = this.#slots
      if (this.#crew.hasServer) this.#report(this.#refill(slot))
      else this.#startServer([slot])
    })
    return { state: 'failed', errors: [error] }
  }

  /** @returns {Outcome} */
  #recover () {
    this.#failure = null
    this.#serverPolicy.reset()
    for (const slot of this.#slots) slot.policy.reset()
    for (const slot of this.#slots) {
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

  // ---- for callers that block

  /** @param {Worker} worker */
  has (worker) {
    return this.#crew.has(worker)
  }

  /**
   * Blocks until something has happened in the worker or its fork server.
   * @param {Worker} worker
   * @param {number} timeout milliseconds
   * @returns {boolean} false: nothing can happen any more
   */
  wait (worker, timeout) {
    return this.#crew.wait(worker, timeout)
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
