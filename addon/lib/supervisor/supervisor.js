/**
 * Keeps the application of a handler alive: starts it, reloads it, stops it. Each start of the
 * application is a generation (generation.js). The supervisor holds the generation that serves and
 * those that are being stopped; reloading.js holds the one that a reload starts.
 */

import { closedError } from '../errors.js'
import { workerStats } from '../pool/stats.js'
import { optionName } from '../util/option-name.js'
import { Traffic } from '../worker/traffic.js'
import { closingPlan, retirementPlan } from './drain-plan.js'
import { Elasticity } from './elasticity.js'
import { Generation } from './generation.js'
import { MemoryWarning } from './memory-warning.js'
import { Reloading } from './reloading.js'
import { Reporter } from './reporter.js'
import { Resizing } from './resizing.js'

/** @typedef {import('./elasticity.js').ElasticOwner} ElasticOwner */
/** @typedef {import('./generation.js').GenerationOwner} GenerationOwner */
/** @typedef {import('./reloading.js').ReloadOwner} ReloadOwner */
/** @typedef {import('../option-types.js').PoolSize} PoolSize */
/** @typedef {import('../worker/worker.js').Worker} Worker */
/** @typedef {import('./staffing.js').Outcome} Outcome */

/**
 * What the handler implements.
 * @typedef {import('./reporter.js').Audience & {
 *   onSettled: (error: Error | null) => void
 * }} SupervisorOwner
 *   onSettled: the first start has succeeded (null) or failed
 */

/** @typedef {'starting' | 'running' | 'failed' | 'closing' | 'closed'} SupervisorState */

/**
 * @implements {GenerationOwner}
 * @implements {ElasticOwner}
 * @implements {ReloadOwner}
 */
export class Supervisor {
  /** @type {Generation} */
  #current

  /** @type {Map<Generation, Promise<void>>} generations that are being stopped */
  #retired = new Map()

  /** @type {SupervisorState} */
  #state = 'starting'

  /** @type {Elasticity} */
  #elasticity

  /** @type {MemoryWarning} */
  #memory

  #resizing = new Resizing()
  #reloading = new Reloading(this)

  #reloads = 0
  #lastGeneration = 0
  #lastWorker = 0

