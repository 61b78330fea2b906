import { ResponseBody } from './response-body.js'
import { bodyLength } from './file-response.js'
import { parseJoined, splitJoined } from '../message/headers.js'
import { streamingResponse } from '../message/response.js'
import { RequestStream } from './request-stream.js'

/** Delivers the response when it starts. The body follows as a Readable. */
export class StreamingStream extends RequestStream {
  /**
   * @param {string} head
   * @param {import('./request-body.js').Body} body
   * @param {(response: import('../message/response.js').StreamingResponse) => void} resolve
   * @param {(error: Error) => void} reject
   */
  constructor (head, body, resolve, reject) {
    super(head, body)
    // The body has listeners.
    if (this.context === null) this.keepContext()
    this.resolve = resolve
    this.reject = reject
    /** @type {ResponseBody | null} */
    this.readable = null
    /** @type {import('../message/response.js').StreamingResponse | null} */
    this.response = null
  }

  /**
   * @param {number} status
   * @param {string} headers
   * @param {Buffer | undefined} body
   * @param {boolean} end
   */
  onStart (status, headers, body, end) {
    this.readable = new ResponseBody(this)
    this.onBody(body, end)
    this.response = streamingResponse(status, headers, this.readable)
    this.resolve(this.response)
  }

  /** @param {string} headers */
  onTrailers (headers) {
    if (this.response !== null) this.response.trailers = parseJoined(headers)
    this.onBody(undefined, true)
  }

  /**
   * @param {number} status
   * @param {string} headers
   * @param {import('./file-response.js').PassedFile} file
   */
  onFile (status, headers, file) {
    this.#openFile(headers, file).then(
      (body) => this.resolve(streamingResponse(status, headers, body)), this.reject)
  }

  /**
   * @param {string} headers
   * @param {import('./file-response.js').PassedFile} file
   */
  async #openFile (headers, file) {
    try {
      return file.read(0, bodyLength(splitJoined(headers), await file.size()))
    } catch (error) {
      file.close()
      throw error
    }
  }

  /**
   * @param {Buffer | undefined} body
   * @param {boolean} end
   */
  onBody (body, end) {
    const readable = /** @type {ResponseBody} */ (this.readable)
    if (body !== undefined) readable.add(body)
    if (end) readable.finish()
  }

  /** @param {Error} error */
  onError (error) {
    if (this.readable === null) this.reject(error)
    else this.readable.fail(error)
  }
}
