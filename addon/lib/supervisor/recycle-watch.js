import { Clock } from '../util/clock.js'
import { processUsage } from '../worker/process-usage.js'
import { RestartPolicy } from './restart-policy.js'

/** @typedef {import('../worker/worker.js').Worker} Worker */
/** @typedef {'requests' | 'memory' | 'age' | 'asked'} RecycleReason */

/** Milliseconds between two looks at the memory of the workers. */
const TURN = 1000

/** @param {number} pid */
const residentMemory = (pid) => processUsage(pid).memory

/**
 * Finds workers that have served long enough and has them replaced, one after the other: starting a
 * successor takes cores and memory from the workers that serve.
 */
export class RecycleWatch {
  /** @type {Clock} */
  #clock

  /** @type {Map<Worker, { age: NodeJS.Timeout | undefined, requests: number }>} */
  #watched = new Map()

  /** @type {Map<Worker, RecycleReason>} workers that wait for a successor; the first is next */
  #due = new Map()

  /** @type {Worker | null} whose successor is starting */
  #active = null

  /** @type {NodeJS.Timeout | null} */
  #retry = null

  /**
   * @param {object} parts
   * @param {import('../options.js').Recycle} parts.limits
   * @param {import('../options.js').Restart} parts.restart delays after a successor has failed
   * @param {(worker: Worker, reason: RecycleReason) => void} parts.onDue it is the worker's turn
   * @param {(pid: number) => number} [parts.memoryOf]
   * @param {() => number} [parts.random]
   */
  constructor ({ limits, restart, onDue, memoryOf = residentMemory, random = Math.random }) {
    this.limits = limits
    this.onDue = onDue
    this.memoryOf = memoryOf
    this.random = random
    this.policy = new RestartPolicy(restart, random)
    this.#clock = new Clock(TURN, () => this.#look())
  }

  /** @param {Worker} worker that has begun to take requests */
  watch (worker) {
    const { requests, age } = this.limits
    const quota = this.#spread(requests)
    worker.limitRequests(quota)
    const timer = age === Infinity
      ? undefined
      : setTimeout(() => this.due(worker, 'age'), this.#spread(age))
    timer?.unref()
    this.#watched.set(worker, { age: timer, requests: 0 })
    if (worker.traffic.requests >= quota) this.due(worker, 'requests')
  }

  /** A worker has something to do, so its memory may grow. */
  start () {
    if (this.limits.memory !== Infinity) this.#clock.start()
  }

  /**
   * @param {Worker} worker
   * @param {RecycleReason} reason
   */
  due (worker, reason) {
    if (!this.#watched.has(worker) || this.#due.has(worker)) return
    this.#due.set(worker, reason)
    this.#next()
  }

  /** @param {Worker} worker that takes no more requests: it has been replaced, or has gone */
  done (worker) {
    clearTimeout(this.#watched.get(worker)?.age)
    this.#watched.delete(worker)
    this.#due.delete(worker)
    if (this.#active !== worker) return
    this.#active = null
    this.policy.reset()
    this.#next()
  }

  /**
   * The successor of a worker could not start. The worker stays; the next one has its turn later.
   * @param {Worker} worker
   */
  failed (worker) {
    if (this.#active !== worker) return
    this.#active = null
    if (this.#retry !== null) return
    this.#retry = setTimeout(() => {
      this.#retry = null
      this.#next()
    }, this.policy.failed() + this.policy.settings.min)
    this.#retry.unref()
  }

  stop () {
    this.#clock.stop()
    if (this.#retry !== null) clearTimeout(this.#retry)
    for (const { age } of this.#watched.values()) clearTimeout(age)
    this.#watched.clear()
    this.#due.clear()
    this.#active = null
  }

  #next () {
    if (this.#active !== null || this.#retry !== null) return
    const [first] = this.#due
    if (first === undefined) return
    this.#active = first[0]
    this.onDue(...first)
  }

  /**
   * Looks only at workers that had work since the last look: the memory of others does not grow.
   */
  #look () {
    let busy = false
    for (const [worker, last] of this.#watched) {
      const { requests } = worker.traffic
      if (worker.inFlight === 0 && requests === last.requests) continue
      last.requests = requests
      busy = true
      if (this.memoryOf(worker.pid) >= this.limits.memory) this.due(worker, 'memory')
    }
    return busy
  }

  /**
   * Keeps workers that started together from being replaced together.
   * @param {number} limit
   */
  #spread (limit) {
    return limit === Infinity ? limit : Math.ceil(limit * (1 - this.limits.jitter * this.random()))
  }
}
