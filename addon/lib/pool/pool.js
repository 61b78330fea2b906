/**
 * Decides which worker gets a request. `submit` gives it to the ready worker with the fewest
 * requests in flight (worker.js, then the addon's channel). When all workers are busy or still
 * starting, the request waits in a bounded queue. The worker passes the response to the stream
 * (request-stream.js) that was submitted.
 */

import { Clock } from '../util/clock.js'
import {
  RequestTimeoutError, closedError, diedByItself, noWorkerError, queueFullError
} from '../errors.js'
import { nameRequest } from '../message/head.js'
import { Observers } from '../observe/observers.js'
import { Scheduler } from './scheduler.js'
import { optionName } from '../util/option-name.js'
import { Times } from '../util/times.js'
import { WaitingRoom } from './waiting-room.js'

/** @typedef {import('../stream/request-stream.js').RequestStream} RequestStream */
/** @typedef {import('../worker/worker.js').Worker} Worker */

/** Turns of the clock within the default time limit of a request. */
const TURNS = 10

/** Milliseconds. */
const LONGEST_TURN = 1000

/** Workers that may die while they have the same request. */
const MAX_DEATHS = 2

export class Pool {
  /** @type {WaitingRoom} */
  #queue

  /** @type {Clock} */
  #clock

  /**
   * Keeps the process alive while requests wait. Nothing else does so until the next worker is
   * started.
   * @type {Clock}
   */
  #hold = new Clock(LONGEST_TURN, () => this.queued > 0, true)

  /** @type {Error | null} */
  outage = null

  /** @type {(() => void) | null} */
  #onEmpty = null

  /** @type {(() => void) | null} called before a request waits, or is rejected for lack of room */
  demand = null

  /**
   * @param {import('../options.js').Settings} settings
   * @param {Observers} [observers] who see every request from here on
   */
  constructor (settings, observers = new Observers()) {
    this.observers = observers
    this.concurrency = settings.concurrency
    this.scheduler = new Scheduler(settings.concurrency)
    this.#queue = new WaitingRoom(settings)
    /** The most workers that there will be. */
    this.maxWorkers = settings.workers.max
    this.retry = settings.retry
    this.logger = settings.logger
    this.timeout = settings.timeouts.request
    this.#clock = new Clock(Math.min(LONGEST_TURN, this.timeout / TURNS), () => this.#tick())
    /**
     * Workers that take requests.
     * @type {Worker[]}
     */
    this.workers = []
    /**
     * All workers that may have requests, including those that take no more.
     * @type {() => Iterable<Worker>}
     */
    this.members = () => this.workers
    /**
     * Requests from the network whose bodies have not arrived, so that no worker gets them yet.
     * @type {Set<RequestStream>}
     */
    this.arriving = new Set()
    this.closed = false
    /** How often a request was given to another worker after its first one had died. */
    this.retried = 0
    /** Requests that failed before a worker was given them. */
    this.rejected = 0
    /** How long requests waited in the queue. */
    this.waits = new Times()
  }

  get queued () {
    return this.#queue.length
  }

  /** Requests that may wait. */
  get maxQueue () {
    return this.#queue.limit
  }

