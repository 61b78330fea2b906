/**
 * The calls of the web's fetch: what they mean as requests, and the responses that they return.
 *
 * Node loads its fetch, which takes about 30 ms and 9 MB, when one of its classes is named for the
 * first time. So nothing here may name one before fetch() is called.
 */

import { STATUS_CODES } from 'node:http'
import { Readable } from 'node:stream'

import { InvalidOptionError, InvalidRequestError } from '../errors.js'
import { parseMethod } from './head.js'
import { Headers } from './headers.js'
import { checkRequestKeys } from './request-keys.js'
import { Request } from './request.js'
import { invalidUrl } from './url.js'

/** @typedef {import('./request.js').RequestOptions} RequestOptions */

/**
 * A request, and the signal that aborts it.
 * @typedef {object} FetchCall
 * @property {any} request
 * @property {string} method
 * @property {string} url
 * @property {AbortSignal | null | undefined} signal
 */

/** What `init` may replace in a request. */
const FIELDS = ['method', 'headers', 'body', 'signal', 'prefix', 'scope', 'socket']

/** The origin of a URL that has none. */
const ORIGIN = 'http://localhost'

/** How much of a body of unknown length is read before the request is sent, in bytes. */
const GATHERED = 1_000_000

/** How long that may take, in milliseconds. */
const PATIENCE = 5

/** The web's Response refuses a body with these statuses. */
const NULL_BODY = new Set([101, 204, 205, 304])

/**
 * Whether it is a Request of the web, or of a library that implements the same.
 * @param {any} request
 * @returns {request is globalThis.Request}
 */
export function isWebRequest (request) {
  return request[Symbol.toStringTag] === 'Request'
}

/**
 * Whether it is the request of a server of node:http, https or http2.
 * @param {any} input
 */
export function isIncoming (input) {
  return typeof input === 'object' && input !== null && input.rawHeaders !== undefined
}

/**
 * Whether it is a Request of the web whose body has a length that it does not tell.
 * @param {any} request
 */
export function hidesLength (request) {
  return typeof request === 'object' && request !== null && isWebRequest(request) &&
    isWebStream(request.body) && !request.headers.has('content-length')
}

/** @param {any} body */
function isWebStream (body) {
  return typeof body === 'object' && body !== null && typeof body.getReader === 'function'
}

/**
 * Interprets the arguments of fetch() as the global fetch does: the fields of `init` replace those
 * of a request, and unknown fields are ignored.
 * @param {any} input
 * @param {any} [init]
 * @returns {Promise<FetchCall>}
 */
export async function parseFetch (input, init) {
  const given = fetchInit(init)
  const source = isRequest(input) ? input : null
  if (source !== null && !isWebRequest(source) && FIELDS.every((name) => given[name] == null)) {
    const { url, method, signal } = source
    return { request: source, method: String(method).toUpperCase(), url: String(url), signal }
  }
  if (source !== null && !isWebRequest(source) && !(source instanceof Request)) {
    checkRequestKeys(source)
  }
  const url = source === null ? absolute(input) : source.url
  const method = parseMethod(given.method ?? source?.method)
  const signal = given.signal === undefined ? source?.signal : given.signal
  const headers = new Headers(given.headers ?? source?.headers)
  let body = given.body ?? null
  if (body === null && source !== null) {
    checkUnused(source)
    body = source.body ?? null
  } else if (typeof body === 'string' && !headers.has('content-type')) {
    headers.add('content-type', 'text/plain;charset=UTF-8')
  }
  if (body !== null && (method === 'GET' || method === 'HEAD')) {
    throw new InvalidRequestError('ERR_INVALID_BODY', `fetch() sends no body with ${method}`)
  }
  if (isWebStream(body) && !headers.has('content-length')) body = await gather(body)
  const { idempotent } = source ?? {}
  const socket = given.socket ?? source?.socket
  const prefix = given.prefix ?? source?.prefix
  const scope = given.scope ?? source?.scope
  const request = { url, method, headers, body, socket, idempotent, prefix, scope }
  return { request, method, url, signal }
}

/**
 * @param {any} init
 * @returns {any} an object
 */
export function fetchInit (init) {
  if (init === undefined || init === null) return {}
  if (typeof init === 'object') return init
  throw new InvalidOptionError('init', 'the second argument of fetch() must be an object such as ' +
    `{ method: 'POST' }, not a ${typeof init}`)
}

/** @param {any} input */
function isRequest (input) {
  return typeof input === 'object' && input !== null && 'url' in input
}

/**
 * @param {any} input
 * @returns {string} the absolute URL
 */
