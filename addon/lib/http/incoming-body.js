/**
 * The body of a request that arrived over HTTP, of which middleware may have read something.
 */

import { PassThrough, Transform } from 'node:stream'

import { InvalidRequestError } from '../errors.js'
import { headerText } from '../message/headers.js'

/**
 * How long the body is, as far as that is known before it has been read.
 * @param {any} req
 * @param {string[]} current what middleware has made of its headers
 * @returns {number} bytes; Infinity: unknown
 */
export function incomingLength (req, current) {
  if (req.httpVersionMajor === 2) return req.stream.endAfterHeaders ? 0 : Infinity
  const { headers, rawHeaders } = req
  if (current !== rawHeaders) return rawLength(rawHeaders)
  if (headers['transfer-encoding'] !== undefined) return Infinity
  const length = headers['content-length']
  return length === undefined ? 0 : Number(length)
}

/**
 * What the client said, whatever has become of the headers since.
 * @param {string[]} rawHeaders
 */
function rawLength (rawHeaders) {
  let length = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i].toLowerCase()
    if (name === 'transfer-encoding') return Infinity
    if (name === 'content-length') length = Number(rawHeaders[i + 1])
  }
  return length
}

/**
 * @param {any} req
 * @returns {import('../stream/request-body.js').Body}
 */
export function incomingBody (req) {
  if (!req.readableDidRead) {
    if (req.readableEnded) return undefined
    if (req.readableEncoding !== null) return copyOf(req, encoder(req.readableEncoding))
    const isRead = req.readableFlowing === true || req.listenerCount('readable') > 0
    return isRead ? copyOf(req, new PassThrough()) : req
  }
  const bytes = exactBytes(req)
  if (bytes !== undefined) return bytes.length === 0 ? undefined : bytes
  throw new InvalidRequestError('ERR_INVALID_BODY', 'something else has read the body of the ' +
    'request before Python got it, for example express.json(); mount Python before the ' +
    'body parser, switch the parser off for these requests, or let it keep the bytes in ' +
    'req.rawBody')
}

/**
 * Somebody else is about to read the body, and must not take it away while the request waits for a
 * worker.
 * @template {Transform} T
 * @param {import('node:stream').Readable} req
 * @param {T} copy
 * @returns {T}
 */
function copyOf (req, copy) {
  req.on('error', (error) => copy.destroy(error))
  req.on('close', () => { if (!req.readableEnded) copy.destroy() })
  return req.pipe(copy)
}

/** Encodings in which every sequence of bytes has a text of its own. */
const REVERSIBLE = new Set(['latin1', 'hex', 'base64', 'base64url'])

/**
 * Somebody has called req.setEncoding(), so the body arrives as text. This makes bytes of it again.
 * @param {BufferEncoding} encoding
 */
function encoder (encoding) {
  return new Transform({
    decodeStrings: false,
    transform (text, _, done) {
      if (REVERSIBLE.has(encoding) || (encoding === 'utf8' && !text.includes(REPLACEMENT))) {
        done(null, Buffer.from(text, encoding))
      } else {
        done(new InvalidRequestError('ERR_INVALID_BODY', 'something else has called ' +
          `req.setEncoding('${encoding}'), and the body of the request is not ${encoding}; mount ` +
          'Python before that'))
      }
    }
  })
}

/**
 * The body as a parser has left it, if that is every byte that the headers speak of.
 * @param {any} req
 * @returns {Uint8Array | undefined}
 */
function exactBytes ({ rawBody, body, headers }) {
  const length = headerText(headers, 'content-length')
  const encoding = headerText(headers, 'content-encoding')
  for (const kept of [rawBody, body]) {
    const bytes = bytesOf(kept)
    if (bytes === undefined || !isEncodedAs(encoding, bytes)) continue
    // A parser removes the byte order mark of a text.
    if (length === undefined ? bytes === kept : bytes.length === Number(length)) return bytes
  }
}

/**
 * Whether bytes still have their content-encoding. A parser removes it, but not the header.
 * @param {string | undefined} encoding
 * @param {Uint8Array} bytes
 */
function isEncodedAs (encoding = 'identity', bytes) {
  switch (encoding.toLowerCase()) {
    case 'identity':
      return true
    case 'gzip':
    case 'x-gzip':
      return bytes[0] === 0x1f && bytes[1] === 0x8b
    default:
      return false // nobody can tell
  }
}

/** What decoding makes of bytes that are not UTF-8. */
const REPLACEMENT = '\ufffd'

/**
 * @param {unknown} kept
 * @returns {Uint8Array | undefined}
 */
function bytesOf (kept) {
  if (kept instanceof Uint8Array) return kept
  return typeof kept === 'string' && !kept.includes(REPLACEMENT) ? Buffer.from(kept) : undefined
}
