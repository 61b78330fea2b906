/**
 * Replaces workers that have not ended: those that have served long enough, and one of those that
 * no longer answer. The successor of a worker is started first, in the same slot. Once it is ready,
 * the worker takes no more requests and finishes those that it has.
 */

import { resourceError } from '../errors.js'
import { retirementPlan } from './drain-plan.js'
import { RecycleWatch } from './recycle-watch.js'

/** @typedef {import('../worker/worker.js').Worker} Worker */
/** @typedef {import('./crew.js').Crew} Crew */
/** @typedef {import('./recycle-watch.js').RecycleReason} RecycleReason */
/** @typedef {import('./slot.js').Slot} Slot */

export class Succession {
  /** @type {RecycleWatch} */
  #watch

  #stopped = false

  /**
   * @param {Slot[]} slots
   * @param {Crew} crew
   */
  constructor (slots, crew) {
    this.slots = slots
    this.crew = crew
    this.settings = crew.settings
    this.reporter = crew.reporter
    const { recycle, restart } = crew.settings
    this.#watch = new RecycleWatch({
      limits: recycle, restart, onDue: (worker, reason) => this.#recycle(worker, reason)
    })
  }

  // ---- what happens to the workers

  /** @param {Worker} worker that has begun to take requests */
  admitted (worker) {
    this.#watch.watch(worker)
  }

  /** A worker has something to do. */
  busy () {
    this.#watch.start()
  }

  /** @param {Worker} worker that has been given all requests that it may have */
  quotaReached (worker) {
    this.#watch.due(worker, 'requests')
  }

  /**
   * Somebody wants a worker to be replaced.
   * @param {Worker} worker
   */
  ask (worker) {
    this.#watch.due(worker, 'asked')
  }

  /** @param {Worker} worker that has ended */
  gone (worker) {
    this.#watch.done(worker)
  }

  /**
   * A successor is ready, and takes the slot of its worker.
   * @param {Slot} slot
   */
  successorReady (slot) {
    const old = /** @type {Worker} */ (slot.worker)
    slot.worker = slot.successor
    slot.successor = null
    const { timeouts } = this.settings
    old.stop('recycle', retirementPlan(timeouts, timeouts.retire))
    this.#watch.done(old)
  }

  /**
   * A successor could not start, or has ended before it was ready.
   * @param {Worker} worker that keeps serving
   * @param {Error} error
   */
  successorFailed (worker, { message }) {
    const { id, pid } = worker
    this.settings.logger.error(`[node-asgi] worker ${id} (pid ${pid}) should be replaced, but ` +
      `its successor could not start, so it keeps serving: ${message}`)
    this.#watch.failed(worker)
  }

  /**
   * No worker answers. One gets a successor; it still finishes what it has if it answers again.
   * @param {Worker} worker
   * @param {number} silence milliseconds
   */
  outage (worker, silence) {
    const slot = this.#slotOf(worker)
    const isStarting = this.slots.some(({ successor }) => successor !== null)
    if (slot === undefined || isStarting || !this.#start(slot, worker)) return
    this.settings.logger.warn(`[node-asgi] no worker has answered for ${silence} ms, so an extra ` +
      `one is being started in place of worker ${worker.id} (pid ${worker.pid}). Their event ` +
      'loops are blocked: do not block in async functions, or start more workers')
  }

  stop () {
    this.#stopped = true
    this.#watch.stop()
  }

  // ---- starting successors

  /**
   * @param {Worker} worker
   * @param {RecycleReason} reason
   */
  #recycle (worker, reason) {
    const slot = this.#slotOf(worker)
    const mayLeave = worker.state === 'ready' || (worker.state === 'silent' && reason === 'asked')
    // A worker that leaves anyway, or whose fork server does, needs no successor.
    if (slot === undefined || slot.successor !== null || !mayLeave || !this.crew.hasServer) {
      return this.#watch.done(worker)
    }
    if (!this.#start(slot, worker)) return
    const { id, pid, traffic: { requests }, readyAt } = worker
    const age = Math.round((performance.now() - readyAt) / 1000)
    const why = reason === 'asked' ? 'somebody asked for it' : `of its ${reason}`
    this.settings.logger.info(`[node-asgi] worker ${id} (pid ${pid}) is being recycled because ` +
      `${why}, after ${requests} requests and ${age} s`)
    this.reporter.workerRecycled(worker, reason)
  }

  /** @param {Worker} worker */
  #slotOf (worker) {
    return this.slots.find((slot) => slot.worker === worker)
  }

  /**
   * @param {Slot} slot
   * @param {Worker} worker that is in the slot
   * @returns {boolean} false: there is no fork server, or not enough file descriptors or memory
   */
  #start (slot, worker) {
    if (this.#stopped || !this.crew.hasServer) return false
    try {
      slot.successor = this.crew.create()
    } catch (error) {
      this.successorFailed(worker, resourceError(error))
      return false
    }
    this.crew.fork(slot.successor)
    return true
  }
}
