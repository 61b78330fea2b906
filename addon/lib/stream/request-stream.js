/**
 * The state of one request, from the moment it is accepted until its outcome is known.
 *
 * Subclasses are the consumers of a response: as a whole (buffered-stream.js), as a Readable
 * (streaming-stream.js), or written into an HTTP response (http/exchange.js). They implement
 * `onStart`, `onBody` and `onError`. Each consumer sees either a complete response or one onError.
 *
 * A request ends twice. `finished` means that the consumer has its outcome. The worker counts the
 * request until its own last frame for it has arrived.
 *
 * Events of a worker arrive in no particular asynchronous context. A consumer that may run code of
 * the user, such as middleware and listeners, keeps the context of the request (`keepContext`), so
 * that an AsyncLocalStorage has its value there. That takes about 70 ns for a request, and 200
 * while an AsyncLocalStorage is in use. A consumer that only settles a promise does without: what
 * awaits the promise goes on in its own context.
 */

import { AsyncResource } from 'node:async_hooks'
import { Readable } from 'node:stream'

import { BytesUpload, StreamUpload, discard, mayArrive } from './request-body.js'
import { RequestTimeoutError } from '../errors.js'
import { shortHead } from '../message/head.js'
import { Deadline } from '../util/deadline.js'
import { rethrowLater } from '../util/guard.js'

/**
 * @typedef {object} RequestLimits
 * @property {AbortSignal | null} [signal]
 * @property {AbortSignal | null} [gone] aborts when the client has gone, see connection-signal.js
 * @property {number} [timeout] milliseconds
 */

/** @typedef {import('../observe/request-record.js').Outcome} Outcome */

/** @typedef {{ remove: () => void }} Ticket a place in the queue of requests */

/** RFC 9110, section 9.2.1: methods that only read. */
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

/**
 * Whether a request may be sent again when its worker has died.
 * @param {string} [method]
 * @param {boolean} [idempotent] the sender says that a repetition does no harm
 */
export function isRepeatable (method = 'GET', idempotent = false) {
  return idempotent === true || SAFE_METHODS.has(method)
}

export class RequestStream {
  /**
   * @param {string} head
   * @param {import('./request-body.js').Body} body
   */
  constructor (head, body) {
    this.head = head
    this.body = body
    /** @type {import('./carrier.js').Carrier | null} the worker that has it; set by `opened` */
    this.carrier = null
    /** Number of the request in its worker. */
    this.id = 0
    /** @type {Ticket | null} its place in the queue while it waits for a worker */
    this.ticket = null
    /** performance.now() when it was queued, and when a worker got it. */
    this.queuedAt = 0
    this.sentAt = 0
    this.started = false
    this.finished = false
    /** Whether nobody wants the response any more. */
    this.aborted = false
    /** It ended as it should although the worker was told that the client has gone. */
    this.answered = false
    /** @type {object | null} what must not be garbage collected while the request is in flight */
    this.keeper = null
    /** Another worker gets it when the first one dies. */
    this.repeatable = false
    /** How often it has been given to another worker. */
    this.repeats = 0
    /** How many workers have died while they had it. */
    this.deaths = 0
    /** Turns of the pool's clock that it has waited; -Infinity: it has a deadline of its own. */
    this.ticks = 0
    /** @type {import('./request-body.js').Upload | null} */
    this.upload = null
    /** @type {Deadline | null} */
    this.deadline = null
    /** @type {AbortSignal[] | null} what aborts it */
    this.signals = null
    /** @type {AsyncResource | null} set by `keepContext` */
    this.context = null
    /** @type {import('../observe/observers.js').Observed | null} null: nobody observes it */
    this.observed = null
    // Reading the body may run code of the user, such as a generator.
    if (body !== undefined && !(body instanceof Uint8Array)) this.keepContext()
  }

  /** From now on, the consumer is called in the asynchronous context of this call. */
  keepContext () {
    this.context = new AsyncResource('NODE_ASGI_REQUEST')
  }

  /**
   * Calls a method in the context that was kept, if any.
   * @template {any[]} A
   * @template R
   * @param {(...args: A) => R} method
   * @param {object} self its `this`
   * @param {A} args
   * @returns {R}
   */
  runInAsyncScope (method, self, ...args) {
    const { context } = this
    return context === null
      ? method.apply(self, args)
      : context.runInAsyncScope(method, self, ...args)
  }

  /** Whether this is a WebSocket, see socket-stream.js. */
  get isWebSocket () {
    return false
  }

  /** Whether a client sent it over the network, and not the program. */
  get isIncoming () {
    return false
  }

  /**
   * Whether small bodies should arrive as latin-1 strings. A consumer that writes them to a Node
   * stream can join such a string with the head, which is cheaper than writing a Buffer of its own.
   */
  get takesText () {
    return false
  }

  /** Whether the time limit is still running. */
  get timed () {
    return !this.started
  }

