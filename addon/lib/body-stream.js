import { ResponseBody } from './response-body.js'
import { streamingResponse } from './response.js'
import { RequestStream } from './stream.js'

/** Hands the response over when it starts; the body follows as a Readable. */
export class BodyStream extends RequestStream {
  /**
   * @param {string} head
   * @param {import('./body.js').Body} body
   * @param {(response: import('./response.js').StreamingResponse) => void} resolve
   * @param {(error: Error) => void} reject
   */
  constructor (head, body, resolve, reject) {
    super(head, body)
    this.resolve = resolve
    this.reject = reject
    /** @type {ResponseBody | null} */
    this.readable = null
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
    this.resolve(streamingResponse(status, headers, this.readable))
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
