import { InvalidOptionError } from '../errors.js'
import { checkKeys, describe } from '../errors/unknown-key.js'
import { Headers, parseJoined } from './headers.js'

/**
 * @typedef {object} ResponseOptions
 * @property {number} [status]
 * @property {import('./headers.js').HeadersInit | null} [headers]
 * @property {Uint8Array | string | null} [body]
 * @property {Uint8Array | string | null} [log]
 * @property {string | null} [exception]
 */

const KEYS = new Set(['status', 'headers', 'body', 'log', 'exception'])

export const EMPTY = Buffer.alloc(0)

/** @type {(response: ResponseHead, status: number, joined: string) => void} */
let setHead

/** Status, headers and trailers. They are parsed and created on first use. */
class ResponseHead {
  /** @type {Headers | string} */
  #headers = ''

  /** @type {Headers | null} */
  #trailers = null

  status = 200

  static {
    setHead = (response, status, joined) => {
      response.status = status
      response.#headers = joined
    }
  }

  get ok () {
    return this.status >= 200 && this.status < 300
  }

  /** @returns {Headers} */
  get headers () {
    if (typeof this.#headers === 'string') this.#headers = parseJoined(this.#headers)
    return this.#headers
  }

  /** @param {import('./headers.js').HeadersInit} value */
  set headers (value) {
    // @ts-ignore: a setter may take more than the getter gives
    this.#headers = value instanceof Headers ? value : new Headers(value)
  }

  /** @returns {Headers} */
  get trailers () {
    this.#trailers ??= new Headers()
    return this.#trailers
  }

  /** @param {Headers} value */
  set trailers (value) {
    this.#trailers = value
  }
}

/**
 * @param {Uint8Array | string | null | undefined} value
 * @returns {Buffer}
 */
function asBuffer (value) {
  if (value === undefined || value === null) return EMPTY
  if (typeof value === 'string') return Buffer.from(value)
  return Buffer.isBuffer(value)
    ? value
    : Buffer.from(value.buffer, value.byteOffset, value.byteLength)
}

/** types/http.d.ts declares it for users. */
export class Response extends ResponseHead {
  /** @type {Buffer} */
  body = EMPTY

  /** @type {{ log: Buffer, exception: string | null } | null} what the constructor was given */
  #given = null

  #isRead = false

  /** @param {ResponseOptions} [options] */
  constructor (options) {
    super()
    if (options === undefined || options === null) return
    if (typeof options !== 'object' || ArrayBuffer.isView(options)) {
      throw new InvalidOptionError('options', 'a Response is created from an object such as ' +
        `{ status: 200, body: 'text' }, not ${describe(options)}`)
    }
    checkKeys(options, KEYS, 'a response', { statusText: 'the status implies it' })
    const { status = 200, headers, body, log, exception } = options
    this.status = status
    if (headers !== undefined && headers !== null) this.headers = new Headers(headers)
    this.body = asBuffer(body)
    this.#given = { log: asBuffer(log), exception: exception ?? null }
  }

  /** Empty for the response of an application; for compatibility with @platformatic/python-node. */
  get log () {
    return this.#given?.log ?? EMPTY
  }

  /**
   * Null for the response of an application; for compatibility with @platformatic/python-node.
   * @returns {string | null}
   */
  get exception () {
    return this.#given?.exception ?? null
  }

  /** @returns {Promise<Buffer | null>} */
  async next () {
    if (this.#isRead || this.body.length === 0) return null
    this.#isRead = true
    return this.body
  }

  /** @returns {AsyncIterableIterator<Buffer>} */
  async * [Symbol.asyncIterator] () {
    const body = await this.next()
    if (body !== null) yield body
  }

  /** @returns {string} */
  text () {
    return this.body.toString()
  }

  /** @returns {any} */
  json () {
    return JSON.parse(this.body.toString())
  }

  toJSON () {
    const { status, log, exception } = this
    return {
      status,
      headers: this.headers.toJSON(),
      body: this.body.toString(),
      ...(log.length > 0 ? { log: log.toString() } : {}),
      ...(exception !== null ? { exception } : {})
    }
  }
}

/** types/http.d.ts declares it for users. */
export class StreamingResponse extends ResponseHead {
  /** @type {AsyncIterableIterator<Buffer> | null} */
  #iterator = null

  /** @param {import('node:stream').Readable} body */
  constructor (body) {
    super()
    this.body = body
  }

  /** @returns {AsyncIterableIterator<Buffer>} */
  [Symbol.asyncIterator] () {
    this.#iterator ??= this.body[Symbol.asyncIterator]()
    return this.#iterator
  }

  /** @returns {Promise<Buffer | null>} */
  async next () {
    const { done, value } = await this[Symbol.asyncIterator]().next()
    return done ? null : value
  }

  toJSON () {
    return { status: this.status, headers: this.headers.toJSON() }
  }
}

/**
 * @param {number} status
 * @param {string} joined headers as the worker sent them
 * @param {Buffer} body
 */
export function bufferedResponse (status, joined, body) {
  const response = new Response()
  setHead(response, status, joined)
  response.body = body
  return response
}

/**
 * @param {number} status
 * @param {string} joined headers as the worker sent them
 * @param {import('node:stream').Readable} body
 */
export function streamingResponse (status, joined, body) {
  const response = new StreamingResponse(body)
  setHead(response, status, joined)
  return response
}
