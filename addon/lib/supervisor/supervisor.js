/**
 * Keeps the application of a handler alive: starts it, reloads it, stops it, has workers that hang
 * or have served long enough replaced, and tells what happens. Each start of the application is a
 * generation (generation.js).
 */

import { closedError, signalName } from '../errors.js'
import { Generation } from './generation.js'
import { HangWatch } from './hang-watch.js'
import { RecycleWatch } from './recycle-watch.js'
import { Traffic, workerStats } from '../pool/stats.js'

/** @typedef {import('../worker/worker.js').Worker} Worker */

/**
 * @typedef {object} SupervisorOwner
 * @property {(error: Error | null) => void} onSettled the first start: null, or why it failed
 * @property {(event: string, details: object) => void} onEvent
 * @property {import('./crew.js').Observer['onAppError']} onAppError
 * @property {import('./crew.js').Observer['onLine']} onLine
 * @property {(pid: number) => void} onLastLine no more lines come from this process
 */

/** @typedef {'starting' | 'running' | 'failed' | 'closing' | 'closed'} SupervisorState */

/**
 * A reload under way.
 * @typedef {object} Candidate
 * @property {Generation} generation
 * @property {number} finish milliseconds that requests in flight get in the workers that it replaces
 * @property {(error: Error | null) => void} settle
 */

export class Supervisor {
  /** @type {Generation} */
  #current

  /** @type {Candidate | null} */
  #candidate = null

  /** @type {Set<Generation>} on their way out */
  #retired = new Set()

  /** @type {Promise<void> | null} */
  #reloading = null

  /** @type {Promise<void> | null} */
  #reloadingNext = null

  /** @type {SupervisorState} */
  #state = 'starting'

  /** @type {Set<Promise<unknown>>} output of ended workers that is still being read, and the like */
  #loose = new Set()

  /** What has become of the requests of workers that are gone. */
  #past = new Traffic()

  /** @type {Partial<Record<import('../worker/worker.js').ExitReason, number>>} */
  #exits = {}

  #reloads = 0
  #lastGeneration = 0
  #lastWorker = 0

  /**
   * @param {Omit<import('./crew.js').Parts, 'observer'> & { owner: SupervisorOwner }} parts
   */
  constructor ({ owner, ...parts }) {
    const { settings, pool } = parts
    this.parts = { ...parts, observer: this }
    this.settings = settings
    this.timeouts = settings.timeouts
    this.pool = pool
    this.owner = owner
    pool.members = () => this.workers
    this.hangs = new HangWatch(settings.timeouts.hang, () => this.workers,
      (worker) => worker.owner.onHung(worker))
    this.recycling = new RecycleWatch({
      limits: settings.recycle,
      restart: settings.restart,
      onDue: (worker, reason) => this.#recycle(worker, reason)
    })
    this.#current = this.#create()
  }

  get state () {
    return this.#state
  }

  /** Those that have not ended. */
  get workers () {
    return [...this.#generations()].flatMap((generation) => generation.workers)
  }

  * #generations () {
    yield this.#current
    if (this.#candidate !== null) yield this.#candidate.generation
    yield * this.#retired
  }

  get #isEnding () {
    return this.#state === 'closing' || this.#state === 'closed'
  }

  start () {
    this.#current.goLive()
    this.#current.start()
  }

  #create () {
    return new Generation(++this.#lastGeneration, this.parts, this)
  }

  // ---- the generations

  /**
   * @param {Generation} generation
   * @param {Error[]} failures
   */
  onStarted (generation, failures) {
    if (generation === this.#candidate?.generation) {
      // Whole or not at all: a reload shall not cost a part of the pool.
      this.#judge(failures[0] ?? null)
    } else if (generation === this.#current && this.#state === 'starting') {
      this.#state = 'running'
      this.owner.onSettled(null)
    }
  }

