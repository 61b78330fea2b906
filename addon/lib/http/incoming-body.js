/**
 * The body of a request that arrived over HTTP, of which middleware may have read something.
 */

import { PassThrough } from 'node:stream'

import { InvalidRequestError } from '../errors.js'

/**
 * @param {any} req
 * @param {number} length of the body in bytes; Infinity: unknown
 * @returns {import('../stream/request-body.js').Body}
 */
export function incomingBody (req, length) {
  if (!req.readableDidRead) {
    if (req.readableEnded) return undefined
    const isRead = req.readableFlowing === true || req.listenerCount('readable') > 0
    return isRead ? copyOf(req) : req
  }
  const bytes = exactBytes(req, length)
  if (bytes !== undefined) return bytes.length === 0 ? undefined : bytes
  throw new InvalidRequestError('ERR_INVALID_BODY', 'something else has read the body of the ' +
    'request before python.listener got it, for example express.json(); mount Python before the ' +
    'body parser, switch the parser off for these requests, or let it keep the bytes in ' +
    'req.rawBody')
}

/**
 * Somebody else is about to read the body, and must not take it away while the request waits for a
 * worker.
 * @param {import('node:stream').Readable} req
 */
function copyOf (req) {
  const copy = new PassThrough()
  req.on('error', (error) => copy.destroy(error))
  req.on('close', () => { if (!req.readableEnded) copy.destroy() })
  return req.pipe(copy)
}

/**
 * The body as a parser has left it, if that is every byte that the client sent.
 * @param {any} req
 * @param {number} length
 * @returns {Uint8Array | undefined}
 */
function exactBytes (req, length) {
  const declared = req.headers['content-length']
  if (length === Infinity && req.httpVersionMajor === 2 && declared !== undefined) {
    length = Number(declared)
  }
  for (const kept of [req.rawBody, req.body]) {
    const bytes = bytesOf(kept)
    if (bytes === undefined) continue
    // A parser decodes what has a content-encoding, and removes the byte order mark of a text.
    const isWhole = length === Infinity
      ? bytes === kept && req.headers['content-encoding'] === undefined
      : bytes.length === length
    if (isWhole) return bytes
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
