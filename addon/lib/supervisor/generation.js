/**
 * One start of the application: as many workers as its owner wants, each replaced when it ends or
 * has served long enough, until the generation is stopped. A reload starts a second generation next
 * to the first (supervisor.js).
 */

import { Crew } from './crew.js'
import { retirementPlan } from './drain-plan.js'
import { Slot, leastUseful } from './slot.js'
import { Staffing } from './staffing.js'
import { Succession } from './succession.js'

/** @typedef {import('./crew.js').CrewOwner} CrewOwner */
/** @typedef {import('./staffing.js').Outcome} Outcome */
/** @typedef {import('../worker/worker.js').Worker} Worker */

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

  /** @type {Staffing} */
  #staffing

  /** Its workers take requests. */
  #live = false

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
    this.#succession = new Succession(this.#slots, this.#crew)
    this.#staffing = new Staffing(this.#slots, this.#crew, this.#succession,
      (outcome) => owner.onOutcome(this, outcome))
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
    this.#staffing.start()
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
    this.#live = false
    this.#staffing.stop()
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
    this.#staffing.serverReady()
  }

  /**
   * @param {Error} error
   * @param {number | null} startTime milliseconds; null: it never became ready
   */
  onServerLost (error, startTime) {
    this.#staffing.serverLost(error, startTime)
  }

  /** @param {Worker} worker */
  onWorkerReady (worker) {
    const slot = this.#slots.find((each) => each.has(worker))
    if (slot === undefined) return
    this.#staffing.prove()
    if (this.#live) this.#admit(worker)
    if (worker === slot.successor) this.#succession.successorReady(slot)
    this.#staffing.workerReady(slot)
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
    this.#succession.gone(worker)
    const outcome = this.#staffing.vacate(worker, error)
    this.owner.onWorkerEnd(this, worker, worker.endedAsTold ? null : error, outcome)
    if (outcome !== null) this.#staffing.retryFailed(outcome)
  }

  /** @param {Worker} worker */
  #admit (worker) {
    this.pool.add(worker)
    this.#succession.admitted(worker)
  }

  // ---- more and fewer workers

  /** @param {number} count workers to add */
  grow (count) {
    this.#staffing.add(count)
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
    this.#staffing.reduced()
    return true
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
