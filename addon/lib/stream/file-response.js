/**
 * A response whose body is a file (ASGI: http.response.pathsend): the whole file that the
 * application named, or the range that the client asked for. The worker has opened it, so it may
 * have been removed or replaced since.
 */

import { close, closeSync, fstat, fstatSync, read, readSync } from 'node:fs'
import { Readable } from 'node:stream'
import { promisify } from 'node:util'

import { ResponseError } from '../errors.js'
import { headerText, splitJoined } from '../message/headers.js'
import { rangeParser } from '../util/lazy.js'

/** Bytes to read at a time. */
const CHUNK = 256 * 1024

/** How many pieces of memory wait for the next files. */
const MOST_SPARE = 4

const statOf = promisify(fstat)

/**
 * @param {unknown} error
 * @returns {ResponseError}
 */
export function fileError (error) {
  return new ResponseError('ERR_INVALID_RESPONSE', 'cannot send the file that the application ' +
    `named: ${/** @type {Error} */ (error).message}`, { cause: error })
}

/**
 * The descriptor of a file that a worker has passed on. Nothing about it can be trusted: the worker
 * may have opened anything. The owner closes it, unless read() has been called.
 */
export class PassedFile {
  #fd

  /** @param {number} fd */
  constructor (fd) {
    this.#fd = fd
  }

