/**
 * The requests that wait for a worker. Health checks have a few places of their own and go first,
 * so that nobody ends a pool that is only busy. While others wait, no two of them go in a row:
 * otherwise a client could keep everybody waiting with them.
 */

import { routedPath } from '../message/head.js'
import { Queue } from './queue.js'

/** @typedef {import('../stream/request-stream.js').RequestStream} RequestStream */

/** Orchestrators and load balancers send one at a time. */
const HEALTH_PLACES = 8

const HEALTH_METHOD = /^(?:GET|HEAD)\0/

export class WaitingRoom {
  /** @type {Queue<RequestStream>} */
  #health = new Queue(HEALTH_PLACES)

  /** @type {Queue<RequestStream>} */
  #others

  /** Whether the last request to leave was a health check. */
  #afterHealth = false

  /** @param {import('../options.js').Settings} settings */
  constructor ({ maxQueue, healthPaths, rootPath }) {
    this.#others = new Queue(maxQueue)
    this.healthPaths = new Set(healthPaths)
    this.rootPath = rootPath
  }

  get length () {
    return this.#health.length + this.#others.length
  }

  /** Requests other than health checks that may wait. */
  get limit () {
    return this.#others.limit
  }

  /**
   * @param {RequestStream} stream
   * @returns {import('./queue.js').Ticket<RequestStream> | null} null: there is no place
   */
  push (stream) {
    const ticket = this.#isHealthCheck(stream) ? this.#health.push(stream) : null
    return ticket ?? this.#others.push(stream)
  }

  /** @returns {RequestStream | null} null: none is waiting */
  shift () {
    const [first, second] = this.#afterHealth
      ? [this.#others, this.#health]
      : [this.#health, this.#others]
    const queue = first.length > 0 ? first : second
    this.#afterHealth = queue === this.#health
    return queue.shift()
  }

  /** @returns {number} performance.now() at which the oldest began to wait; Infinity: none waits */
  get since () {
    return Math.min(this.#health.first?.queuedAt ?? Infinity,
      this.#others.first?.queuedAt ?? Infinity)
  }

  * [Symbol.iterator] () {
    yield * this.#health
    yield * this.#others
  }

  /** @param {RequestStream} stream */
  #isHealthCheck ({ head, body, isWebSocket }) {
    return !isWebSocket && body === undefined && HEALTH_METHOD.test(head) &&
      this.healthPaths.has(routedPath(head, this.rootPath))
  }
}
