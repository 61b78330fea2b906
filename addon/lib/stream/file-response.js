/**
 * A response whose body is a file (ASGI: http.response.pathsend): the whole file that the
 * application named, or the range that the client asked for.
 */

import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { open } from 'node:fs/promises'

import parseRange from 'range-parser'

import { ResponseError } from '../errors.js'

/** Bytes to read at a time. */
const CHUNK = 256 * 1024

/** Without O_NONBLOCK, opening a named pipe would wait for a writer. */
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
  return new ResponseError('ERR_INVALID_RESPONSE', 'cannot send the file that the application ' +
    `named: ${/** @type {Error} */ (error).message}`, { cause: error })
}

/**
 * Reads the whole file, and blocks until then. Fails like openFile().
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
 * Opens a file. Rejects with ERR_INVALID_RESPONSE if the file cannot be sent.
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
 * Reads part of the file, then closes it.
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

/** With one of these headers, the application handles ranges or encodings itself. */
const OWN_RANGES = ['content-range', 'content-encoding']

/**
 * Decides what the client gets (RFC 9110, 14): the whole file, one range, or nothing.
 * @param {any} req
 * @param {number} status of the application's response
 * @param {string[]} headers of that response, flat; changed to describe what is sent
 * @param {number} size of the file
 * @returns {{ status: number, start: number, end: number }} end: the last byte; below start: none
 */
export function selectRange (req, status, headers, size) {
  const whole = { status, start: 0, end: size - 1 }
  const { range } = req.headers
  const length = valueOf(headers, 'content-length')
  if (length !== undefined && Number(length) !== size) {
    throw new ResponseError('ERR_INVALID_RESPONSE', 'the application sent a content-length of ' +
      `${length}, but the file has ${size} bytes`)
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
  // For several ranges, or ranges that are not valid, a server may send the whole file.
  if (ranges === -2 || ranges.type !== 'bytes' || ranges.length !== 1) return whole
  const [{ start, end }] = ranges
  setValue(headers, 'content-length', String(end - start + 1))
  headers.push('content-range', `bytes ${start}-${end}/${size}`)
  return { status: 206, start, end }
}

/**
 * The last n bytes of a shorter file are the whole file (RFC 9110, 14.1.2), but range-parser takes
 * them for unsatisfiable.
 * @param {string} range
 * @param {number} size
 */
function clampSuffix (range, size) {
  return range.replace(/=-(\d+)$/, (suffix, n) => Number(n) > size && size > 0 ? '=0-' : suffix)
}

/**
 * If-Range: whether the part that the client already has belongs to this version of the file.
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
