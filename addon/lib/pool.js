/**
 * Where a request goes. `submit` picks the ready worker with the fewest requests in flight and
 * gives it the request (worker.js, then the addon's channel); when all are busy or still starting,
 * the request waits in a bounded queue. Its response comes back through the worker to the stream
 * (stream.js) that was submitted.
 */

import { Clock } from './clock.js'
import { RequestTimeoutError, closedError, noWorkerError, queueFullError } from './errors.js'
import { Queue } from './queue.js'
import { Scheduler } from './scheduler.js'

/** @typedef {import('./stream.js').RequestStream} RequestStream */
/** @typedef {import('./worker.js').Worker} Worker */

/** How many times the clock of the pool turns within the default time limit of a request. */
const TURNS = 10
const LONGEST_TURN = 1000

export class Pool {
  /** @type {Queue<RequestStream>} */
  #queue

  /** @type {Clock} */
  #clock

  /** @type {Error | null} */
  #outage = null

  /** @type {(() => void) | null} */
  #onIdle = null

  /** @param {import('./options.js').Settings} settings */
  constructor (settings) {
    this.scheduler = new Scheduler(settings.concurrency)
    this.#queue = new Queue(settings.maxQueue)
    this.retry = settings.retry
    this.timeout = settings.timeouts.request
    this.#clock = new Clock(Math.min(LONGEST_TURN, this.timeout / TURNS), () => this.#tick())
    /**
     * Those that take requests.
     * @type {Worker[]}
     */
    this.workers = []
    this.closed = false
  }

  get queued () {
    return this.#queue.length
  }

  get inFlight () {
    let sum = 0
    for (const worker of this.workers) sum += worker.inFlight
    return sum
  }

  /** @param {RequestStream} stream */
  submit (stream) {
    if (this.closed) return stream.fail(closedError())
    if (this.timeout > 0) this.#clock.start()
    const worker = this.#queue.length === 0 ? this.scheduler.pick(this.workers) : null
    if (worker !== null) return worker.send(stream)
    if (this.workers.length === 0 && this.#outage !== null) return stream.fail(this.#outage)
    stream.ticket = this.#queue.push(stream)
    if (stream.ticket === null) stream.fail(queueFullError(this.#queue.limit))
  }

  /**
   * The worker of a request is gone: another one gets it if it may be repeated.
   * @param {RequestStream} stream
   * @param {Error} error for it otherwise
   */
  resubmit (stream, error) {
    if (!this.closed && stream.repeats < this.retry && stream.takeBack()) this.submit(stream)
    else stream.fail(error)
  }

  /**
   * For a caller that cannot wait in the queue.
   * @param {RequestStream} stream
   * @returns {Worker}
   */
  submitNow (stream) {
    if (this.closed) throw closedError()
    const worker = this.scheduler.pick(this.workers)
    if (worker !== null) {
      worker.send(stream)
      return worker
    }
    if (this.workers.length > 0) {
      throw noWorkerError('every worker has as many requests in flight as concurrency allows, ' +
        'and handleRequestSync() cannot wait for one; use handleRequest()')
    }
    throw this.#outage ?? noWorkerError('no worker is ready; wait for handler.ready first')
  }

  /** @param {Worker} worker that has become ready */
  add (worker) {
    this.#outage = null
    this.workers.push(worker)
    this.feed()
  }

  /** @param {Worker} worker that takes no more requests */
  remove (worker) {
    const index = this.workers.indexOf(worker)
    if (index !== -1) this.workers.splice(index, 1)
    this.#checkIdle()
  }

  /** Workers have room: the queue moves on. */
  feed () {
    while (this.#queue.length > 0) {
      const worker = this.scheduler.pick(this.workers)
      if (worker === null) return
      const stream = /** @type {RequestStream} */ (this.#queue.shift())
      stream.ticket = null
      worker.send(stream)
    }
    this.#checkIdle()
  }

  /**
   * No worker is there and none is about to come: who waits would wait in vain.
   * @param {Error} error
   */
  fail (error) {
    this.#outage = error
    this.#failQueued(error)
  }

  /** A worker is on its way again: requests may wait for it. */
  recover () {
    this.#outage = null
  }

  /**
   * Takes no more requests, gives those that it has some time, then aborts them.
   * @param {number} timeout milliseconds
   */
  async close (timeout) {
    this.closed = true
    if (timeout > 0 && this.#isBusy()) await this.#idle(timeout)
    this.#failQueued(closedError())
    for (const worker of this.workers) {
      for (const stream of [...worker.streams()]) stream.cancel(closedError())
    }
    this.#clock.stop()
  }

  #isBusy () {
    return this.#queue.length > 0 || this.inFlight > 0
  }

  /** @param {number} timeout */
  #idle (timeout) {
    return /** @type {Promise<void>} */ (new Promise((resolve) => {
      const timer = setTimeout(() => done(), timeout)
      const done = () => {
        clearTimeout(timer)
        this.#onIdle = null
        resolve()
      }
      this.#onIdle = done
    }))
  }

  #checkIdle () {
    if (this.#onIdle !== null && !this.#isBusy()) this.#onIdle()
  }

  /** @param {Error} error */
  #failQueued (error) {
    for (let stream = this.#queue.shift(); stream !== null; stream = this.#queue.shift()) {
      stream.ticket = null
      stream.fail(error)
    }
    this.#checkIdle()
  }

  // One timer for all requests under the default limit: a timer for each would cost more than the
  // request.
  #tick () {
    if (!this.#isBusy()) return false
    const last = Math.ceil(this.timeout / this.#clock.turn)
    for (const worker of this.workers) {
      for (const stream of worker.streams()) this.#age(stream, last)
    }
    for (const stream of this.#queue) this.#age(stream, last)
    return true
  }

  /**
   * @param {RequestStream} stream
   * @param {number} last
   */
  #age (stream, last) {
    if (stream.finished || !stream.timed || ++stream.ticks <= last) return
    stream.cancel(new RequestTimeoutError(this.timeout))
  }
}
