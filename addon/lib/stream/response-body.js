import { Readable } from 'node:stream'

import { ResponseError } from '../errors.js'
import { rethrowLater } from '../util/guard.js'

/**
 * The body of a streaming response. The application gets credit only for what has been read, so
 * that a slow reader takes at most one window of memory.
 */
export class ResponseBody extends Readable {
  /** @type {Buffer[]} */
  #waiting = []

  #wanted = false
  #ended = false

  /** @type {Error | null} */
  #failure = null

  /** @param {import('./request-stream.js').RequestStream} stream */
  constructor (stream) {
    // Data that is read ahead would count as consumed.
    super({ highWaterMark: 0 })
    this.stream = stream
  }

  /** @param {Buffer} chunk */
  add (chunk) {
    this.#waiting.push(chunk)
    if (this.#wanted) this.#readOn()
  }

  /** The whole body has been added. */
  finish () {
    this.#ended = true
    if (this.#wanted) this.#readOn()
  }

  /**
   * Gives the reader what came before, then the error. Without a reader there is no error event,
   * because an error without a listener would end the process.
   * @param {Error} error
   */
  fail (error) {
    this.#failure = error
    if (this.#wanted) this.#readOn()
  }

  /** Passes something on. What a listener of the user throws is thrown later. */
  #readOn () {
    try {
      this.stream.runInAsyncScope(this._read, this)
    } catch (error) {
      rethrowLater(error)
      // The exception cut short what asks for more.
      this.read(0)
    }
  }

  _read () {
    this.#wanted = false
    const chunk = this.#waiting.shift()
    if (chunk !== undefined) {
      if (!this.#ended) this.stream.consumed(chunk.length)
      this.push(chunk)
    } else if (this.#ended) {
      this.push(null)
    } else if (this.#failure !== null) {
      this.destroy(this.#failure)
    } else {
      this.#wanted = true
    }
  }

  /**
   * @param {Error | null} error
   * @param {(error?: Error | null) => void} callback
   */
  _destroy (error, callback) {
    this.#waiting = []
    this.#wanted = false
    if (!this.#ended && this.#failure === null) {
      this.stream.abort(error ?? new ResponseError('ERR_RESPONSE_ABORTED',
        'the body of the response was destroyed before it was complete'))
    }
    callback(error)
  }
}