  /**
   * @param {number} now performance.now()
   * @returns {number} milliseconds that the oldest request has waited
   */
  longestWait (now) {
    return Math.max(0, now - this.#queue.since)
  }

  /** Open WebSockets. */
  get sockets () {
    let sum = 0
    for (const worker of this.members()) sum += worker.sockets
    return sum
  }

  get inFlight () {
    let sum = 0
    for (const worker of this.members()) sum += worker.inFlight
    return sum
  }

  /** Requests that wait for a worker. */
  get waiting () {
    return this.#queue[Symbol.iterator]()
  }

  /** All requests and WebSockets that a worker has or that wait for one. */
  * streams () {
    for (const worker of this.members()) yield * worker.streams()
    yield * this.#queue
    yield * this.arriving
  }

  /** @param {RequestStream} stream that will be submitted when its body has arrived */
  expect (stream) {
    if (!this.#take(stream)) return
    if (this.closed) return this.reject(stream, closedError())
    this.arriving.add(stream)
    if (this.timeout > 0) this.#clock.start()
  }

  /** @param {RequestStream} stream that is not expected any more */
  forget (stream) {
    if (this.arriving.delete(stream)) this.#emptied()
  }

  /** @param {RequestStream} stream */
  submit (stream) {
    if (!this.#take(stream)) return
    const expected = this.arriving.size > 0 && this.arriving.delete(stream)
    if (this.closed && !expected) return this.reject(stream, closedError())
    this.#accept(stream)
    if (expected) this.#emptied()
  }

  /**
   * Each request comes by here first, whichever way it came in.
   * @param {RequestStream} stream
   * @returns {boolean} false: an observer has cancelled it
   */
  #take (stream) {
    if (stream.observed !== null || !this.observers.active) return true
    this.observers.begin(stream)
    return !stream.finished
  }

  /** @param {RequestStream} stream */
  #accept (stream) {
    if (this.timeout > 0) this.#clock.start()
    const worker = this.#pick()
    if (worker !== null) return worker.send(stream)
    if (this.workers.length === 0 && this.outage !== null) {
      return this.reject(stream, this.outage)
    }
    const ticket = this.#queue.push(stream)
    if (ticket === null) return this.reject(stream, queueFullError(this.#queue.limit))
    stream.queued(ticket)
    this.#hold.start()
  }

  #pick () {
    const worker = this.#queue.length === 0 ? this.scheduler.pick(this.workers) : null
    if (worker !== null || this.demand === null) return worker
    this.demand()
    return this.#queue.length === 0 ? this.scheduler.pick(this.workers) : null
  }

  /**
   * The worker of a request has gone. Another one gets the request if it may be repeated, and
   * unless the request seems to be what ends workers.
   * @param {RequestStream} stream
   * @param {Error} error that it fails with otherwise
   */
  resubmit (stream, error) {
    if (diedByItself(error) && ++stream.deaths === MAX_DEATHS && !stream.finished) {
      this.logger.error(`[node-asgi] ${nameRequest(stream.head)} was in flight in ${MAX_DEATHS} ` +
        'workers that died, so it is not given to another one')
    }
    const mayRepeat = stream.repeats < this.retry && stream.deaths < MAX_DEATHS
    if (!this.closed && mayRepeat && stream.takeBack()) {
      this.retried++
      this.submit(stream)
    } else {
      stream.fail(error)
    }
  }

  /**
   * For a caller that cannot wait in the queue.
   * @param {RequestStream} stream
   * @returns {Worker | null} null: the request has been rejected
   */
  submitNow (stream) {
    this.#take(stream)
    const worker = this.closed ? null : this.scheduler.pick(this.workers, this.concurrency)
    if (worker === null) this.reject(stream, this.#whyNotNow())
    else worker.send(stream)
    return worker
  }

  #whyNotNow () {
    if (this.closed) return closedError()
    if (this.workers.length > 0) {
      return noWorkerError('every worker has as many requests in flight as ' +
        `${optionName('concurrency')} allows, and handleRequestSync() cannot wait for one; ` +
        'use handleRequest()')
    }
    return this.outage ?? noWorkerError('no worker is ready; wait for handler.ready first')
  }

  /** @param {Worker} worker that has become ready */
  add (worker) {
    this.outage = null
    this.workers.push(worker)
    this.feed()
  }

  /** @param {Worker} worker that takes no more requests */
  remove (worker) {
    const index = this.workers.indexOf(worker)
    if (index !== -1) this.workers.splice(index, 1)
  }

  /** Workers have room for requests from the queue. */
  feed () {
    while (this.#queue.length > 0) {
      const worker = this.scheduler.pick(this.workers)
      if (worker === null) return
      const stream = /** @type {RequestStream} */ (this.#queue.shift())
      this.waits.add(stream.dequeued())
      worker.send(stream)
    }
    this.#hold.stop()
    this.#emptied()
  }

  /**
   * There is no worker, and none is about to start, so requests that wait fail.
   * @param {Error} error
   */
  fail (error) {
    this.outage = error
    this.#failQueued(error)
  }

  /**
   * Takes no more requests. Those that wait, for a worker or for the rest of their bodies, have
   * some time to reach a worker.
   * @param {number} timeout milliseconds
   * @returns {Promise<number>} milliseconds of the timeout that are left
   */
  async close (timeout) {
    this.closed = true
    const end = performance.now() + timeout
    if (timeout > 0 && !this.#isEmpty) {
      await /** @type {Promise<void>} */ (new Promise((resolve) => {
        const timer = setTimeout(resolve, timeout)
        this.#onEmpty = () => {
          clearTimeout(timer)
          resolve()
        }
      }))
    }
    this.#failQueued(closedError())
    return Math.max(0, end - performance.now())
  }

  /**
   * Ends a request that no worker gets.
   * @param {RequestStream} stream
   * @param {Error} error
   */
  reject (stream, error) {
    this.#take(stream)
    this.rejected++
    stream.fail(error)
  }

  get #isEmpty () {
    return this.queued === 0 && this.arriving.size === 0
  }

  #emptied () {
    if (this.#isEmpty) this.#onEmpty?.()
  }

  /** @param {Error} error */
  #failQueued (error) {
    for (let stream = this.#queue.shift(); stream !== null; stream = this.#queue.shift()) {
      stream.dequeued()
      this.reject(stream, error)
    }
    for (const stream of this.arriving) this.reject(stream, error)
    this.arriving.clear()
    this.#hold.stop()
    this.#emptied()
  }

  // One timer for all requests under the default limit: a timer for each would cost more than the
  // request.
  #tick () {
    if (this.queued === 0 && this.inFlight === 0 && this.arriving.size === 0) return false
    const last = Math.ceil(this.timeout / this.#clock.turn)
    for (const stream of this.streams()) this.#age(stream, last)
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
