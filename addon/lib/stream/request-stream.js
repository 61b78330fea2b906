/**
 * The state of one request, from the moment it is accepted until its outcome is known.
 *
 * Subclasses are the ways to take a response: whole (buffered-stream.js), as a Readable
 * (streaming-stream.js), or straight into an HTTP response (http/exchange.js). They implement
 * `onStart`, `onBody` and `onError`; each request sees either a complete response or one onError.
 *
 * Two ends must not be confused: `finished` means that the consumer has its outcome, while a worker
 * counts the request until its own last frame for it has come.
 */

import { Readable } from 'node:stream'

import { BytesUpload, StreamUpload } from './request-body.js'
import { RequestTimeoutError } from '../errors.js'

/** @typedef {{ signal?: AbortSignal | null, timeout?: number }} RequestLimits */

/** RFC 9110, 9.2.1: done twice they do no more than done once. */
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

/**
 * @param {string} [method]
 * @param {boolean} [idempotent] its sender says so
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
    /** @type {import('../worker/in-flight.js').InFlight | null} */
    this.worker = null
    this.id = 0
    /** @type {import('../pool/queue.js').Ticket<RequestStream> | null} */
    this.ticket = null
    /** performance.now() when it was queued, and when a worker got it. */
    this.queuedAt = 0
    this.sentAt = 0
    this.started = false
    this.finished = false
    /** It ended as it should although the worker was told that its client is gone. */
    this.answered = false
    /** May be done a second time: another worker gets it when the first one dies. */
    this.repeatable = false
    /** How often it has gone to another worker. */
    this.repeats = 0
    /** Turns of the pool's clock that it has waited; -Infinity: does not go by that clock. */
    this.ticks = 0
    /** @type {import('./request-body.js').Upload | null} */
    this.upload = null
    /** @type {NodeJS.Timeout | null} */
    this.timer = null
    /** @type {AbortSignal | null} */
    this.signal = null
  }

  /** Whether this is a WebSocket, see socket-stream.js. */
  get isWebSocket () {
    return false
  }

  /**
   * Whether a small body is wanted as a string, a character a byte, for who writes it to a stream of
   * Node: one with what stands before it, and so cheaper than a Buffer beside it.
   */
  get takesText () {
    return false
  }

  /** Whether the time limit still runs. */
  get timed () {
    return !this.started
  }

  /**
   * @param {RequestLimits} limits
   * @returns {boolean} false: it was aborted before it began
   */
  limit ({ signal, timeout }) {
    if (signal !== undefined && signal !== null) {
      if (signal.aborted) {
        this.fail(signal.reason)
        return false
      }
      this.signal = signal
      signal.addEventListener('abort', this)
    }
    if (timeout !== undefined) {
      this.ticks = -Infinity
      if (timeout > 0) this.timer = setTimeout(expire, timeout, this, timeout)
    }
    return true
  }

  /** The signal's abort event. */
  handleEvent () {
    const { signal } = this
    if (signal !== null) this.cancel(signal.reason)
  }

  /**
   * A worker has taken the request.
   * @param {import('../worker/in-flight.js').InFlight} worker
   * @param {number} id
   * @param {number} sent bytes of the body that went with the head
   */
  opened (worker, id, sent) {
    this.worker = worker
    this.id = id
    this.ticket = null
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
    this.upload.begin()
  }

  /**
   * The worker that had it is gone.
   * @returns {boolean} whether it can be given to another one
   */
  takeBack () {
    if (!this.repeatable || this.started || this.finished) return false
    if (this.upload !== null) this.upload.stop()
    this.upload = null
    this.worker = null
    this.id = 0
    this.repeats++
    return true
  }

  /**
   * Sends a piece of the request body.
   * @param {Uint8Array} bytes
   * @param {boolean} end
   * @returns {number} bytes taken; the rest has to wait for credit
   */
  write (bytes, end) {
    return this.worker === null ? 0 : this.worker.write(this.id, bytes, end)
  }

  /**
   * The consumer has taken bytes of the response: the application may send as many more.
   * @param {number} length
   */
  consumed (length) {
    if (this.worker !== null) this.worker.consumed(this.id, length)
  }

  /** There is room for more of the request body. */
  credit () {
    if (this.upload !== null) this.upload.resume()
  }

  /**
   * @param {number} status
   * @param {string} headers joined, see headers.js
   * @param {any} body undefined, a Buffer, or with takesText a string
   * @param {boolean} end
   */
  respond (status, headers, body, end) {
    if (this.finished) return
    this.begin()
    if (end) this.finish()
    this.onStart(status, headers, body, end)
  }

  /**
   * @param {any} body undefined, a Buffer, or with takesText a string
   * @param {boolean} end
   */
  receive (body, end) {
    if (this.finished) return
    if (end) this.finish()
    this.onBody(body, end)
  }

  /**
   * The body is complete, and this is what comes after it.
   * @param {string} headers joined, see headers.js
   */
  receiveTrailers (headers) {
    if (this.finished) return
    this.finish()
    this.onTrailers(headers)
  }

  /**
   * The whole response, of which the body lies in a file.
   * @param {number} status
   * @param {string} headers joined
   * @param {Buffer} path
   */
  respondFile (status, headers, path) {
    if (this.finished) return
    this.begin()
    this.finish()
    this.onFile(status, headers, path)
  }

  /**
   * Ends the request with an error; the worker knows already, or never had it.
   * @param {Error} error
   */
  fail (error) {
    if (this.finished) return
    this.finish()
    this.onError(error)
  }

  /**
   * Ends the request from this side: the application gets http.disconnect.
   * @param {Error} error
   */
  cancel (error) {
    if (this.finished) return
    if (this.worker !== null) this.worker.abort(this.id)
    else if (this.ticket !== null) this.ticket.remove()
    this.fail(error)
  }

  /** The outcome has begun to come. */
  begin () {
    this.started = true
    this.body = undefined
    if (!this.timed) this.#stopTimer()
  }

  /** The consumer has its outcome, or is about to get it. */
  finish () {
    this.finished = true
    this.#stopTimer()
    if (this.signal !== null) {
      this.signal.removeEventListener('abort', this)
      this.signal = null
    }
    let source = this.body
    if (this.upload !== null) {
      if (this.upload instanceof StreamUpload) source = this.upload.source
      this.upload.stop()
      this.upload = null
    }
    this.body = undefined
    if (source instanceof Readable) this.releaseSource(source)
  }

  #stopTimer () {
    if (this.timer === null) return
    clearTimeout(this.timer)
    this.timer = null
  }

  /**
   * The rest of the request body is not wanted any more.
   * @param {Readable} source
   */
  releaseSource (source) {
    if (source.readableEnded || source.destroyed) return
    source.on('error', ignore)
    source.destroy()
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
   * @param {string} headers
   * @param {Buffer} path
   */
  onFile (status, headers, path) {
    throw new Error('not implemented')
  }

  /** @param {Error} error */
  onError (error) {
    throw error
  }

  // What only a client on the network can use.

  /** @param {string[]} links values of link headers */
  onEarlyHint (links) {}

  /**
   * @param {string} path
   * @param {string} headers joined
   */
  onPush (path, headers) {}

  /** The application asks for the body that the client keeps back. */
  onContinue () {}
}

/**
 * @param {RequestStream} stream
 * @param {number} timeout
 */
function expire (stream, timeout) {
  stream.cancel(new RequestTimeoutError(timeout))
}

function ignore () {}
