/**
 * A response whose body lies in a file (ASGI: http.response.pathsend). Exactly the file that the
 * application named is read, or the range of it that the client asked for.
 */

import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { open } from 'node:fs/promises'

import parseRange from 'range-parser'

import { ResponseError } from '../errors.js'

/** Bytes that are read at a time. */
const CHUNK = 256 * 1024

/** Opening a pipe would wait for somebody who writes. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK

/**
 * @param {Buffer} path
 * @param {import('node:fs').Stats} stats
 */
function checkFile (path, stats) {
  if (!stats.isFile()) throw new Error(`'${path}' is not a regular file`)
}

/** @param {unknown} error */
function cannotSend (error) {
  return new ResponseError('ERR_INVALID_RESPONSE', 'the application named a file that cannot be ' +
    `sent: ${/** @type {Error} */ (error).message}`, { cause: error })
}

/**
 * All of it, in one blocking call; errors as those of openFile.
 * @param {Buffer} path
 * @returns {Buffer}
 */
export function readWholeSync (path) {
  let fd = -1
  try {
    fd = openSync(path, FLAGS)
    checkFile(path, fstatSync(fd))
    return readFileSync(fd)
  } catch (error) {
    throw cannotSend(error)
  } finally {
    if (fd !== -1) closeSync(fd)
  }
}

/**
 * Opens it, and fails with ERR_INVALID_RESPONSE for what cannot be sent.
 * @param {Buffer} path
 * @returns {Promise<{ handle: import('node:fs/promises').FileHandle, size: number }>}
 */
export async function openFile (path) {
  let handle
  try {
    handle = await open(path, FLAGS)
    const stats = await handle.stat()
    checkFile(path, stats)
    return { handle, size: stats.size }
  } catch (error) {
    await handle?.close()
    throw cannotSend(error)
  }
}

/**
 * Closes the file when it is done.
 * @param {import('node:fs/promises').FileHandle} handle
 * @param {number} start
 * @param {number} end the last byte; below start: none
 * @returns {import('node:stream').Readable}
 */
export function readFile (handle, start, end) {
  // createReadStream refuses an end of -1; an empty file has no byte 0 either.
  const last = Math.max(start, end)
  return handle.createReadStream({ start, end: last, highWaterMark: CHUNK })
}

/** Headers by which an application shows that it deals with ranges or encodings itself. */
const OWN_RANGES = ['content-range', 'content-encoding']

/**
 * What of the file a client gets (RFC 9110, 14): all of it, one range, or nothing.
 * @param {any} req
 * @param {number} status of the application's response
 * @param {string[]} headers flat, of that response; changed to say what is sent
 * @param {number} size of the file
 * @returns {{ status: number, start: number, end: number }} end: the last byte; below start: none
 */
export function selectRange (req, status, headers, size) {
  const whole = { status, start: 0, end: size - 1 }
  const { range } = req.headers
  const length = valueOf(headers, 'content-length')
  if (length !== undefined && Number(length) !== size) {
    throw new ResponseError('ERR_INVALID_RESPONSE', 'the application announced a file of ' +
      `${length} bytes, but it has ${size}`)
  }
  setValue(headers, 'content-length', String(size))
  if (status !== 200 || OWN_RANGES.some((name) => valueOf(headers, name) !== undefined)) {
    return whole
  }
  if (valueOf(headers, 'accept-ranges') === undefined) headers.push('accept-ranges', 'bytes')
  if (range === undefined || req.method !== 'GET' || !isFresh(req, headers)) return whole
  const ranges = parseRange(size, clampSuffix(range, size))
  if (ranges === -1) {
    setValue(headers, 'content-length', '0')
    headers.push('content-range', `bytes */${size}`)
    return { status: 416, start: 0, end: -1 }
  }
  // Several ranges, or none that can be read: a server may send the whole.
  if (ranges === -2 || ranges.type !== 'bytes' || ranges.length !== 1) return whole
  const [{ start, end }] = ranges
  setValue(headers, 'content-length', String(end - start + 1))
  headers.push('content-range', `bytes ${start}-${end}/${size}`)
  return { status: 206, start, end }
}

/**
 * The last n bytes of fewer than n are all of them (RFC 9110, 14.1.2); range-parser has none then.
 * @param {string} range
 * @param {number} size
 */
function clampSuffix (range, size) {
  return range.replace(/=-(\d+)$/, (suffix, n) => Number(n) > size && size > 0 ? '=0-' : suffix)
}

/**
 * If-Range: the client has a part of what this is, and not of something older.
 * @param {any} req
 * @param {string[]} headers
 */
function isFresh (req, headers) {
  const condition = req.headers['if-range']
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