  /**
   * @returns {Promise<number>} how many bytes it has; rejects with ERR_INVALID_RESPONSE if it
   *   cannot be sent
   */
  async size () {
    try {
      return sizeOf(await statOf(this.#fd))
    } catch (error) {
      throw fileError(error)
    }
  }

  /**
   * Reads a part of the file, then closes it. The stream fails if the file ends before that.
   * @param {number} start
   * @param {number} length
   * @returns {FileBody}
   */
  read (start, length) {
    const body = new FileBody(this.#fd, start, length)
    this.#fd = -1
    return body
  }

  /**
   * Reads the whole body, and blocks until then.
   * @param {string} headers of the response, joined
   * @returns {Buffer}
   */
  readSync (headers) {
    try {
      const length = bodyLength(splitJoined(headers), sizeOf(fstatSync(this.#fd)))
      const bytes = Buffer.allocUnsafe(length)
      let at = 0
      while (at < length) {
        const count = readSync(this.#fd, bytes, at, length - at, at)
        if (count === 0) throw shortened(at, length)
        at += count
      }
      return bytes
    } catch (error) {
      throw error instanceof ResponseError ? error : fileError(error)
    } finally {
      closeSync(this.#fd)
      this.#fd = -1
    }
  }

  close () {
    if (this.#fd === -1) return
    close(this.#fd, () => {})
    this.#fd = -1
  }
}

/** @type {Buffer[]} memory to read into, which nobody uses */
const spare = []

/**
 * Takes a piece of a file back that nobody will read any more. New memory for each piece would take
 * as much time as reading and sending it.
 * @param {Buffer} piece
 */
export function recycle (piece) {
  if (piece.buffer.byteLength === CHUNK && spare.length < MOST_SPARE) {
    spare.push(Buffer.from(piece.buffer))
  }
}

/** A part of a file as a stream, which closes the file at its end. */
export class FileBody extends Readable {
  #fd
  #at
  #length
  #left
  #reading = false

  /** @type {() => void} what to do when the read that is under way has ended */
  #afterRead = () => {}

  /**
   * @param {number} fd
   * @param {number} start
   * @param {number} length
   */
  constructor (fd, start, length) {
    super({ highWaterMark: CHUNK })
    this.#fd = fd
    this.#at = start
    this.#length = length
    this.#left = length
  }

  _read () {
    const size = Math.min(CHUNK, this.#left)
    if (size === 0) {
      this.push(null)
      return
    }
    const into = spare.pop() ?? Buffer.allocUnsafeSlow(size)
    this.#reading = true
    read(this.#fd, into, 0, size, this.#at, (error, count, buffer) => {
      this.#reading = false
      if (this.destroyed) this.#afterRead()
      else if (error !== null) this.destroy(fileError(error))
      else if (count === 0) this.destroy(shortened(this.#length - this.#left, this.#length))
      else this.#take(buffer.subarray(0, count))
    })
  }

  /** @param {Buffer} bytes */
  #take (bytes) {
    this.#at += bytes.length
    this.#left -= bytes.length
    this.push(bytes)
    if (this.#left === 0) this.push(null)
  }

  /**
   * @param {Error | null} error
   * @param {(error?: Error | null) => void} callback
   */
  _destroy (error, callback) {
    // Closed during a read, its number could come to mean another file.
    this.#afterRead = () => close(this.#fd, () => callback(error))
    if (!this.#reading) this.#afterRead()
  }
}

/** @param {import('node:fs').Stats} stats */
function sizeOf (stats) {
  if (!stats.isFile()) throw new Error('it is not a regular file')
  return stats.size
}

/**
 * @param {number} sent
 * @param {number} length
 */
function shortened (sent, length) {
  return new ResponseError('ERR_INVALID_RESPONSE', 'the file that the application named became ' +
    `shorter while it was sent: only ${sent} of ${length} bytes were left`)
}

/**
 * How much of a file is sent. If it has grown since the application made the headers, they say
 * where to stop.
 * @param {string[]} headers of the response, flat
 * @param {number} size of the file
 */
export function bodyLength (headers, size) {
  const announced = valueOf(headers, 'content-length')
  if (announced === undefined || announced === String(size)) return size
  const length = Number(announced)
  // The worker checks this, but cannot be trusted.
  if (/^\d+$/.test(announced) && length < size) return length
  throw new ResponseError('ERR_INVALID_RESPONSE', 'the application sent a content-length of ' +
    `${announced}, but the file has only ${size} bytes`)
}

/** With one of these headers, the application handles ranges or encodings itself. */
const OWN_RANGES = ['content-range', 'content-encoding']

/** range-parser takes other white space for spaces, too. */
const BYTE_RANGES = /^bytes=[\d\-, \t]*$/

/**
 * Decides what the client gets (RFC 9110, 14): the whole file, one range, or nothing.
 * @param {any} req
 * @param {number} status of the application's response
 * @param {string[]} headers of that response, flat; changed to describe what is sent
 * @param {number} size of the whole body, see bodyLength
 * @returns {{ status: number, start: number, length: number }}
 */
export function selectRange (req, status, headers, size) {
  const whole = { status, start: 0, length: size }
  const range = headerText(req.headers, 'range')
  setValue(headers, 'content-length', String(size))
  if (status !== 200 || OWN_RANGES.some((name) => valueOf(headers, name) !== undefined)) {
    return whole
  }
  if (valueOf(headers, 'accept-ranges') === undefined) headers.push('accept-ranges', 'bytes')
  if (range === undefined || !BYTE_RANGES.test(range)) return whole
  if (req.method !== 'GET' || !isFresh(req, headers)) return whole
  const ranges = rangeParser()(size, clampSuffix(range, size))
  if (ranges === -1) {
    setValue(headers, 'content-length', '0')
    headers.push('content-range', `bytes */${size}`)
    return { status: 416, start: 0, length: 0 }
  }
  // For several ranges, or ranges that are not valid, a server may send the whole file.
  if (ranges === -2 || ranges.length !== 1) return whole
  const [{ start, end }] = ranges
  const length = end - start + 1
  setValue(headers, 'content-length', String(length))
  headers.push('content-range', `bytes ${start}-${end}/${size}`)
  return { status: 206, start, length }
}

/**
 * The last n bytes of a shorter file are the whole file (RFC 9110, 14.1.2), but range-parser takes
 * them for unsatisfiable.
 * @param {string} range
 * @param {number} size
 */
function clampSuffix (range, size) {
  return range.replace(/=[ \t]*-[ \t]*(\d+)[ \t]*$/, (suffix, n) =>
    Number(n) > size && size > 0 ? '=0-' : suffix)
}

/**
 * If-Range: whether the part that the client already has belongs to this version of the file.
 * @param {any} req
 * @param {string[]} headers
 */
function isFresh (req, headers) {
  const condition = headerText(req.headers, 'if-range')
  if (condition === undefined) return true
  const etag = valueOf(headers, 'etag')
  if (condition.startsWith('"')) return condition === etag
  return condition === valueOf(headers, 'last-modified')
}

/**
 * @param {string[]} headers
 * @param {string} name
 */
function valueOf (headers, name) {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === name) return headers[i + 1]
  }
}

/**
 * @param {string[]} headers
 * @param {string} name
 * @param {string} value
 */
function setValue (headers, name, value) {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === name) {
      headers[i + 1] = value
      return
    }
  }
  headers.push(name, value)
}
