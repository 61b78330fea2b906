/**
 * One start of the application, with as many workers as there are to be, each replaced when it ends,
 * until the generation is stopped. A reload starts a second one beside the first (supervisor.js).
 */

import { resourceError } from '../errors.js'
import { Crew } from './crew.js'
import { RestartPolicy } from './restart-policy.js'
import { Slot } from './slot.js'

/** @typedef {import('../worker/worker.js').Worker} Worker */

/**
 * @typedef {object} GenerationOwner
 * @property {(generation: Generation, failures: Error[]) => void} onStarted each worker has had its
 *   first try, and not all have failed
 * @property {(generation: Generation, error: Error, first: boolean) => void} onFailed no worker can be
 *   had; one is tried on, seldom
 * @property {(generation: Generation) => void} onRecovered after onFailed: a worker is ready
 * @property {(worker: Worker) => void} onAdmitted it takes requests
 * @property {(worker: Worker) => void} onRetired it takes no more, its successor does
 * @property {(worker: Worker, error: Error) => void} onSuccessorFailed the worker goes on
 */

export class Generation {
  /** @type {Slot[]} */
  #slots

  /** @type {Crew} */
  #crew

  /** @type {RestartPolicy} */
  #serverPolicy

  /** @type {NodeJS.Timeout | null} until the fork server, or what has failed, is tried again */
  #retry = null

  /** The first start has had an outcome. */
  #settled = false
  #stopping = false

  /** Its workers take requests. */
  #live = false

  /** @type {Error | null} why no worker can be had */
  #failure = null

  /**
   * @param {number} number from 1
   * @param {import('./crew.js').Parts} parts
   * @param {GenerationOwner} owner
   */
  constructor (number, parts, owner) {
    const { workers, restart } = parts.settings
    this.number = number
    this.pool = parts.pool
    this.settings = parts.settings
    this.owner = owner
    this.#crew = new Crew(parts, this)
    this.#slots = Array.from({ length: workers }, () => new Slot(restart))
    this.#serverPolicy = new RestartPolicy(restart)
  }

  /** Those that have not ended. */
  get workers () {
    return this.#crew.workers
  }

  start () {
    this.#startServer(this.#slots)
  }

  /** Requests go to its workers from now on. */
  goLive () {
    this.#live = true
    for (const { worker } of this.#slots) {
      if (worker?.state === 'ready') this.#admit(worker)
    }
  }

  /**
   * Ends all its processes. May be called again to hurry.
   * @param {import('../worker/worker.js').ExitReason} reason
   * @param {number} finish milliseconds that requests in flight get
   */
  stop (reason, finish) {
    this.#stopping = true
    this.#live = false
    if (this.#retry !== null) clearTimeout(this.#retry)
    for (const slot of this.#slots) slot.cancel()
    return this.#crew.stop(reason, finish)
  }

  /**
   * Starts a successor of a worker. When that is ready, the worker takes no more requests and
   * finishes those that it has.
   * @param {Worker} worker
   * @returns {boolean} false: it cannot be, because the worker or its fork server is leaving anyway
   */
  recycle (worker) {
    const slot = this.#slots.find((each) => each.worker === worker)
    if (slot === undefined || slot.successor !== null || worker.state !== 'ready') return false
    if (this.#stopping || !this.#crew.hasServer) return false
    try {
      slot.successor = this.#crew.create()
    } catch (error) {
      this.owner.onSuccessorFailed(worker, resourceError(error))
      return true
    }
    this.#crew.fork(slot.successor)
    return true
  }

  // ---- what the processes report

  /** @param {Slot[]} slots those that get a worker */
  #startServer (slots) {
    this.#retry = null
    this.#crew.start(() => {
      for (const slot of slots) slot.worker = this.#crew.create()
    })
  }

  onServerReady () {
    for (const { worker } of this.#slots) {
      if (worker !== null) this.#crew.fork(worker)
    }
  }

