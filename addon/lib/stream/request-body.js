/**
 * Request bodies: what a caller may pass as a body, and how it is sent under flow control.
 */

import { Readable } from 'node:stream'

import { InvalidRequestError } from '../errors.js'
import { describe } from '../errors/unknown-key.js'
import { WebRest } from '../message/web.js'
import { formContent } from './form-body.js'

/** @typedef {Uint8Array | Readable | undefined} Body */

/**
 * Sends the body of one request.
 * @typedef {object} Upload
 * @property {() => void} begin
 * @property {() => void} resume there is credit again
 * @property {() => void} stop the request is over, so stop reading the source
 */

/**
 * The request that a body belongs to: a RequestStream.
 * @typedef {object} UploadOwner
 * @property {(bytes: Uint8Array, end: boolean) => number} write returns how many bytes were taken;
 *   the rest has to wait for `resume`
 * @property {(length: number) => void} received that many bytes have arrived from a source
 * @property {(error: Error) => void} cancel
 */

const ACCEPTED = 'a string, a Buffer or other bytes, a Readable, a web ReadableStream, a Blob, ' +
  'a FormData, a URLSearchParams, an iterable of strings or bytes (async or not), or null'

/**
 * @param {string} why
 * @param {unknown} [cause]
 */
function invalidBody (why, cause) {
  return new InvalidRequestError('ERR_INVALID_BODY', why, cause === undefined ? cause : { cause })
}

/**
 * @param {unknown} value
 * @returns {Uint8Array | undefined}
 */
function asBytes (value) {
  if (value instanceof Uint8Array) return value
  if (ArrayBuffer.isView(value)) {
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  }
  if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) {
    return new Uint8Array(value)
  }
  return undefined
}

/** @type {import('./form-body.js').Content} */
const NO_CONTENT = Object.freeze({ body: undefined, length: 0, type: '' })

/**
 * @param {any} value
 * @returns {import('./form-body.js').Content}
 */
export function parseContent (value) {
  if (typeof value === 'object' && value !== null) {
    const content = formContent(value)
    if (content !== undefined) return content
  }
  const body = parseBody(value)
  if (body === undefined) return NO_CONTENT
  return { body, length: body instanceof Uint8Array ? body.length : -1, type: '' }
}

/**
 * @param {any} value
 * @returns {Body} undefined: there is no body
 */
function parseBody (value) {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string') return value === '' ? undefined : Buffer.from(value)
  const bytes = asBytes(value)
  if (bytes !== undefined) return bytes.length === 0 ? undefined : bytes
  const stream = asReadable(value)
  if (stream === undefined) {
    throw invalidBody(`a body must be ${ACCEPTED}, not ${describe(value)}; for JSON, use ` +
      'JSON.stringify() and the header content-type: application/json')
  }
  if (stream.readableEnded || stream.destroyed) {
    throw invalidBody('the body is a stream that has already been read or destroyed; pass a new ' +
      'one')
  }
  // It may fail while the request waits for a worker, or after that was refused. Without a listener
  // its error would end the process; StreamUpload looks whether there was one.
  stream.on('error', ignore)
  return stream
}

function ignore () {}

/**
 * @param {any} value
 * @returns {Readable | undefined}
 */
function asReadable (value) {
  if (value instanceof Readable) return value
  if (typeof value !== 'object') return undefined
  if (value instanceof WebRest) return fromWeb(Readable.from(value, PIECEWISE))
  if (typeof value.getReader === 'function') {
    try {
      return fromWeb(Readable.fromWeb(value, PIECEWISE))
    } catch (error) {
      throw invalidBody('the body is a web stream that cannot be read (it may be locked); pass ' +
        'a new one', error)
    }
  }
  // A Readable from another realm or library.
  if (typeof value.pipe === 'function' && typeof value.read === 'function') return value
  if (typeof value[Symbol.asyncIterator] === 'function' ||
    typeof value[Symbol.iterator] === 'function') {
    return Readable.from(value, PIECEWISE)
  }
  return undefined
}

/** A source is read only as fast as the application takes it. */
const PIECEWISE = { objectMode: true, highWaterMark: 1 }

/** @type {WeakSet<Readable>} */
const webBodies = new WeakSet()

/** @param {Readable} source that reads a stream of the web */
function fromWeb (source) {
  webBodies.add(source)
  return source
}