  /**
   * @param {RequestLimits} limits
   * @returns {boolean} false: it was aborted before it began
   */
  limit ({ signal, gone, timeout }) {
    for (const one of [signal, gone]) {
      if (one === undefined || one === null) continue
      if (one.aborted) {
        this.fail(one.reason)
        return false
      }
      this.signals ??= []
      this.signals.push(one)
      one.addEventListener('abort', this)
    }
    if (timeout !== undefined) {
      this.ticks = -Infinity
      if (timeout > 0) {
        this.deadline = new Deadline()
        this.deadline.expect(timeout, () => this.cancel(new RequestTimeoutError(timeout)))
      }
    }
    return true
  }

  /**
   * One of the signals aborts.
   * @param {Event} event
   */
  handleEvent ({ target }) {
    this.abort(/** @type {AbortSignal} */ (target).reason)
  }

  /**
   * The request waits for a worker.
   * @param {Ticket} ticket
   */
  queued (ticket) {
    this.ticket = ticket
    this.queuedAt = performance.now()
  }

  /**
   * The request has left the queue.
   * @returns {number} milliseconds that it has waited
   */
  dequeued () {
    this.ticket = null
    const wait = performance.now() - this.queuedAt
    if (this.observed !== null) this.observed.waited(wait)
    return wait
  }

  /**
   * A worker has taken the request.
   * @param {import('./carrier.js').Carrier} carrier
   * @param {number} id
   * @param {number} sent bytes of the body that went with the head
   */
  opened (carrier, id, sent) {
    this.carrier = carrier
    this.id = id
    this.sentAt = performance.now()
    if (this.observed !== null) this.observed.sent(carrier.worker)
    const { body } = this
    const isWhole = body === undefined || body instanceof Uint8Array
    if (!isWhole) this.repeatable = false
    if (!this.repeatable) this.body = undefined
    if (isWhole) {
      if (body === undefined || sent === body.length) return
      this.upload = new BytesUpload(this, body.subarray(sent))
    } else {
      this.upload = new StreamUpload(this, body)
    }
    this.runInAsyncScope(this.upload.begin, this.upload)
  }

  /**
   * The worker that had the request has gone.
   * @returns {boolean} whether another worker may have it
   */
  takeBack () {
    if (!this.repeatable || this.started || this.finished) return false
    if (this.upload !== null) this.upload.stop()
    this.upload = null
    this.carrier = null
    this.id = 0
    this.repeats++
    if (this.observed !== null) this.observed.takenBack()
    return true
  }

  /**
   * Sends a piece of the request body.
   * @param {Uint8Array} bytes
   * @param {boolean} end
   * @returns {number} bytes taken; the rest has to wait for credit
   */
  write (bytes, end) {
    return this.carrier === null ? 0 : this.carrier.write(this.id, bytes, end)
  }

  /**
   * The consumer has taken bytes of the response, so the application may send as many more.
   * @param {number} length
   */
  consumed (length) {
    if (this.carrier !== null) this.carrier.consumed(this.id, length)
  }

  /** There is room for more of the request body. */
  credit () {
    const { upload } = this
    if (upload !== null) this.runInAsyncScope(upload.resume, upload)
  }

  /**
   * The response starts.
   * @param {number} status
   * @param {string} headers joined, see headers.js
   * @param {any} body undefined, a Buffer, or with takesText a string
   * @param {boolean} end
   */
  respond (status, headers, body, end) {
    if (this.finished) return
    this.begin(status)
    if (end) this.finish()
    else this.goesOn()
    // Every request gets here, so no list of arguments is made, unlike in runInAsyncScope().
    const { context } = this
    if (context === null) this.onStart(status, headers, body, end)
    else context.runInAsyncScope(this.onStart, this, status, headers, body, end)
  }

  /**
   * A piece of the response body has arrived.
   * @param {any} body undefined, a Buffer, or with takesText a string
   * @param {boolean} end
   */
  receive (body, end) {
    if (this.finished) return
    if (end) {
      this.finish()
      this.runInAsyncScope(this.onBody, this, body, true)
    } else {
      this.onBody(body, false)
    }
  }

  /**
   * The trailers that end the response have arrived.
   * @param {string} headers joined, see headers.js
   */
  receiveTrailers (headers) {
    if (this.finished) return
    this.finish()
    this.runInAsyncScope(this.onTrailers, this, headers)
  }

  /**
   * The response is complete; its body is the content of a file.
   * @param {number} status
   * @param {string} headers joined
   * @param {import('./file-response.js').PassedFile} file now belongs to this request
   */
  respondFile (status, headers, file) {
    if (this.finished) return file.close()
    this.begin(status)
    this.finish()
    this.runInAsyncScope(this.onFile, this, status, headers, file)
  }

  /**
   * The application hints at what the response will need.
   * @param {string[]} links values of link headers
   * @param {number} cost bytes of the window, to be given back by consumed()
   */
  hintEarly (links, cost) {
    this.runInAsyncScope(this.onEarlyHint, this, links, cost)
  }