  /**
   * @param {Generation} generation
   * @param {Error} error
   * @param {boolean} first
   */
  onFailed (generation, error, first) {
    if (generation === this.#candidate?.generation) return this.#judge(error)
    if (generation !== this.#current || this.#isEnding) return
    this.pool.fail(error)
    if (!first) return
    const isStart = this.#state === 'starting'
    this.#state = 'failed'
    this.owner.onEvent('pool:failed', { error })
    if (isStart) {
      this.owner.onSettled(error)
    } else {
      this.settings.logger.error('[node-asgi] no worker can be started; requests fail until one is ' +
        `ready, which is tried every ${this.settings.restart.max} ms (restart.max)`)
    }
  }

  /** @param {Generation} generation */
  onRecovered (generation) {
    if (generation === this.#current) this.#recovered()
  }

  #recovered () {
    if (this.#state !== 'failed') return
    this.#state = 'running'
    this.settings.logger.info('[node-asgi] a worker is ready again')
    this.owner.onEvent('pool:recovered', {})
  }

  /**
   * Starts the application anew and switches when all its workers are ready. Calls while one is
   * under way are answered by one more after it, for it may have begun before the change.
   * @param {number} finish milliseconds that requests in flight get
   * @returns {Promise<void>}
   */
  reload (finish) {
    if (this.#isEnding) return Promise.reject(closedError())
    if (this.#reloading === null) {
      this.#reloading = this.#reload(finish).finally(() => { this.#reloading = null })
      return this.#reloading
    }
    this.#reloadingNext ??= this.#reloading.catch(() => {}).then(() => {
      this.#reloadingNext = null
      return this.reload(finish)
    })
    return this.#reloadingNext
  }

  /** @param {number} finish */
  async #reload (finish) {
    const started = performance.now()
    const generation = this.#create()
    /** @type {Error | null} */
    const error = await new Promise((resolve) => {
      this.#candidate = { generation, finish, settle: resolve }
      generation.start()
    })
    if (this.#isEnding) throw closedError()
    const duration = performance.now() - started
    this.owner.onEvent('reload', { generation: generation.number, duration, error })
    if (error !== null) {
      this.settings.logger.error('[node-asgi] reload failed, the application goes on as it was: ' +
        error.message)
      throw error
    }
    this.settings.logger.info(`[node-asgi] reloaded in ${Math.round(duration)} ms`)
  }

  /** @param {Error | null} error */
  #judge (error) {
    const { generation, finish, settle } = /** @type {Candidate} */ (this.#candidate)
    this.#candidate = null
    // At once: a generation is always the candidate, the current one, or retired. One that belongs to
    // nobody would be closed by nobody.
    if (error === null) this.#switch(generation, finish)
    else this.#retire(generation, 0)
    settle(error)
  }

  /**
   * @param {Generation} next
   * @param {number} finish
   */
  #switch (next, finish) {
    const isStart = this.#state === 'starting'
    const old = this.#current
    this.#reloads++
    this.#current = next
    next.goLive()
    this.#retire(old, finish)
    if (isStart) {
      this.#state = 'running'
      this.owner.onSettled(null)
    }
    this.#recovered()
  }

  /**
   * @param {Generation} generation
   * @param {number} finish
   */
  #retire (generation, finish) {
    this.#retired.add(generation)
    for (const worker of generation.workers) this.recycling.done(worker)
    this.#loosely(generation.stop('reload', finish).then(() => {
      this.#retired.delete(generation)
    }))
  }

  // ---- the workers

  nextId () {
    return ++this.#lastWorker
  }

  /** @param {Worker} worker */
  onWorkerStart ({ id, pid }) {
    this.owner.onEvent('worker:start', { worker: id, pid })
  }

  /**
   * @param {Worker} worker
   * @param {import('../worker/worker.js').WorkerInfo} info
   */
  onWorkerReady ({ id, pid }, { python, loop, lifespan }) {
    this.owner.onEvent('worker:ready', { worker: id, pid, python, loop, lifespan })
  }

  /** @param {Worker} worker */
  onWorkerHung ({ id, pid, inFlight, error }) {
    const { stacks } = /** @type {import('../errors.js').WorkerError} */ (error)
    this.owner.onEvent('worker:hung', { worker: id, pid, inFlight, stacks })
  }

  /**
   * @param {Worker} worker
   * @param {Error | null} error
   */
  onWorkerExit (worker, error) {
    const { id, pid, exit, outputEnded } = worker
    const reason = worker.reason ?? (worker.readyAt === 0 ? 'startup' : 'crash')
    this.recycling.done(worker)
    this.#past.merge(worker.traffic)
    this.#exits[reason] = (this.#exits[reason] ?? 0) + 1
    this.#loosely(outputEnded.then(() => this.owner.onLastLine(pid)))
    const { code, signal } = exit ?? { code: null, signal: 0 }
    this.owner.onEvent('worker:exit', {
      worker: id,
      pid,
      reason,
      code,
      signal: signal === 0 ? null : signalName(signal),
      error
    })
  }

  /** @param {number} pid */
  onServerEnd (pid) {
    this.owner.onLastLine(pid)
  }

  /** @param {Worker} worker */
  onAdmitted (worker) {
    this.recycling.watch(worker)
  }

  /** @param {Worker} worker */
  onRetired (worker) {
    this.recycling.done(worker)
  }

  onBusy () {
    this.hangs.start()
    this.recycling.start()
  }

  /** @param {Worker} worker */
  onQuota (worker) {
    this.recycling.due(worker, 'requests')
  }

  /**
   * @param {Worker} worker
   * @param {Error} error
   */
  onSuccessorFailed (worker, error) {
    this.settings.logger.error(`[node-asgi] worker ${worker.id} (pid ${worker.pid}) is due to be ` +
      `recycled, but its successor did not start, so it goes on: ${error.message}`)
    this.recycling.failed()
  }

  /**
   * @param {Worker} worker
   * @param {import('../errors.js').AppError} error
   */
  onAppError (worker, error) {
    this.owner.onAppError(worker, error)
  }

  /** @type {import('./crew.js').Observer['onLine']} */
  onLine (name, line, level, source) {
    this.owner.onLine(name, line, level, source)
  }

  /**
   * @param {Worker} worker
   * @param {import('./recycle-watch.js').RecycleReason} reason
   */
  #recycle (worker, reason) {
    if (!this.#current.recycle(worker)) return this.recycling.done(worker)
    const { id, pid, traffic: { requests } } = worker
    const age = performance.now() - worker.readyAt
    this.settings.logger.info(`[node-asgi] worker ${id} (pid ${pid}) is recycled because of its ` +
      `${reason}, after ${requests} requests and ${Math.round(age / 1000)} s`)
    this.owner.onEvent('worker:recycle', { worker: id, pid, reason, requests, age })
  }

  // ---- for onlookers

  stats () {
    const { workers, pool } = this
    const total = new Traffic()
    total.merge(this.#past)
    for (const { traffic } of workers) total.merge(traffic)
    return {
      state: this.#state,
      generation: this.#current.number,
      workers: workers.map(workerStats),
      ready: pool.workers.length,
      inFlight: pool.inFlight,
      queued: pool.queued,
      ...total.summary(),
      retried: pool.retried,
      rejected: pool.rejected,
      wait: pool.waits.summary(),
      exits: { ...this.#exits },
      reloads: this.#reloads
    }
  }

  // ---- the end

  /**
   * Stops every worker and fork server. Bounded by the timeouts.
   * @param {number} finish milliseconds that requests in flight get
   */
  async close (finish) {
    const isStart = this.#state === 'starting'
    this.#state = 'closing'
    if (isStart) this.owner.onSettled(closedError())
    this.hangs.stop()
    this.recycling.stop()
    if (this.#candidate !== null) this.#judge(closedError())
    await Promise.all([...this.#generations()].map((each) => each.stop('close', finish)))
    while (this.#loose.size > 0) await Promise.all(this.#loose)
    this.#state = 'closed'
  }

  /** @param {Promise<unknown>} promise that close() waits for */
  #loosely (promise) {
    this.#loose.add(promise)
    promise.then(() => this.#loose.delete(promise))
  }

  // ---- for callers that block

  /**
   * Blocks until something has happened in the worker or its fork server.
   * @param {Worker} worker
   * @param {number} timeout milliseconds
   * @returns {boolean} false: nothing can happen any more
   */
  wait (worker, timeout) {
    // A bell that is held for the end of this turn: what blocks may depend on who sleeps.
    for (const each of this.workers) each.ring()
    return worker.owner.wait(worker, timeout)
  }
}
