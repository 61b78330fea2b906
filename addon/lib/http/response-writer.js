/**
 * Writes an HTTP response: the head, the end of the body, an error page, or an abrupt end.
 */

import { STATUS_CODES, ServerResponse } from 'node:http'

import { groupByName, splitJoined } from '../message/headers.js'
import { http2Fields, isTrailer } from './http2-fields.js'

const NGHTTP2_INTERNAL_ERROR = 2

/**
 * The headers of the last response. Most responses have the same headers as the one before, and
 * parsing them again would take 0.1 µs.
 */
let last = parseHeaders('')

/** @param {string} joined see splitJoined */
function parseHeaders (joined) {
  const list = Object.freeze(splitJoined(joined))
  const has = (/** @type {string} */ name) => list.some((item, i) => i % 2 === 0 && item === name)
  return { joined, list, hasLength: has('content-length'), hasTrailer: has('trailer') }
}

/**
 * @param {any} req
 * @param {any} res
 * @param {number} status
 * @param {string} joined
 * @param {number} length of the body; -1: unknown
 * @returns {boolean} whether the client can tell where the body ends
 */
export function writeHead (req, res, status, joined, length) {
  if (last.joined !== joined) last = parseHeaders(joined)
  let { list, hasLength } = last
  const http2 = req.httpVersionMajor === 2
  if (!hasLength && length >= 0 && req.method !== 'HEAD' && status !== 204 && status !== 304) {
    list = [...list, 'content-length', String(length)]
    hasLength = true
  }
  if (last.hasTrailer && !http2 && !isChunked(req, res, status, hasLength)) {
    list = list.filter((_, i) => list[i - i % 2] !== 'trailer')
  }
  if (!http2 && res.getHeaderNames().length === 0 && isPlain(res)) {
    res.writeHead(status, list)
    return hasLength || res.chunkedEncoding
  }
  // Slower, but keeps headers that middleware has set, and shows it those of the application.
  const before = res.getHeaders()
  try {
    removeFraming(res, hasLength, http2)
    setHeaders(res, list, http2)
    res.writeHead(status)
  } catch (error) {
    restoreHeaders(res, before)
    throw error
  }
  // Middleware that changes the body takes the length away.
  return http2 || res.hasHeader('content-length') || res.chunkedEncoding
}

/**
 * Whether Node will send the body in chunks. Other bodies have no trailers, and Node throws at a
 * header that announces some.
 * @param {any} req
 * @param {any} res
 * @param {number} status
 * @param {boolean} hasLength
 */
function isChunked (req, res, status, hasLength) {
  return !hasLength && req.method !== 'HEAD' && status !== 204 && status !== 304 &&
    res.useChunkedEncodingByDefault
}

/**
 * Removes what Node has set before to frame another body than that of the application.
 * @param {any} res
 * @param {boolean} hasLength whether the application has said how long its body is
 * @param {boolean} http2
 */
function removeFraming (res, hasLength, http2) {
  if (!hasLength && res.hasHeader('content-length')) res.removeHeader('content-length')
  if ((hasLength || http2) && res.hasHeader('transfer-encoding')) {
    res.removeHeader('transfer-encoding')
  }
}

/**
 * @param {any} res
 * @param {Record<string, any>} headers
 */
function restoreHeaders (res, headers) {
  if (res.headersSent) return
  for (const name of res.getHeaderNames()) res.removeHeader(name)
  for (const name of Object.keys(headers)) res.setHeader(name, headers[name])
}

/**
 * Ends a response with the last part of its body. res.end() alone would write an empty piece after
 * it. More than one piece takes a slower path in Node, which costs 0.8 of 11 µs.
 * @param {any} req
 * @param {any} res
 * @param {Buffer | string | undefined} body a string has a character for each byte
 */
export function endWith (req, res, body) {
  if (body === undefined || req.httpVersionMajor === 2 || res.chunkedEncoding || !isPlain(res)) {
    res.end(body, 'latin1')
    return
  }
  const { socket } = res
  // An earlier response on this connection is not finished, or something collects pieces.
  if (socket === null || socket.writableCorked > 0) {
    res.end(body, 'latin1')
    return
  }
  socket.cork()
  try {
    res.write(body, 'latin1')
  } finally {
    socket.uncork()
  }
  res.end()
}

/**
 * Writes another piece of a body, after the head has been sent. Node would send a chunk in four
 * pieces; as one string it costs 15 µs instead of 20, most of which the kernel needs.
 * @param {any} res whose methods are the original ones
 * @param {Buffer | string} body a string has a character for each byte
 * @returns {boolean} whether there is room for more; false: the response will emit 'drain'
 */
export function writePiece (res, body) {
  const { socket } = res
  const isShort = typeof body === 'string' && body !== '' && res.chunkedEncoding &&
    res.req.method !== 'HEAD' && socket?.writable === true &&
    socket.writableLength + body.length + FRAMING < socket.writableHighWaterMark
  if (!isShort) return res.write(body, 'latin1')
  // As Node does it, so that what a stream has ready at the same time is one system call.
  if (socket.writableCorked === 0) {
    socket.cork()
    process.nextTick(uncork, socket)
  }
  return socket.write(`${body.length.toString(16)}\r\n${body}\r\n`, 'latin1')
}

/**
 * Writes a piece of a body.
 * @param {any} res
 * @param {Buffer} piece
 * @returns {Promise<boolean>} resolves when the system has the piece, which must not change before;
 *   false: the client has gone, and the system may still have it
 */
