/**
 * Stands in for the supervisor (supervisor/supervisor.js) of a handler whose application runs
 * elsewhere: gives the endpoints to the pool in place of workers. Everything that talks to them is
 * loaded when it starts.
 *
 * With the option `fallback`, a local pool takes over while no endpoint can be used. It is started
 * when that happens for the first time, and kept.
 */

import { closedError, cutOffError, remoteUnsupportedError } from '../errors.js'
import { workerStats } from '../pool/stats.js'
import { Traffic } from '../worker/traffic.js'

/** @typedef {import('../stream/request-stream.js').RequestStream} RequestStream */
/** @typedef {import('../pool/member.js').Member} Member */
/** @typedef {import('./fleet.js').Fleet} Fleet */
/** @typedef {import('./fleet.js').FleetOwner} FleetOwner */
/** @typedef {import('./endpoint.js').Endpoint} Endpoint */

/**
 * A pool of processes of this machine, for a fallback.
 * @typedef {object} Local
 * @property {import('../pool/pool.js').Pool} pool
 * @property {import('../supervisor/supervisor.js').Supervisor} supervisor
 * @property {Promise<void>} ready
 */

/**
 * @typedef {object} RemoteOwner
 * @property {(error: Error | null) => void} onSettled the first endpoint answers (null), or none
 *   does
 * @property {(event: string, details: any) => void} onEvent
 * @property {() => Local} startLocal
 */

/** @typedef {import('../supervisor/supervisor.js').SupervisorState} State */

/** What stats() says of an interpreter that this process does not know. */
const ELSEWHERE = Object.freeze({ path: '', version: '', reason: 'the application is remote' })

/** The size of a pool that has not been started, as an option and in stats(). */
const NO_POOL = Object.freeze({ min: 0, max: 0, idle: 0 })
const NO_WORKERS = Object.freeze({ wanted: 0, min: 0, max: 0 })

/** @implements {Member} */
class LocalMember {
  /** @param {Local} local */
  constructor (local) {
    this.local = local
    this.id = 0
  }

  get inFlight () { return this.local.pool.inFlight + this.local.pool.queued }

  get sockets () {
    return this.local.supervisor.workers.reduce((sum, { sockets }) => sum + sockets, 0)
  }

  /** @param {RequestStream} stream */
  send (stream) { this.local.pool.submit(stream) }

  /** The local pool looks after them. @returns {RequestStream[]} */
  streams () { return [] }
}

/** @implements {FleetOwner} */
export class Remote {
  /** @type {State} */
  #state = 'starting'

  /** @type {Fleet | null} */
  #fleet = null

  /** @type {LocalMember | null} */
  #local = null

  #isLocalUsed = false

  /**
   * @param {object} parts
   * @param {import('../options.js').Settings} parts.settings
   * @param {import('../pool/pool.js').Pool} parts.pool
   * @param {RemoteOwner} parts.owner
   */
  constructor ({ settings, pool, owner }) {
    this.settings = settings
    this.pool = pool
    this.owner = owner
    this.timeouts = settings.timeouts
    pool.members = () => this.#members()
  }