  /**
   * The application pushes another response along with this one.
   * @param {string} path
   * @param {string} headers joined
   */
  pushed (path, headers) {
    this.runInAsyncScope(this.onPush, this, path, headers)
  }

  /** The application asks for the body that the client keeps back (100 Continue). */
  continued () {
    this.runInAsyncScope(this.onContinue, this)
  }

  /**
   * Ends the request with an error of which the worker need not be told.
   * @param {Error} error
   * @param {Outcome} [outcome] unless the error tells, see outcome.js
   */
  fail (error, outcome = 'failed') {
    if (this.finished) return
    this.finish(error, outcome)
    this.#report(error)
  }

  /**
   * Handling an event of this request has thrown. The request fails, and nothing else does.
   * @param {unknown} error
   */
  broke (error) {
    const reason = error instanceof Error ? error : new Error(String(error))
    if (this.finished) this.#report(reason)
    else this.cancel(reason, 'failed')
  }

  /** @param {Error} error */
  #report (error) {
    try {
      this.runInAsyncScope(this.onError, this, error)
    } catch (second) {
      this.onBroken(second)
    }
  }

  /**
   * Ends the request from this side: the application gets http.disconnect.
   * @param {Error} error
   * @param {Outcome} [outcome] unless the error tells, see outcome.js
   */
  cancel (error, outcome = 'aborted') {
    if (this.finished) return
    if (this.carrier !== null) this.carrier.abort(this.id, error)
    else if (this.ticket !== null) this.ticket.remove()
    this.fail(error, outcome)
  }

  /**
   * The same, because nobody wants the response any more.
   * @param {Error} error
   */
  abort (error) {
    this.aborted = true
    this.cancel(error)
  }

  /**
   * The response has started.
   * @param {number} status
   */
  begin (status) {
    this.started = true
    this.body = undefined
    if (!this.timed) this.#stopTimer()
    if (this.observed !== null) this.observed.responded(status)
  }

  /** The response may take long, and no other worker will get the request. */
  goesOn () {
    this.head = shortHead(this.head)
  }

  /**
   * The consumer has its outcome, or is about to get it.
   * @param {Error | null} [error]
   * @param {Outcome} [outcome] unless the error tells, see outcome.js
   */
  finish (error = null, outcome = 'answered') {
    this.finished = true
    this.keeper = null
    this.#stopTimer()
    if (this.signals !== null) {
      for (const signal of this.signals) signal.removeEventListener('abort', this)
      this.signals = null
    }
    let source = this.body
    if (this.upload !== null) {
      if (this.upload instanceof StreamUpload) source = this.upload.source
      this.upload.stop()
      this.upload = null
    }
    this.body = undefined
    if (source instanceof Readable) this.runInAsyncScope(this.releaseSource, this, source)
    if (this.observed !== null) this.#tellEnd(this.observed, error, outcome)
  }

  /**
   * @param {import('../observe/observers.js').Observed} observed
   * @param {Error | null} error
   * @param {Outcome} outcome
   */
  #tellEnd (observed, error, outcome) {
    // It may have left the queue without having been taken from it.
    if (this.ticket !== null) this.dequeued()
    observed.ended(error, outcome)
  }

  #stopTimer () {
    if (this.deadline === null) return
    this.deadline.met()
    this.deadline = null
  }

  /**
   * Nobody wants the rest of the request body.
   * @param {Readable} source
   */
  releaseSource (source) {
    if (source.readableEnded || source.destroyed) return
    source.on('error', ignore)
    if (!this.aborted && mayArrive(source)) discard(source)
    else source.destroy()
  }

  /**
   * @param {number} status
   * @param {string} headers
   * @param {any} body undefined, a Buffer, or with takesText a string
   * @param {boolean} end
   */
  onStart (status, headers, body, end) {
    throw new Error('not implemented')
  }

  /**
   * @param {any} body undefined, a Buffer, or with takesText a string
   * @param {boolean} end
   */
  onBody (body, end) {
    throw new Error('not implemented')
  }

  /** @param {string} headers joined */
  onTrailers (headers) {
    throw new Error('not implemented')
  }

  /**
   * @param {number} status
   * @param {string} headers joined
   * @param {import('./file-response.js').PassedFile} file
   */
  onFile (status, headers, file) {
    throw new Error('not implemented')
  }

  /** @param {Error} error */
  onError (error) {
    throw error
  }

  /**
   * Not even onError() could be handled.
   * @param {unknown} error
   */
  onBroken (error) {
    rethrowLater(error)
  }

  // Only clients on the network use the following.

  /**
   * @param {string[]} links
   * @param {number} cost
   */
  onEarlyHint (links, cost) {
    this.consumed(cost)
  }

  /**
   * @param {string} path
   * @param {string} headers
   */
  onPush (path, headers) {}

  /** @param {number} length bytes of the request body that have arrived from a source */
  received (length) {}

  onContinue () {}
}

function ignore () {}
