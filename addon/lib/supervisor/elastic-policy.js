/**
 * Decides how many workers an elastic pool should have. Pure: the caller gives the times.
 *
 * - The pool grows by what waits, once a request has waited for a moment, and by one worker when
 *   even the most punctual event loop has been late for a while. Both come long before the queue is
 *   full.
 * - It shrinks by one worker at a time, when the workers that would be left were used by half or
 *   less in every tenth of the time `idle`. The last worker goes only if there was nothing to do.
 * - If it has to grow again soon after it has shrunk, it waits longer the next time: twice as long,
 *   up to `MAX_PATIENCE` times `idle`. So it does not follow a load that comes and goes.
 */

/** @typedef {import('../option-types.js').PoolSize} PoolSize */

/** Requests that a worker gets before another worker is better for the next ones. */
export const BATCH = 16

/** Milliseconds that a request may wait. Most applications answer what is before it by then. */
const WAIT = 10

/** Milliseconds that an event loop may be late. */
const LATE = 20

/** Milliseconds that it has to be late for: one slow call is no lack of workers. */
const LATE_FOR = 100

/** Part of the time that the workers that are left may be used. */
const ROOM = 1 / 2

/** Parts of the time `idle`. The load of each is averaged. */
const PARTS = 10

const MAX_PATIENCE = 4

/**
 * The pool at one moment.
 * @typedef {object} Snapshot
 * @property {number} now milliseconds on any clock
 * @property {number} ready workers that take requests
 * @property {number} starting workers that do not yet, including those whose start has failed and
 *   will be repeated
 * @property {number} inFlight requests, not counting WebSockets
 * @property {number} waiting requests
 * @property {number} waited milliseconds that the oldest of them has waited
 * @property {number} lag milliseconds that the most punctual event loop was late
 */

export class ElasticPolicy {
  /** @type {number | null} when all event loops began to be late; null: one is punctual */
  #lateSince = null

  /** @type {{ from: number, time: number, load: number }[]} the newest last */
  #parts = []

  #lastLook = -Infinity
  #lastLoad = 0
  #lastCount = 0
  #lastShrink = -Infinity
  #patience = 1

  /**
   * @param {PoolSize} size
   * @param {number} concurrency requests in flight in one worker
   */
  constructor (size, concurrency) {
    this.size = size
    this.batch = Math.min(BATCH, concurrency)
  }

  /**
   * @param {Snapshot} pool
   * @returns {number} workers that there should be
   */
  decide (pool) {
    const { min, max } = this.size
    const count = pool.ready + pool.starting
    this.#note(pool, count)
    const wanted = Math.max(count, this.#enough(pool))
    const shrinks = wanted === count && this.#isSurplus(pool)
    return Math.min(max, Math.max(min, shrinks ? count - 1 : wanted))
  }

  /**
   * @param {Snapshot} pool
   * @param {number} count
   */
  #note ({ now, inFlight, waiting }, count) {
    if (count > this.#lastCount) this.#grown(now)
    if (count < this.#lastCount) this.#lastShrink = now
    this.#lastCount = count
    const load = inFlight + waiting
    let part = this.#parts.at(-1)
    if (part === undefined || now - part.from >= this.size.idle / PARTS) {
      part = { from: now, time: 0, load: 0 }
      this.#parts.push(part)
      while (this.#parts.length > 1 && now - this.#parts[1].from >= this.#time) this.#parts.shift()
    }
    // What happens between two looks is not seen, so the higher of both counts.
    const time = this.#lastLook === -Infinity ? 0 : now - this.#lastLook
    part.time += time
    part.load += time * Math.max(load, this.#lastLoad)
    this.#lastLook = now
    this.#lastLoad = load
  }

  /** Milliseconds that count. */
  get #time () {
    return this.size.idle * this.#patience
  }

  /** @param {number} now */
  #grown (now) {
    const { idle } = this.size
    const isSoon = now - this.#lastShrink < 2 * idle * this.#patience
    this.#patience = isSoon ? Math.min(MAX_PATIENCE, 2 * this.#patience) : 1
    this.#parts = []
    this.#lastLook = now
    this.#lateSince = null
  }

  /**
   * @param {Snapshot} pool
   * @returns {number} workers that are enough for what there is to do
   */
  #enough ({ now, ready, starting, waiting, waited, lag }) {
    if (lag < LATE) this.#lateSince = null
    else this.#lateSince ??= now
    if (waiting > 0 && (ready === 0 || waited >= WAIT)) {
      return ready + Math.ceil(waiting / this.batch)
    }
    const isLate = this.#lateSince !== null && now - this.#lateSince >= LATE_FOR
    return isLate && starting === 0 ? ready + 1 : 0
  }

  /** @param {Snapshot} pool */
  #isSurplus ({ now, ready, starting, waiting }) {
    const { min, idle } = this.size
    const [first] = this.#parts
    const count = ready + starting
    if (waiting > 0 || count <= min || now - first.from < this.#time) return false
    if (now - this.#lastShrink < idle / PARTS) return false
    return this.#parts.every((part) => part.load <= part.time * (count - 1) * ROOM)
  }
}