  get state () { return this.#state }

  /** Workers that there should be now: those of the fallback. */
  get wanted () { return this.#local?.local.supervisor.wanted ?? 0 }

  get size () { return this.#local?.local.supervisor.size ?? NO_POOL }

  /** The pool of this machine that requests go to now; null: they go to endpoints. */
  get fallback () { return this.#isLocalUsed ? this.#local?.local.supervisor ?? null : null }

  /** Processes on this machine: those of the fallback. */
  get workers () { return this.#local?.local.supervisor.workers ?? [] }

  /** @returns {Endpoint[]} */
  get endpoints () { return this.#fleet?.endpoints ?? [] }

  /** @returns {{ exits: import('../supervisor/reporter.js').Reporter['exits'] }} */
  get reporter () {
    return this.#local?.local.supervisor.reporter ?? { exits: {} }
  }

  * #members () {
    yield * this.endpoints
    if (this.#local !== null) yield this.#local
  }

  get #isEnding () { return this.#state === 'closing' || this.#state === 'closed' }

  start () {
    import('./fleet.js').then(({ Fleet }) => {
      if (this.#isEnding) return
      this.#fleet = new Fleet(this.settings, this)
      this.#fleet.start()
    }).catch((error) => this.onOutage(error))
  }

  // ---- what the fleet reports

  /** @param {Endpoint} endpoint */
  onAvailable (endpoint) {
    if (this.#isEnding) return
    this.#useLocal(false)
    const before = this.#state
    this.#state = 'running'
    this.pool.add(endpoint)
    if (before === 'starting') this.owner.onSettled(null)
    else if (before === 'failed') this.#recovered()
  }

  #recovered () {
    this.settings.logger.info('[node-asgi] the remote application can be reached again')
    this.owner.onEvent('pool:recovered', {})
  }

  /** @param {Endpoint} endpoint */
  onUnavailable (endpoint) {
    this.pool.remove(endpoint)
  }

  onFreed () {
    this.pool.feed()
  }

  /**
   * If the request may be repeated, it goes to another endpoint where there is one. One that fails
   * at once has the fewest requests in flight, so it would get the same request again.
   * @param {RequestStream} stream
   * @param {Error} error
   * @param {Endpoint} endpoint that had it
   */
  onLost (stream, error, endpoint) {
    const { pool } = this
    const hasOthers = endpoint.isAvailable && pool.workers.length > 1
    if (hasOthers) pool.remove(endpoint)
    pool.resubmit(stream, error)
    if (hasOthers) pool.add(endpoint)
  }

  /** @param {RequestStream} stream that no endpoint has seen, so that any other can have it */
  onUnsent (stream) {
    if (!stream.finished) this.pool.submit(stream)
  }

  /**
   * @param {string} event
   * @param {any} details
   */
  onEvent (event, details) {
    this.owner.onEvent(event, details)
  }

  /** @param {Error} error */
  onOutage (error) {
    if (this.#isEnding) return
    if (this.settings.fallback === 'local') return this.#useLocal(true)
    const before = this.#state
    this.#state = 'failed'
    this.pool.fail(error)
    if (before === 'failed') return
    this.owner.onEvent('pool:failed', { error })
    if (before === 'starting') this.owner.onSettled(error)
  }

  /** @param {boolean} wanted */
  #useLocal (wanted) {
    if (wanted === this.#isLocalUsed) return
    this.#isLocalUsed = wanted
    if (!wanted) return this.pool.remove(/** @type {LocalMember} */ (this.#local))
    this.settings.logger.warn('[node-asgi] the remote application cannot be reached, so requests ' +
      'go to workers of this machine')
    this.#local ??= this.#startLocal()
    this.pool.add(this.#local)
  }

  #startLocal () {
    const local = this.owner.startLocal()
    local.ready.then(() => this.#settled(null), (error) => this.#settled(error))
    return new LocalMember(local)
  }

  /** @param {Error | null} error */
  #settled (error) {
    if (this.#state !== 'starting') return
    this.#state = error === null ? 'running' : 'failed'
    this.owner.onSettled(error)
  }

  // ---- what a handler asks for

  stats () {
    const { pool, endpoints, fallback } = this
    const local = this.#local?.local.supervisor.stats() ?? null
    const total = new Traffic()
    for (const { traffic } of endpoints) total.merge(traffic)
    for (const { traffic } of this.workers) total.merge(traffic)
    return {
      state: this.#state,
      generation: local?.generation ?? 0,
      // Of those that take requests. Others only wait for the next outage.
      size: (fallback !== null && local?.size) || NO_WORKERS,
      python: local?.python ?? ELSEWHERE,
      workers: this.workers.map(workerStats),
      endpoints: endpoints.map((endpoint) => endpoint.stats()),
      ready: fallback === null
        ? endpoints.filter(({ isAvailable }) => isAvailable).length
        : local?.ready ?? 0,
      inFlight: pool.inFlight,
      queued: pool.queued,
      ...total.summary(),
      retried: pool.retried,
      rejected: pool.rejected,
      wait: pool.waits.summary(),
      exits: { ...this.reporter.exits },
      reloads: 0
    }
  }

  /** @returns {Promise<void>} */
  reload () {
    return Promise.reject(remoteUnsupportedError('reload(); restart the service itself'))
  }

  /** @returns {Promise<void>} */
  resize () {
    return Promise.reject(remoteUnsupportedError('resize(); scale the service itself'))
  }

  /** @returns {null} there is no such worker */
  worker () { return null }

  /** @param {number} budget milliseconds */
  async close (budget) {
    if (this.#state === 'starting') this.owner.onSettled(closedError())
    this.#state = 'closing'
    await Promise.all([
      this.#fleet?.close(budget, cutOffError(), closedError()),
      this.#local?.local.supervisor.close(budget)
    ])
    this.#state = 'closed'
  }
}
