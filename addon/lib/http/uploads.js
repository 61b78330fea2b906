/**
 * Requests whose bodies have not arrived take no places from others. A small body is gathered
 * before the request goes to the pool. Larger ones, and those of unknown length, may take half of
 * the places until they have arrived, and more of them wait. So a client that sends slowly, or
 * nothing, keeps nobody from being served but other clients that upload.
 */

import { queueFullError } from '../errors.js'
import { isRepeatable } from '../stream/request-stream.js'
import { Queue } from '../pool/queue.js'
import { BodyRate } from './body-rate.js'
import { PassingExchange } from './passing-exchange.js'

/** @typedef {import('./exchange.js').HttpExchange} HttpExchange */

export class Uploads {
  /** Requests in the pool whose bodies are arriving. */
  #open = 0

  /** @type {Queue<HttpExchange>} those for which there was no place */
  #waiting

  /** @type {BodyRate} */
  #rate

  /**
   * @param {import('../pool/pool.js').Pool} pool
   * @param {number} small bytes that go to the application in one frame with the head
   * @param {import('../options.js').Settings} settings
   */
  constructor (pool, small, { concurrency, maxQueue, minBodyRate }) {
    this.pool = pool
    this.small = small
    this.concurrency = concurrency
    this.#waiting = new Queue(maxQueue)
    this.#rate = new BodyRate(minBodyRate)
  }

  /** Requests that may be in the pool while their bodies arrive. */
  get places () {
    return Math.max(1, Math.floor(this.pool.maxWorkers * this.concurrency / 2))
  }

  /**
   * @param {HttpExchange} exchange
   * @param {import('../stream/request-body.js').Body} body
   * @param {number} length of the body in bytes; Infinity: unknown
   */
  begin (exchange, body, length) {
    const { req } = exchange
    if (exchange.finished) return
    if (exchange instanceof PassingExchange && exchange.kept !== null) {
      this.#keep(exchange, exchange.kept)
    } else if (body === req) {
      exchange.body = req
      // A body that came in the same packet as the head can be read in the next tick.
      if (exchange.keepsBody || !(length <= this.small)) this.#enter(exchange)
      else process.nextTick(gather, this, exchange, length)
    } else {
      exchange.body = body
      if (!exchange.keepsBody) exchange.repeatable = isRepeatable(req.method)
      this.pool.submit(exchange)
    }
  }

  /**
   * @param {HttpExchange} exchange
   * @param {number} length
   */
  gather (exchange, length) {
    const { req } = exchange
    if (exchange.finished) return
    const chunk = req.readableFlowing === null ? req.read() : null
    if (chunk !== null && chunk.length === length) {
      exchange.received(length)
      // The parser has not reported the end yet.
      req.resume()
      return this.#submitWhole(exchange, chunk)
    }
    if (chunk !== null) req.unshift(chunk)
    this.#expect(exchange)
    this.#rate.watch(exchange)
    /** @type {Buffer[]} */
    const pieces = []
    req.on('data', (/** @type {Buffer} */ piece) => {
      if (exchange.finished) return
      pieces.push(piece)
      exchange.received(piece.length)
    })
    // It may have been paused before it was handed over.
    if (req.readableFlowing === false) req.resume()
    req.on('end', () => this.#submitWhole(exchange, Buffer.concat(pieces)))
    // The response reports that the client has gone.
    req.on('error', () => {})
  }

  /**
   * The body may go to another handler afterwards.
   * @param {import('./passing-exchange.js').PassingExchange} exchange
   * @param {import('./kept-body.js').KeptBody} kept
   */
  #keep (exchange, kept) {
    this.#expect(exchange)
    if (exchange.finished) return
    this.#rate.watch(exchange)
    exchange.req.on('error', () => {})
    kept.read({
      received: (length) => exchange.received(length),
      done: (body) => this.#submitWhole(exchange, body),
      tooLong: () => {
        exchange.kept = null
        exchange.takesBody = true
        exchange.bodyBytes = 0
        this.pool.forget(exchange)
        if (exchange.finished) return
        exchange.body = exchange.req
        this.#enter(exchange)
      }
    })
  }

  /**
   * @param {HttpExchange} exchange
   * @param {Buffer} body
   */
  #submitWhole (exchange, body) {
    if (exchange.finished) return
    exchange.body = body.length === 0 ? undefined : body
    this.pool.submit(exchange)
  }

  /** @param {HttpExchange} exchange whose body is arriving while the application reads it */
  #enter (exchange) {
    if (this.#open < this.places) return this.#admit(exchange)
    const ticket = this.#waiting.push(exchange)
    if (ticket === null) return this.pool.reject(exchange, queueFullError(this.#waiting.limit))
    exchange.queued(ticket)
    this.#expect(exchange)
  }

  /** @param {HttpExchange} exchange */
  #admit (exchange) {
    const { req, res } = exchange
    this.#open++
    let isOpen = true
    const leave = () => {
      if (isOpen) this.#leave()
      isOpen = false
    }
    req.once('end', leave)
    res.once('close', leave)
    this.#rate.watch(exchange)
    this.pool.submit(exchange)
  }

  #leave () {
    this.#open--
    const next = this.#waiting.shift()
    if (next === null) return
    next.dequeued()
    this.#admit(next)
  }

  /** @param {HttpExchange} exchange that is not in the pool yet */
  #expect (exchange) {
    this.pool.expect(exchange)
    exchange.res.once('close', () => this.pool.forget(exchange))
  }
}

/**
 * @param {Uploads} uploads
 * @param {HttpExchange} exchange
 * @param {number} length
 */
function gather (uploads, exchange, length) {
  uploads.gather(exchange, length)
}
