/**
 * Keeps a pool at the size that its load needs: looks at the pool while there is something to do or
 * a worker too many, and has workers added or taken away as elastic-policy.js decides.
 *
 * While more workers can be had, each gets no more than a batch of requests, and what comes next
 * waits for the worker that is being started. What a worker has been sent cannot move to another
 * one. If no worker comes soon, or the queue fills, the workers that there are get everything.
 */

import { ElasticPolicy } from './elastic-policy.js'

/** @typedef {import('../option-types.js').PoolSize} PoolSize */
/** @typedef {import('../pool/pool.js').Pool} Pool */

/**
 * What the owner implements.
 * @typedef {object} ElasticOwner
 * @property {number} wanted workers that there should be
 * @property {(count: number, reason: 'load' | 'idle') => void} setWanted fewer: only if one of
 *   them has nothing to do
 */

/** Milliseconds between two looks while requests wait, while there are any, and otherwise. */
const WAITING = 10
const BUSY = 50
const QUIET = 1000

/** Looks within the time `idle`, at least. */
const LOOKS = 20

/** Milliseconds that requests wait at most for a worker that is being started. */
const HOLD = 100

/** Milliseconds. If a look is later than that, this process was blocked, and not the workers. */
const BLOCKED = 50

export class Elasticity {
  /** @type {ElasticPolicy | null} null: the pool has a fixed size */
  #policy = null

  /** @type {NodeJS.Timeout | null} */
  #timer = null

  /** When the timer is due. */
  #due = Infinity

  /** Whether the workers get all requests, because no worker has come in time. */
  #released = false

  /**
   * @param {Pool} pool
   * @param {ElasticOwner} owner
   */
  constructor (pool, owner) {
    this.pool = pool
    this.owner = owner
    this.concurrency = pool.concurrency
  }

  /** @param {PoolSize} size that the pool has from now on */
  resize (size) {
    if (size.min === size.max) return this.stop()
    this.#released = false
    this.#policy = new ElasticPolicy(size, this.concurrency)
    this.pool.demand = () => this.#demand()
    this.#look()
  }

  stop () {
    this.#wait(Infinity)
    this.#policy = null
    this.pool.demand = null
    this.#limit(this.concurrency)
  }

  /** A worker has something to do after it had nothing. */
  busy () {
    if (this.#policy !== null && this.#due - performance.now() > BUSY) this.#look()
  }

  /** A worker has become ready, or has ended. */
  changed () {
    if (this.#policy !== null) this.#look()
  }

  /** A request is about to wait, or to be rejected because it cannot. */
  #demand () {
    const { queued, maxQueue, workers } = this.pool
    const isFull = queued * 2 >= maxQueue
    if (isFull) this.#release()
    if (isFull || workers.length === 0 || this.#due - performance.now() > WAITING) {
      this.#look(1, queued >= maxQueue)
    }
  }

  /**
   * @param {number} [more] requests that are about to wait
   * @param {boolean} [isFull] whether they are rejected
   */
  #look (more = 0, isFull = false) {
    const policy = /** @type {ElasticPolicy} */ (this.#policy)
    const { pool, owner } = this
    const now = performance.now()
    const wasBlocked = now - this.#due > BLOCKED
    const ready = pool.workers.length
    const { wanted } = owner
    const waited = isFull ? Infinity : pool.longestWait(now)
    const waiting = pool.queued + more
    const { inFlight } = pool
    const requests = inFlight - pool.sockets
    const count = policy.decide({
      now,
      ready,
      starting: Math.max(0, wanted - ready),
      inFlight: requests,
      waiting,
      waited: wasBlocked ? 0 : waited,
      lag: wasBlocked || wanted === policy.size.max ? 0 : this.#leastLag(now)
    })
    if (count !== wanted) owner.setWanted(count, count > wanted ? 'load' : 'idle')
    if (this.#policy !== policy) return
    if (waited >= HOLD) this.#release()
    else if (requests <= ready * policy.batch / 2) this.#released = false
    const { size, batch } = policy
    const canHelp = owner.wanted < size.max || owner.wanted > ready
    this.#limit(canHelp && !this.#released ? batch : this.concurrency)
    if (waiting > 0) this.#wait(WAITING, now)
    else if (requests > 0) this.#wait(BUSY, now)
    else if (inFlight > 0 || owner.wanted > size.min) {
      this.#wait(Math.max(BUSY, Math.min(QUIET, size.idle / LOOKS)), now)
    } else this.#wait(Infinity)
  }

  /** @param {number} now */
  #leastLag (now) {
    let least = Infinity
    for (const worker of this.pool.workers) {
      least = Math.min(least, worker.inFlight === 0 ? 0 : worker.feel(now))
    }
    return least === Infinity ? 0 : least
  }

  #release () {
    this.#released = true
    this.#limit(this.concurrency)
  }

  /** @param {number} concurrency */
  #limit (concurrency) {
    const { scheduler } = this.pool
    if (scheduler.concurrency === concurrency) return
    const isMore = concurrency > scheduler.concurrency
    scheduler.concurrency = concurrency
    if (isMore) this.pool.feed()
  }

  /**
   * @param {number} delay milliseconds until the next look; Infinity: none
   * @param {number} [now]
   */
  #wait (delay, now = performance.now()) {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#due = now + delay
    this.#timer = delay === Infinity ? null : setTimeout(() => this.#look(), delay)
    this.#timer?.unref()
  }
}
