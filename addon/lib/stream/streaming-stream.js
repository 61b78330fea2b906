import { ResponseBody } from './response-body.js'
import { openFile, readFile } from './file-response.js'
import { parseJoined } from '../message/headers.js'
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
   * @param {Buffer} path
   */
  onFile (status, headers, path) {
    openFile(path)
      .then(({ handle, size }) =>
        this.resolve(streamingResponse(status, headers, readFile(handle, 0, size - 1))))
      .catch(this.reject)
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
