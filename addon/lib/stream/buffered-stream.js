import { bodyLength } from './file-response.js'
import { parseJoined, splitJoined } from '../message/headers.js'
import { EMPTY, bufferedResponse } from '../message/response.js'
import { RequestStream } from './request-stream.js'

/** Collects the whole response. The time limit of the request runs until that is complete. */
export class BufferedStream extends RequestStream {
  /**
   * @param {string} head
   * @param {import('./request-body.js').Body} body
   * @param {(response: import('../message/response.js').Response) => void} resolve
   * @param {(error: Error) => void} reject
   */
  constructor (head, body, resolve, reject) {
    super(head, body)
    this.resolve = resolve
    this.reject = reject
    this.status = 0
    this.headers = ''
    /** @type {Buffer[] | null} pieces of the body; null: none has arrived */
    this.chunks = null
  }

  get timed () {
    return !this.finished
  }

  /**
   * @param {number} status
   * @param {string} headers
   * @param {Buffer | undefined} body
   * @param {boolean} end
   */
  onStart (status, headers, body, end) {
    if (end) {
      this.resolve(bufferedResponse(status, headers, body ?? EMPTY))
      return
    }
    this.status = status
    this.headers = headers
    this.#collect(body)
  }

  /**
   * @param {Buffer | undefined} body
   * @param {boolean} end
   */
  onBody (body, end) {
    if (!end) return this.#collect(body)
    if (body !== undefined) this.#keep(body)
    this.resolve(bufferedResponse(this.status, this.headers, this.#body()))
  }

  /** @param {string} headers */
  onTrailers (headers) {
    const response = bufferedResponse(this.status, this.headers, this.#body())
    response.trailers = parseJoined(headers)
    this.resolve(response)
  }

  /**
   * @param {number} status
   * @param {string} headers
   * @param {import('./file-response.js').PassedFile} file
   */
  onFile (status, headers, file) {
    this.#readFile(headers, file).then(
      (body) => this.resolve(bufferedResponse(status, headers, body)), this.reject)
  }

  /**
   * @param {string} headers
   * @param {import('./file-response.js').PassedFile} file
   */
  async #readFile (headers, file) {
    try {
      const length = bodyLength(splitJoined(headers), await file.size())
      return Buffer.concat(await file.read(0, length).toArray())
    } finally {
      file.close()
    }
  }

  /** @param {Buffer | undefined} body */
  #collect (body) {
    if (body === undefined) return
    this.#keep(body)
    this.consumed(body.length)
  }

  /** @param {Buffer} body a piece of it */
  #keep (body) {
    if (this.chunks === null) this.chunks = [body]
    else this.chunks.push(body)
  }

  /** @returns {Buffer} */
  #body () {
    if (this.chunks === null) return EMPTY
    return this.chunks.length === 1 ? this.chunks[0] : Buffer.concat(this.chunks)
  }

  /** @param {Error} error */
  onError (error) {
    this.chunks = null
    this.reject(error)
  }
}

/** For handleRequestSync(), which blocks the event loop: reads files synchronously. */
export class BlockingStream extends BufferedStream {
  /**
   * @param {number} status
   * @param {string} headers
   * @param {import('./file-response.js').PassedFile} file
   */
  onFile (status, headers, file) {
    try {
      this.resolve(bufferedResponse(status, headers, file.readSync(headers)))
    } catch (error) {
      this.reject(/** @type {Error} */ (error))
    }
  }
}