  /**
   * @param {Error} error
   * @param {number} served milliseconds
   */
  onServerLost (error, served) {
    for (const slot of this.#slots) slot.cancel()
    if (!this.#settled || this.#failure !== null) return this.#fail(error)
    this.#log(error)
    const delay = this.#serverPolicy.failed(served)
    if (this.#serverPolicy.isBroken) return this.#fail(error)
    this.#retryAfter(delay, () => this.#startServer(this.#slots))
  }

  /** @param {Worker} worker */
  onWorkerReady (worker) {
    const slot = this.#slots.find((each) => each.has(worker))
    if (slot === undefined) return
    if (this.#live) this.#admit(worker)
    if (worker === slot.successor) this.#succeed(slot, worker)
    if (this.#failure !== null) this.#recover()
    this.#settle(slot)
  }

  /**
   * @param {Worker} worker
   * @param {Error} error why, unless it was told to
   */
  onWorkerGone (worker, error) {
    // What `ready` rejects with is not logged too.
    if (this.#settled && this.#failure === null && !worker.endedAsTold) this.#log(error)
    const slot = this.#slots.find((each) => each.has(worker))
    if (slot === undefined) return
    if (worker === slot.successor) {
      slot.successor = null
      if (slot.worker !== null) this.owner.onSuccessorFailed(slot.worker, error)
      return
    }
    slot.error = error
    slot.worker = slot.successor
    slot.successor = null
    if (slot.worker !== null) return
    if (!slot.settled) this.#settle(slot)
    else this.#replace(slot, worker.readyAt === 0 ? 0 : performance.now() - worker.readyAt)
  }

  /** @param {Worker} worker */
  #admit (worker) {
    this.pool.add(worker)
    this.owner.onAdmitted(worker)
  }

  /**
   * @param {Slot} slot
   * @param {Worker} successor
   */
  #succeed (slot, successor) {
    const old = /** @type {Worker} */ (slot.worker)
    slot.worker = successor
    slot.successor = null
    this.#crew.retire(old, 'recycle', this.settings.timeouts.retire)
    this.owner.onRetired(old)
  }

  /** @param {Error & { stacks?: string | null }} error */
  #log ({ message, stacks }) {
    const where = stacks ? `. This is where its threads were:\n${stacks}` : ''
    this.settings.logger.error(`[node-asgi] ${message}${where}`)
  }

  // ---- what becomes of a failure

  /**
   * The first start is judged when every worker has had its try: what fails for one may work for
   * another, what fails for all will not work the next time either.
   * @param {Slot} slot
   */
  #settle (slot) {
    slot.settled = true
    if (this.#settled || !this.#slots.every((each) => each.settled)) return
    const failed = this.#slots.filter((each) => each.worker === null)
    const errors = failed.map((each) => /** @type {Error} */ (each.error))
    if (failed.length === this.#slots.length) return this.#fail(errors[0])
    this.#settled = true
    this.owner.onStarted(this, errors)
    if (this.#stopping) return
    for (const each of failed) {
      this.#log(/** @type {Error} */ (each.error))
      this.#replace(each, 0)
    }
  }

  /**
   * @param {Slot} slot
   * @param {number} served milliseconds
   */
  #replace (slot, served) {
    // Without a server it comes back with all the others.
    if (!this.#settled || !this.#crew.hasServer) return
    const error = /** @type {Error} */ (slot.error)
    if (this.#failure !== null) {
      if (this.#retry === null) this.#fail(error)
      return
    }
    const { policy } = slot
    const delay = policy.failed(served)
    if (delay === 0) return this.#refill(slot)
    slot.restartAfter(delay, () => this.#refill(slot))
    if (policy.failures === this.settings.restart.limit + 1) {
      this.settings.logger.error(`[node-asgi] a worker failed ${policy.failures} times in a row ` +
        '(restart.limit); from now on it is tried every restart.max only')
    }
    if (this.#slots.every((each) => each.worker === null && each.policy.isBroken)) this.#fail(error)
  }

  /** @param {Slot} slot */
  #refill (slot) {
    if (!this.#crew.hasServer) return
    try {
      slot.worker = this.#crew.create()
    } catch (error) {
      slot.error = resourceError(error)
      if (this.#failure === null) this.#log(slot.error)
      this.#replace(slot, 0)
      return
    }
    this.#crew.fork(slot.worker)
  }

  /**
   * No worker can be had. One goes on trying, seldom; the others follow when it is ready.
   * @param {Error} error
   */
  #fail (error) {
    const first = this.#failure === null
    this.#failure = error
    this.#settled = true
    for (const slot of this.#slots) {
      slot.settled = true
      slot.cancel()
    }
    this.owner.onFailed(this, error, first)
    if (this.#stopping) return
    this.#retryAfter(this.#serverPolicy.slowly, () => {
      this.#retry = null
      const [slot] = this.#slots
      if (this.#crew.hasServer) this.#refill(slot)
      else this.#startServer([slot])
    })
  }

  #recover () {
    this.#failure = null
    this.#serverPolicy.reset()
    for (const slot of this.#slots) slot.policy.reset()
    this.owner.onRecovered(this)
    for (const slot of this.#slots) {
      if (slot.worker === null) this.#refill(slot)
    }
  }

  /**
   * @param {number} delay milliseconds
   * @param {() => void} action
   */
  #retryAfter (delay, action) {
    if (this.#retry !== null) clearTimeout(this.#retry)
    this.#retry = setTimeout(action, delay)
    // A retry that is only waited for does not keep the process alive.
    if (delay > 0) this.#retry.unref()
  }
}
