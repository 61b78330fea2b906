import { PassThrough } from 'node:stream'

import { InvalidOptionError, InvalidRequestError } from '../errors.js'
import { describe } from '../errors/unknown-key.js'
import { Headers } from './headers.js'
import { checkRequestKeys } from './request-keys.js'

/**
 * The connection that a request arrived on.
 * @typedef {object} SocketInfo
 * @property {string} [localAddress]
 * @property {number} [localPort]
 * @property {string} [localFamily]
 * @property {string} [remoteAddress]
 * @property {number} [remotePort]
 * @property {string} [remoteFamily]
 */

/**
 * A request as a plain object. `Request` and the web's `Request` have the same properties.
 * @typedef {object} RequestOptions
 * @property {string | URL} url absolute, or a path
 * @property {string} [method]
 * @property {import('./headers.js').HeadersInit | null} [headers]
 * @property {unknown} [body] see request-body.js
 * @property {SocketInfo | null} [socket]
 * @property {string | null} [docroot]
 * @property {string} [prefix] that the application is mounted under
 * @property {unknown} [scope] data for the scope of the request, see node-data.js
 * @property {boolean} [idempotent]
 * @property {boolean} [websocket]
 */

/**
 * What a WebSocket does with the messages of a Request.
 * @typedef {object} Sender
 * @property {(chunk: string | Uint8Array) => Promise<void>} send
 * @property {() => boolean} isOpen
 * @property {() => void} close
 */

/** The messages of a Request that is a WebSocket. They wait until that is open. */
class Outbox {
  /** @type {Sender | null} */
  #sender = null

  /** @type {Array<string | Uint8Array>} */
  #waiting = []

  #ended = false
  claimed = false

  /** @param {Sender} sender */
  open (sender) {
    this.#sender = sender
    for (const chunk of this.#waiting.splice(0)) sender.send(chunk).catch(() => {})
    if (this.#ended) sender.close()
  }

  /**
   * @param {string | Uint8Array} chunk
   * @returns {Promise<void>}
   */
  async write (chunk) {
    if (this.#ended || this.#sender?.isOpen() === false) {
      throw new InvalidRequestError('ERR_INVALID_BODY', 'cannot send a message: the WebSocket is ' +
        'closed')
    }
    if (this.#sender === null) this.#waiting.push(chunk)
    else await this.#sender.send(chunk)
  }

  end () {
    this.#ended = true
    this.#sender?.close()
  }
}

/** @type {(request: Request) => Outbox} */
let claimOutbox

/** @type {(request: Request) => void} */
let markSent

/** types/http.d.ts declares it for users. */
export class Request {
  /** @type {Headers} */
  #headers

  /** @type {PassThrough | null} */
  #pieces = null

  /** @type {Outbox | null} */
  #outbox = null

  #sent = false

  static {
    markSent = (request) => { request.#sent = true }
    claimOutbox = (request) => {
      const outbox = request.#outbox ??= new Outbox()
      if (outbox.claimed) {
        throw new InvalidRequestError('ERR_INVALID_BODY', 'this Request has opened its WebSocket ' +
          'already; create another one')
      }
      outbox.claimed = true
      return outbox
    }
  }

  /** @param {RequestOptions} [options] */
  constructor (options) {
    if (options !== undefined && options !== null) checkOptions(options)
    /** @type {Partial<RequestOptions>} */
    const {
      method = 'GET', url = '/', headers, body, socket, docroot, idempotent, prefix, scope,
      websocket = false
    } = options ?? {}
    this.method = method
    this.url = String(url)
    this.#headers = headers instanceof Headers ? headers : new Headers(headers)
    /** @type {unknown} */
    this.body = body ?? null
    /** @type {SocketInfo | null} */
    this.socket = socket ?? null
    /** @type {string | null} */
    this.docroot = docroot ?? null
    /** @type {string | undefined} */
    this.prefix = prefix
    /** @type {unknown} */
    this.scope = scope
    /** undefined: the method decides */
    this.idempotent = idempotent
    this.websocket = websocket
  }

  get headers () {
    return this.#headers
  }

  /** @param {import('./headers.js').HeadersInit | null} value */
  set headers (value) {
    // @ts-ignore: a setter may take more than the getter gives
    this.#headers = value instanceof Headers ? value : new Headers(value)
  }

  get path () {
    return this.url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '').replace(/[?#].*$/s, '') || '/'
  }

  /**
   * @param {string | Uint8Array} chunk
   * @returns {Promise<void>}
   */
  async write (chunk) {
    if (typeof chunk !== 'string' && !(chunk instanceof Uint8Array)) {
      throw new InvalidRequestError('ERR_INVALID_BODY',
        `a piece of a body must be a string or bytes, not ${describe(chunk)}`)
    }
    if (this.websocket) return (this.#outbox ??= new Outbox()).write(chunk)
    const pieces = this.#openPieces()
    if (pieces.writableEnded || pieces.destroyed) {
      throw new InvalidRequestError('ERR_INVALID_BODY',
        'cannot write to a body that has ended; the request is over, or end() was called')
    }
    if (pieces.write(chunk)) return
    await /** @type {Promise<void>} */ (new Promise((resolve) => {
      // 'close' without 'drain': the request ended early, and nothing reads the rest.
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
   * @param {string | Uint8Array} [chunk]
   * @returns {Promise<void>}
   */
  async end (chunk) {
    if (chunk !== undefined) await this.write(chunk)
    if (this.websocket) (this.#outbox ??= new Outbox()).end()
    else this.#openPieces().end()
  }

  #openPieces () {
    if (this.#pieces !== null) return this.#pieces
    if (this.body !== null) {
      throw new InvalidRequestError('ERR_INVALID_BODY',
        'this request was created with a body; leave that out to write the body in pieces')
    }
    if (this.#sent) {
      throw new InvalidRequestError('ERR_INVALID_BODY', 'this request was sent without a body; ' +
        'call write() for the first time before the request is sent')
    }
    this.#pieces = new PassThrough()
    // An aborted request destroys its body, which is not an error for the writer.
    this.#pieces.on('error', () => {})
    this.body = this.#pieces
    return this.#pieces
  }

  /** A body that is a stream becomes null. */
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

/** @param {unknown} options */
function checkOptions (options) {
  if (typeof options === 'object' && !(options instanceof URL)) {
    checkRequestKeys(options)
    return
  }
  throw new InvalidOptionError('options',
    `a Request is created from an object such as { url: '/' }, not ${describe(options)}`)
}

export { claimOutbox, markSent }
