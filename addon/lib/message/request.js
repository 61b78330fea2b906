import { PassThrough } from 'node:stream'

import { InvalidRequestError } from '../errors.js'
import { Headers } from './headers.js'

/**
 * The connection that a request came in on, for the client and server of the ASGI scope.
 * @typedef {object} SocketInfo
 * @property {string} [localAddress]
 * @property {number} [localPort]
 * @property {string} [localFamily]
 * @property {string} [remoteAddress]
 * @property {number} [remotePort]
 * @property {string} [remoteFamily]
 */

/**
 * What a request may be given as; `Request` and the web's `Request` have the same properties.
 * @typedef {object} RequestOptions
 * @property {string | URL} url absolute, or a path
 * @property {string} [method]
 * @property {import('./headers.js').HeadersInit | null} [headers]
 * @property {unknown} [body] see request-body.js
 * @property {SocketInfo | null} [socket]
 * @property {string | null} [docroot]
 * @property {boolean} [idempotent]
 */

/** @type {(request: Request) => void} */
let markSent

export class Request {
  /** @type {Headers} */
  #headers

  /** @type {PassThrough | null} */
  #pieces = null

  #sent = false

  static {
    markSent = (request) => { request.#sent = true }
  }

  /** @param {RequestOptions} [options] */
  constructor (options) {
    /** @type {Partial<RequestOptions>} */
    const { method = 'GET', url = '/', headers, body, socket, docroot, idempotent } =
      options ?? {}
    this.method = method
    this.url = String(url)
    this.#headers = headers instanceof Headers ? headers : new Headers(headers)
    /** @type {unknown} */
    this.body = body ?? null
    /** @type {SocketInfo | null} */
    this.socket = socket ?? null
    /** @type {string | null} */
    this.docroot = docroot ?? null
    /** May be sent to a second worker when the first one dies; undefined: its method decides. */
    this.idempotent = idempotent
  }

  get headers () {
    return this.#headers
  }

  /** @param {import('./headers.js').HeadersInit | null} value */
  set headers (value) {
    // @ts-ignore: a setter may take more than the getter gives
    this.#headers = value instanceof Headers ? value : new Headers(value)
  }

  /** The path of the url, without the query. */
  get path () {
    return this.url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '').replace(/[?#].*$/s, '') || '/'
  }

  /**
   * Writes a piece of the body. The first piece must be written before the request is handed over;
   * the rest may follow while it runs. Wait for the promise to write no faster than Python reads.
   * @param {string | Uint8Array} chunk
   * @returns {Promise<void>}
   */
  async write (chunk) {
    const pieces = this.#openPieces()
    if (pieces.writableEnded || pieces.destroyed) {
      throw new InvalidRequestError('ERR_INVALID_BODY',
        'write() after the body has ended; the request is over or end() was called')
    }
    if (pieces.write(chunk)) return
    await /** @type {Promise<void>} */ (new Promise((resolve) => {
      // 'close' without 'drain': the request ended early and nobody reads the rest.
      const done = () => {
        pieces.off('drain', done)
        pieces.off('close', done)
        resolve()
      }
      pieces.on('drain', done)
      pieces.on('close', done)
    }))
  }

  /**
   * Ends a body that was written piece by piece.
   * @param {string | Uint8Array} [chunk]
   * @returns {Promise<void>}
   */
  async end (chunk) {
    if (chunk !== undefined) await this.write(chunk)
    this.#openPieces().end()
  }

  #openPieces () {
    if (this.#pieces !== null) return this.#pieces
    if (this.body !== null) {
      throw new InvalidRequestError('ERR_INVALID_BODY',
        'this request was made with a body; leave it out to write one piece by piece')
    }
    if (this.#sent) {
      throw new InvalidRequestError('ERR_INVALID_BODY', 'this request was sent without a body; ' +
        'call write() for the first time before handing it over')
    }
    this.#pieces = new PassThrough()
    // A request that is aborted destroys its body, which is not the writer's error.
    this.#pieces.on('error', () => {})
    this.body = this.#pieces
    return this.#pieces
  }

  /** A body that is a stream has no place in JSON: null. */
  toJSON () {
    const { method, url, body } = this
    const text = body instanceof Uint8Array ? Buffer.from(body).toString() : body
    return {
      method,
      url,
      headers: this.#headers.toJSON(),
      body: typeof text === 'string' ? text : null
    }
  }
}

export { markSent }