function absolute (input) {
  const text = typeof input === 'string' ? input : input?.href
  if (typeof text !== 'string') {
    throw invalidUrl(String(input), 'fetch() takes a URL, a path or a Request')
  }
  let url
  try {
    url = new URL(text, ORIGIN)
  } catch {
    throw invalidUrl(text, 'it cannot be parsed')
  }
  if (url.username !== '' || url.password !== '') {
    throw invalidUrl(url.pathname, 'it must not contain credentials; use the header authorization')
  }
  url.hash = ''
  return url.href
}

/**
 * Throws if the body of a web Request has been read: what is left of it would be empty.
 * @param {any} request
 */
export function checkUnused (request) {
  if (request.bodyUsed !== true) return
  throw new InvalidRequestError('ERR_INVALID_BODY', 'the body of the Request has already been ' +
    'read; send a clone() of it, or read a clone')
}

/**
 * Reads a body that is there already: a web Request hides the length of a body that it was created
 * with, and many applications read no form without content-length.
 * @param {ReadableStream<Uint8Array>} stream
 * @returns {Promise<Uint8Array | WebRest>} the whole body, or what to read when it
 *   is long, still arriving, or something else than text and bytes
 */
async function gather (stream) {
  if (stream.locked) {
    throw new InvalidRequestError('ERR_INVALID_BODY', 'the body of the Request is being read by ' +
      'somebody else; send a clone() of it')
  }
  const reader = stream.getReader()
  const chunks = []
  let timer
  const late = new Promise((resolve) => { timer = setTimeout(resolve, PATIENCE, undefined) })
  try {
    for (let size = 0; size <= GATHERED;) {
      const next = reader.read()
      const result = await Promise.race([next, late])
      if (result === undefined) return new WebRest(reader, chunks, next)
      if (result.done) return Buffer.concat(chunks)
      const { value } = result
      const bytes = typeof value === 'string' ? Buffer.from(value) : value
      chunks.push(bytes)
      if (!(bytes instanceof Uint8Array)) return new WebRest(reader, chunks, null)
      size += bytes.length
    }
    return new WebRest(reader, chunks, reader.read())
  } finally {
    clearTimeout(timer)
  }
}

/**
 * The chunks that have been read already, and those that follow. Not a generator, because the end
 * of one that has not begun would not cancel the stream.
 */
export class WebRest {
  /**
   * @param {ReadableStreamDefaultReader<any>} reader
   * @param {any[]} chunks
   * @param {Promise<any> | null} pending
   */
  constructor (reader, chunks, pending) {
    this.reader = reader
    this.chunks = chunks
    this.pending = pending
    // If the request is over before it gets here, nobody wants the error.
    pending?.catch(() => {})
  }

  [Symbol.asyncIterator] () {
    return this
  }

  /** @returns {Promise<IteratorResult<unknown, undefined>>} */
  async next () {
    if (this.chunks.length > 0) return { done: false, value: this.chunks.shift() }
    const result = await (this.pending ?? this.reader.read())
    this.pending = null
    return result.done ? { done: true, value: undefined } : { done: false, value: result.value }
  }

  /** @returns {Promise<IteratorResult<unknown, undefined>>} */
  async return () {
    await this.reader.cancel().catch(() => {})
    return { done: true, value: undefined }
  }
}

/**
 * @param {import('./response.js').StreamingResponse} response
 * @param {{ method: string | undefined, url: string }} call
 * @returns {globalThis.Response}
 */
export function webResponse ({ status, headers, body }, { method, url }) {
  const init = { status, statusText: STATUS_CODES[status] ?? '', headers: headers.entries() }
  const hasBody = !NULL_BODY.has(status) && method !== 'HEAD'
  try {
    const response = new globalThis.Response(
      hasBody ? /** @type {ReadableStream} */ (Readable.toWeb(body)) : null, init)
    // Nobody sees the rest, so nobody is there for its error, which would end the process.
    if (!hasBody) body.on('error', () => {}).resume()
    return withUrl(response, url)
  } catch (error) {
    body.destroy()
    throw error
  }
}

/**
 * Only the fetch of Node can give a response a URL, so this hides the property, in clones too.
 * @param {globalThis.Response} response
 * @param {string} url
 * @returns {globalThis.Response}
 */
function withUrl (response, url) {
  const clone = () => withUrl(globalThis.Response.prototype.clone.call(response), url)
  return Object.defineProperties(response, {
    url: { value: url, configurable: true },
    clone: { value: clone, configurable: true, writable: true }
  })
}