/**
 * Whether the body may come from a client that waits for the response: it is the request of a
 * server, or a stream of the web, which frameworks make of one. To destroy it would close the
 * connection, and the client would not get the response.
 * @param {any} source
 */
export function mayArrive (source) {
  return webBodies.has(source) ||
    (source.rawHeaders !== undefined && typeof source.method === 'string')
}

/** How long the rest of a body may take that nobody wants, in milliseconds. */
const LINGER = 30_000

/**
 * Reads the rest of a body.
 * @param {Readable} source
 */
export function discard (source) {
  const timer = setTimeout(() => source.destroy(), LINGER)
  timer.unref()
  source.on('close', () => clearTimeout(timer))
  // One piece in a turn of the event loop: a source may have pieces without end.
  source.on('data', () => {
    source.pause()
    setImmediate(() => source.resume())
  })
  source.resume()
}

/**
 * Sends the bytes of a body that did not fit into the first frame.
 * @implements {Upload}
 */
export class BytesUpload {
  /**
   * @param {UploadOwner} owner
   * @param {Uint8Array} bytes
   */
  constructor (owner, bytes) {
    this.owner = owner
    this.rest = bytes
  }

  begin () {
    this.resume()
  }

  resume () {
    if (this.rest.length === 0) return
    this.rest = this.rest.subarray(this.owner.write(this.rest, true))
  }

  stop () {
    this.rest = NOTHING
  }
}

const NOTHING = new Uint8Array(0)

/**
 * A body that arrives in pieces; it is read only as fast as the application takes it.
 * @implements {Upload}
 */
export class StreamUpload {
  /** @type {Uint8Array} */
  #rest = NOTHING

  #ended = false
  #stopped = false

  /**
   * @param {UploadOwner} owner
   * @param {Readable} source
   */
  constructor (owner, source) {
    this.owner = owner
    this.source = source
    this.onData = this.#onData.bind(this)
    this.onEnd = this.#onEnd.bind(this)
    this.onError = this.#onError.bind(this)
    this.onClose = this.#onClose.bind(this)
  }

  begin () {
    const { source } = this
    if (source.readableEnded) return this.#onEnd()
    if (source.destroyed) return source.errored ? this.#onError(source.errored) : this.#onClose()
    source.on('end', this.onEnd)
    source.on('error', this.onError)
    source.on('close', this.onClose)
    source.on('data', this.onData)
    // It may have been paused before it was handed over.
    if (source.readableFlowing === false) source.resume()
  }

  resume () {
    if (this.#stopped) return
    if (this.#rest.length > 0) {
      this.#rest = this.#rest.subarray(this.owner.write(this.#rest, this.#ended))
      if (this.#rest.length > 0) return
      if (this.#ended) this.stop()
      else this.source.resume()
    }
  }

  stop () {
    if (this.#stopped) return
    this.#stopped = true
    this.#rest = NOTHING
    const { source } = this
    source.off('data', this.onData)
    source.off('end', this.onEnd)
    source.off('close', this.onClose)
    // The error listener stays: an error in a source that nobody wants any more must not end the
    // process, as it would without a listener.
  }

  /** @param {unknown} chunk */
  #onData (chunk) {
    const bytes = typeof chunk === 'string'
      ? Buffer.from(chunk, this.source.readableEncoding ?? 'utf8')
      : asBytes(chunk)
    if (bytes === undefined) {
      this.owner.cancel(invalidBody(`a piece of the body is of type ${typeof chunk}; pieces ` +
        'must be strings or bytes'))
      return
    }
    this.owner.received(bytes.length)
    if (this.#stopped) return
    const written = this.owner.write(bytes, false)
    // The request may have ended in the meantime.
    if (written === bytes.length || this.#stopped) return
    this.#rest = bytes.subarray(written)
    this.source.pause()
  }

  #onEnd () {
    this.#ended = true
    if (this.#rest.length > 0 || this.#stopped) return
    this.owner.write(NOTHING, true)
    this.stop()
  }

  /** @param {Error} error */
  #onError (error) {
    if (!this.#stopped) this.owner.cancel(error)
  }

  #onClose () {
    if (this.#ended || this.#stopped) return
    this.owner.cancel(invalidBody('the stream of the request body was closed before its end'))
  }
}
