/**
 * What the listener writes to an HTTP response.
 */

import { STATUS_CODES, ServerResponse } from 'node:http'

import { splitJoined } from '../message/headers.js'

/** Headers that belong to the connection, which HTTP/2 forbids. */
const CONNECTION_HEADERS = new Set([
  'connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade', 'http2-settings'
])

const NGHTTP2_INTERNAL_ERROR = 2

/**
 * Headers taken apart. Most responses have the same as the one before: taking them apart again would
 * cost 0.1 µs.
 */
let last = parseHeaders('')

/** @param {string} joined see splitJoined */
function parseHeaders (joined) {
  const list = Object.freeze(splitJoined(joined))
  return { joined, list, hasLength: list.some((name, i) => i % 2 === 0 && name === 'content-length') }
}

/**
 * @param {any} req
 * @param {any} res
 * @param {number} status
 * @param {string} joined
 * @param {number} length of the body; -1: unknown
 * @returns {boolean} whether the client can see where the body ends
 */
export function writeHead (req, res, status, joined, length) {
  if (last.joined !== joined) last = parseHeaders(joined)
  let { list, hasLength } = last
  const http2 = req.httpVersionMajor === 2
  if (!hasLength && length >= 0 && req.method !== 'HEAD' && status !== 204 && status !== 304) {
    list = [...list, 'content-length', String(length)]
    hasLength = true
  }
  // Headers that middleware has set take the slow way, and HTTP/2 has no other.
  if (http2 || res.getHeaderNames().length > 0) {
    setHeaders(res, list, http2)
    res.writeHead(status)
  } else {
    res.writeHead(status, isPlain(res) ? list : [...list])
  }
  return http2 || hasLength || res.chunkedEncoding
}

/**
 * Ends a response with the last of its body. res.end() alone would write an empty piece after it, and
 * more than one piece takes Node another way down: 0.8 µs of 11.
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
  // An earlier response on this connection is not out yet, or somebody gathers pieces.
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

const { write, end, writeHead: writeHeadOf } = ServerResponse.prototype

/**
 * Whether nobody has taken the place of the methods of a response of HTTP/1: middleware that does may
 * count on one call for what we would do in two (express-session keeps the end back until it has
 * stored the session), and on Buffers.
 * @param {any} res
 */
export function isPlain (res) {
  return res.end === end && res.write === write && res.writeHead === writeHeadOf
}

/**
 * @param {any} res
 * @param {readonly string[]} list
 * @param {boolean} http2
 */
function setHeaders (res, list, http2) {
  const grouped = new Map()
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i]
    if (http2 && CONNECTION_HEADERS.has(name)) continue
    const values = grouped.get(name)
    if (values === undefined) grouped.set(name, [list[i + 1]])
    else values.push(list[i + 1])
  }
  for (const [name, values] of grouped) {
    res.setHeader(name, values.length === 1 ? values[0] : values)
  }
}

/**
 * A short page without details: those are for the log.
 * @param {any} req
 * @param {any} res
 * @param {number} status
 */
export function answerError (req, res, status) {
  for (const name of res.getHeaderNames()) res.removeHeader(name)
  const reason = STATUS_CODES[status]
  res.statusCode = status
  if (req.httpVersionMajor === 1) {
    res.statusMessage = reason
    // What is left of the request body is not worth reading.
    if (!req.complete) res.shouldKeepAlive = false
  }
  res.setHeader('content-type', 'text/plain; charset=utf-8')
  res.end(`${reason}\n`)
}

/**
 * Ends a response that has started so that the client cannot take it for complete.
 * @param {any} req
 * @param {any} res
 * @param {boolean} framed
 */
export function cut (req, res, framed) {
  if (req.httpVersionMajor === 2) {
    res.stream.close(NGHTTP2_INTERNAL_ERROR)
    return
  }
  // What has been written in this turn goes out at its end, in a tick that is due before this one.
  process.nextTick(destroy, res, framed)
}

/**
 * @param {any} res
 * @param {boolean} framed
 */
function destroy (res, framed) {
  // Where the end of the connection is the end of the body, only a reset says that it was cut.
  if (!framed) {
    try {
      res.socket?.resetAndDestroy()
    } catch {
      // Neither TLS nor a unix socket can be reset.
    }
  }
  res.destroy()
}
