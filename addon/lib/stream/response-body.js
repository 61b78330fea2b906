import { Readable } from 'node:stream'

import { ResponseError } from '../errors.js'

/**
 * The body of a streaming response. Credit goes back to the application only for what the reader
 * really took, so a slow reader costs one window of memory and no more.
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
    // Reading ahead would count as consuming.
    super({ highWaterMark: 0 })
    this.stream = stream
  }

  /** @param {Buffer} chunk */
  add (chunk) {
    this.#waiting.push(chunk)
    if (this.#wanted) this._read()
  }

  /** The last byte has been added. */
  finish () {
    this.#ended = true
    if (this.#wanted) this._read()
  }

  /**
   * The reader gets what came before, then the error. Nobody is told who does not read: an error
   * without a listener would end the process.
   * @param {Error} error
   */
  fail (error) {
    this.#failure = error
    if (this.#wanted) this._read()
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
      this.stream.cancel(error ?? new ResponseError('ERR_RESPONSE_ABORTED',
        'the body of the response was destroyed before its end'))
    }
    callback(error)
  }
}