export function writeWhole (res, piece) {
  return new Promise((resolve) => {
    // Node tells nobody about a piece for a connection that has just been closed.
    const onClose = () => resolve(false)
    res.once('close', onClose)
    res.write(piece, (/** @type {Error | null | undefined} */ error) => {
      res.off('close', onClose)
      resolve(!error)
    })
  })
}

/** Most bytes around a piece of a chunked body. */
const FRAMING = 16

/** @param {import('node:net').Socket} socket */
function uncork (socket) {
  socket.uncork()
}

/**
 * Makes one string of the head that has been sent. Node keeps it for as long as the response, as a
 * tree of the 30 pieces that it was made of. As one string it takes 450 bytes less, which matters
 * when thousands of streams wait.
 * @param {any} res
 */
export function joinHead (res) {
  // Not a string over HTTP/2. To find a character, V8 makes one piece of all.
  if (typeof res._header === 'string') res._header.charCodeAt(0)
}

const { write, end, writeHead: writeHeadOf } = ServerResponse.prototype

/**
 * Whether the methods of an HTTP/1 response are the original ones. Middleware that replaces them
 * may rely on a single call where we would make two (express-session holds the end back until it
 * has stored the session), on Buffers, and on headers that getHeader() knows (on-headers).
 * @param {any} res
 */
export function isPlain (res) {
  return res.end === end && res.write === write && res.writeHead === writeHeadOf
}

/**
 * Headers to which Node and the application may both have something to add. Of any other header,
 * the value of the application replaces that of Node.
 */
const COMBINED = new Set([
  'access-control-expose-headers', 'link', 'server-timing', 'set-cookie', 'vary', 'via',
  'www-authenticate'
])

/** Those of them that are lists of names, so they are combined without repetitions. */
const NAME_LISTS = new Set(['access-control-expose-headers', 'vary'])

/**
 * @param {any} res
 * @param {readonly string[]} list
 * @param {boolean} http2
 */
function setHeaders (res, list, http2) {
  const fields = http2 ? http2Fields(list) : groupByName(list)
  for (const name of Object.keys(fields)) {
    res.setHeader(name, headerOf(res, name, fields[name]))
  }
}

/**
 * What a header of the application becomes next to one that Node has set.
 * @param {{ getHeader: (name: string) => any }} res
 * @param {string} name in lower case
 * @param {string | string[]} value
 * @returns {string | string[]}
 */
export function headerOf (res, name, value) {
  const before = COMBINED.has(name) ? res.getHeader(name) : undefined
  if (before !== undefined) return combine(name, before, value)
  return Array.isArray(value) && value.length === 1 ? value[0] : value
}

/**
 * @param {string} name
 * @param {any} before
 * @param {string | string[]} added
 * @returns {string | string[]}
 */
function combine (name, before, added) {
  const values = [before, added].flat().map(String)
  if (!NAME_LISTS.has(name)) return [...new Set(values)]
  const seen = new Map()
  for (const item of values.join(',').split(',')) {
    const text = item.trim()
    if (text !== '' && !seen.has(text.toLowerCase())) seen.set(text.toLowerCase(), text)
  }
  return [...seen.values()].join(', ')
}

/**
 * Ends a response with trailers. Those that cannot be trailers are left out.
 * @param {any} req
 * @param {any} res
 * @param {string} joined
 */
export function endWithTrailers (req, res, joined) {
  if (/\btrailers\b/i.test(req.headers.te ?? '')) {
    const list = splitJoined(joined)
    const fields = req.httpVersionMajor === 2 ? http2Fields(list) : groupByName(list)
    for (const name of Object.keys(fields)) if (!isTrailer(name)) delete fields[name]
    res.addTrailers(fields)
  }
  res.end()
}

/** Headers about the content that an error page replaces. Others, such as cookies, stay. */
const CONTENT_HEADERS = [
  'accept-ranges', 'cache-control', 'content-disposition', 'content-encoding', 'content-language',
  'content-length', 'content-location', 'content-range', 'content-type', 'etag', 'expires',
  'last-modified', 'location', 'trailer', 'transfer-encoding'
]

/**
 * Sends a short page. The details of the error are only logged.
 * @param {any} req
 * @param {any} res
 * @param {number} status
 */
export function answerError (req, res, status) {
  // Once Node has been told to remove both content-length and transfer-encoding, even if they were
  // not there, it can end the body only with the connection.
  for (const name of CONTENT_HEADERS) if (res.hasHeader(name)) res.removeHeader(name)
  const reason = STATUS_CODES[status]
  const page = `${reason}\n`
  res.statusCode = status
  if (req.httpVersionMajor === 1) {
    res.statusMessage = reason
    // The rest of the request body is not read.
    if (!req.complete) res.shouldKeepAlive = false
  }
  res.setHeader('content-type', 'text/plain; charset=utf-8')
  res.setHeader('content-length', page.length)
  res.end(page)
}

/**
 * Ends a response that has started, in a way that the client cannot take for a complete response.
 * @param {any} req
 * @param {any} res
 * @param {boolean} framed whether the client can tell where the body ends
 */
export function cut (req, res, framed) {
  if (req.httpVersionMajor === 2) {
    res.stream.close(NGHTTP2_INTERNAL_ERROR)
    return
  }
  // What was written in this turn is sent in a tick that runs before this one.
  process.nextTick(destroy, res, framed)
}

/**
 * @param {any} res
 * @param {boolean} framed
 */
function destroy (res, framed) {
  // If the end of the connection is the end of the body, only a reset tells that it was cut off.
  if (!framed) {
    try {
      res.socket?.resetAndDestroy()
    } catch {
      // TLS and unix sockets cannot be reset.
    }
  }
  res.destroy()
}