  /**
   * @param {Omit<import('./crew.js').Parts, 'reporter' | 'nextId' | 'onBusy'> &
   *   { owner: SupervisorOwner }} parts
   */
  constructor ({ owner, ...parts }) {
    const { settings, pool } = parts
    this.reporter = new Reporter(owner)
    this.parts = {
      ...parts,
      reporter: this.reporter,
      nextId: () => ++this.#lastWorker,
      onBusy: () => {
        this.#elasticity.busy()
        this.#memory.start()
      }
    }
    this.settings = settings
    this.timeouts = settings.timeouts
    this.pool = pool
    this.owner = owner
    pool.members = () => this.workers
    this.size = settings.workers
    this.#current = this.#create(this.size.min)
    this.#elasticity = new Elasticity(pool, this)
    this.#memory = new MemoryWarning(() => ({
      server: this.#current.serverPid,
      workers: this.#current.workers.map(({ pid }) => pid),
      max: this.size.max
    }), settings.logger)
  }

  get state () {
    return this.#state
  }

  /** Workers that have not ended. */
  get workers () {
    return [...this.#generations()].flatMap((generation) => generation.workers)
  }

  /** null: the application runs here (compare remote.js). */
  get endpoints () { return null }

  get fallback () { return null }

  * #generations () {
    yield this.#current
    const { candidate } = this.#reloading
    if (candidate !== undefined) yield candidate
    yield * this.#retired.keys()
  }

  get isEnding () {
    return this.#state === 'closing' || this.#state === 'closed'
  }

  start () {
    this.#current.goLive()
    this.#current.start()
    this.#elasticity.resize(this.size)
  }

  /** @param {number} size workers that there should be at first */
  #create (size) {
    return new Generation(++this.#lastGeneration, this.parts, this, size)
  }

  // ---- the number of workers

  /** Workers that there should be. */
  get wanted () {
    return this.#current.size
  }

  /**
   * @param {number} count
   * @param {'load' | 'idle' | 'asked'} reason
   */
  setWanted (count, reason) {
    const generation = this.#current
    const { min, max } = this.size
    const from = generation.size
    if (count > from) generation.grow(count - from)
    // Whatever a reload starts takes the place of all workers that there are.
    const { candidate } = this.#reloading
    if (candidate !== undefined && count > candidate.size) candidate.grow(count - candidate.size)
    while (generation.size > count && generation.shrink(reason === 'idle')) { /* one more */ }
    const to = generation.size
    if (to !== from) this.reporter.resized({ from, to, min, max, reason })
  }

  /**
   * Resolves when there are as many workers as there should be.
   * @param {PoolSize} size
   * @returns {Promise<void>}
   */
  resize (size) {
    if (this.isEnding) return Promise.reject(closedError())
    if (size.max > this.size.max) this.#memory.rearm()
    this.size = size
    this.pool.maxWorkers = size.max
    this.#fit('asked')
    // It has the new size as soon as a worker can be started again.
    if (this.#state === 'failed') return Promise.reject(this.pool.outage)
    return this.#resizing.wait(() => this.#hasSize)
  }

  /** @param {'load' | 'asked'} reason */
  #fit (reason) {
    const { min, max } = this.size
    this.setWanted(Math.min(max, Math.max(min, this.wanted)), reason)
    this.#elasticity.resize(this.size)
  }

  get #hasSize () {
    const { length } = this.pool.workers
    return length >= this.size.min && this.wanted <= this.size.max
  }

  /** @param {Generation} generation */
  onWorkerReady (generation) {
    if (generation !== this.#current) return
    this.#elasticity.changed()
    this.#resizing.look()
  }

  // ---- what a generation reports

  /**
   * @param {Generation} generation
   * @param {Worker} worker
   * @param {Error | null} error
   * @param {Outcome | null} outcome
   */
  onWorkerEnd (generation, worker, error, outcome) {
    this.reporter.workerEnded(worker, error)
    if (generation === this.#current && !this.isEnding) {
      if (error !== null && worker.readyAt === 0) this.#resizing.fail(error)
      this.#elasticity.changed()
    }
    if (outcome !== null) this.onOutcome(generation, outcome)
  }

  /**
   * @param {Generation} generation
   * @param {Outcome} outcome
   */
  onOutcome (generation, { state, errors }) {
    if (generation === this.#reloading.candidate) {
      // All or nothing: a reload must not cost some of the workers.
      this.#reloading.judge(errors[0] ?? null)
    } else if (generation === this.#current && !this.isEnding) {
      if (state === 'running') this.#onRunning()
      else this.#onFailed(errors[0])
    }
  }

  #onRunning () {
    const before = this.#state
    this.#state = 'running'
    if (before === 'starting') {
      this.owner.onSettled(null)
    } else if (before === 'failed') {
      this.settings.logger.info('[node-asgi] a worker is ready again')
      this.reporter.poolRecovered()
    }
  }

  /** @param {Error} error why no worker can be started */
  #onFailed (error) {
    const before = this.#state
    this.#state = 'failed'
    this.pool.fail(error)
    if (before === 'failed') return
    this.reporter.poolFailed(error)
    if (before === 'starting') {
      this.owner.onSettled(error)
    } else {
      this.settings.logger.error('[node-asgi] no worker can be started; the pool keeps retrying ' +
        `every ${this.settings.restart.max} ms (${optionName('restart.max')}), and requests fail ` +
        'until a worker is ready')
    }
  }

  // ---- reloading

  /**
   * @param {number} finish milliseconds that requests in flight get
   * @returns {Promise<void>}
   */
  reload (finish) {
    return this.#reloading.reload(finish)
  }

  createCandidate () {
    // At least one: otherwise nobody would know whether the application can be started.
    return this.#create(Math.max(1, this.wanted))
  }

  /**
   * @param {Generation} next
   * @param {number} finish
   */
  takeOver (next, finish) {
    const old = this.#current
    this.#reloads++
    this.#current = next
    next.goLive()
    this.retire(old, finish)
    this.#onRunning()
    this.#fit('asked')
    this.#resizing.look()
  }

  /**
   * @param {Generation} generation
   * @param {number} finish
   */
  retire (generation, finish) {
    const stopped = generation.stop('reload', retirementPlan(this.timeouts, finish))
      .then(() => { this.#retired.delete(generation) })
    this.#retired.set(generation, stopped)
  }

  /**
   * @param {Generation} generation
   * @param {number} duration milliseconds
   * @param {Error | null} error
   */
  onReloaded ({ number }, duration, error) {
    this.reporter.reloaded(number, duration, error)
    const { logger } = this.settings
    if (error === null) logger.info(`[node-asgi] reloaded in ${Math.round(duration)} ms`)
    else {
      logger.error('[node-asgi] the reload failed, and the old workers keep ' +
        `serving: ${error.message}`)
    }
  }

  // ---- what somebody asks of one worker

  /**
   * @param {number} id
   * @returns {{ recycle: () => void, stacks: () => Promise<string> } | null} null: there is no such
   *   worker, or it is starting or ending
   */
  worker (id) {
    for (const generation of this.#generations()) {
      const worker = generation.workers.find((each) => each.id === id)
      if (worker === undefined || worker.readyAt === 0 || worker.exit !== null) continue
      return {
        recycle: () => generation.recycle(worker),
        stacks: () => generation.stacks(worker)
      }
    }
    return null
  }

  // ---- statistics

  stats () {
    const { workers, pool, reporter } = this
    const total = new Traffic()
    total.merge(reporter.past)
    for (const { traffic } of workers) total.merge(traffic)
    return {
      state: this.#state,
      generation: this.#current.number,
      size: { wanted: this.wanted, min: this.size.min, max: this.size.max },
      python: this.parts.interpreter.summary(),
      workers: workers.map(workerStats),
      ready: pool.workers.length,
      inFlight: pool.inFlight,
      queued: pool.queued,
      ...total.summary(),
      retried: pool.retried,
      rejected: pool.rejected,
      wait: pool.waits.summary(),
      exits: { ...reporter.exits },
      reloads: this.#reloads
    }
  }

  // ---- closing

  /**
   * Stops every worker and fork server.
   * @param {number} budget milliseconds for all of it
   */
  async close (budget) {
    const wasStarting = this.#state === 'starting'
    this.#state = 'closing'
    this.#elasticity.stop()
    this.#memory.stop()
    this.#resizing.fail(closedError())
    if (wasStarting) this.owner.onSettled(closedError())
    this.#reloading.judge(closedError())
    const plan = closingPlan(this.timeouts, budget)
    await Promise.all([...this.#generations()].map((each) => each.stop('close', plan)))
    await Promise.all(this.#retired.values())
    await this.reporter.outputRead()
    this.#state = 'closed'
  }

  // ---- for callers that block

  /**
   * Blocks until something has happened in the worker or its fork server.
   * @param {Worker} worker
   * @param {number} timeout milliseconds
   * @returns {boolean} false: nothing can happen any more
   */
  wait (worker, timeout) {
    // Wake-ups are held back until the end of this turn, which does not end while this blocks.
    for (const each of this.workers) each.ring()
    for (const generation of this.#generations()) {
      if (generation.has(worker)) return generation.wait(worker, timeout)
    }
    return false
  }
}
