/**
 * Bodies that know their own type and length: FormData, URLSearchParams and Blob of the web.
 *
 * They are recognised by their tags, because Node loads its fetch when one of its classes is named
 * for the first time. So those of other libraries are recognised too.
 */

import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'

/**
 * @typedef {object} Content
 * @property {Uint8Array | Readable | undefined} body undefined: there is none
 * @property {number} length in bytes; -1: unknown
 * @property {string} type for the content-type header; '': none
 */

/**
 * @param {any} value
 * @returns {Content | undefined} undefined: it is something else
 */
export function formContent (value) {
  switch (value[Symbol.toStringTag]) {
    case 'URLSearchParams':
      return bytesContent(Buffer.from(String(value)),
        'application/x-www-form-urlencoded;charset=UTF-8')
    case 'Blob':
    case 'File':
      return isBlob(value) ? blobContent(value) : undefined
    case 'FormData':
      return typeof value.entries === 'function' ? multipartContent(value) : undefined
    default:
      return undefined
  }
}

/** @param {any} value */
function isBlob (value) {
  return typeof value === 'object' && typeof value.stream === 'function' &&
    Number.isInteger(value.size)
}

/**
 * @param {Uint8Array} bytes
 * @param {string} type
 * @returns {Content}
 */
function bytesContent (bytes, type) {
  return { body: bytes.length === 0 ? undefined : bytes, length: bytes.length, type }
}

/**
 * @param {Blob} blob
 * @returns {Content}
 */
function blobContent (blob) {
  return {
    body: blob.size === 0 ? undefined : Readable.from(pieces([blob]), { objectMode: true }),
    length: blob.size,
    type: blob.type
  }
}

/**
 * Encodes a form as multipart/form-data (HTML standard, "multipart form data").
 * @param {FormData} form
 * @returns {Content}
 */
function multipartContent (form) {
  const boundary = `----node-asgi-${randomUUID()}`
  const type = `multipart/form-data; boundary=${boundary}`
  /** @type {Array<Uint8Array | Blob>} */
  const parts = []
  for (const [name, value] of form.entries()) {
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${quote(lines(name))}"`
    if (typeof value === 'string') {
      parts.push(Buffer.from(`${head}\r\n\r\n${lines(value)}\r\n`))
    } else {
      parts.push(Buffer.from(`${head}; filename="${quote(value.name)}"\r\n` +
        `Content-Type: ${value.type || 'application/octet-stream'}\r\n\r\n`))
      parts.push(value, Buffer.from('\r\n'))
    }
  }
  parts.push(Buffer.from(`--${boundary}--\r\n`))
  if (parts.every((part) => part instanceof Uint8Array)) {
    return bytesContent(Buffer.concat(parts), type)
  }
  const length = parts.reduce((sum, part) =>
    sum + (part instanceof Uint8Array ? part.length : part.size), 0)
  return { body: Readable.from(pieces(parts), { objectMode: true }), length, type }
}

/** @param {Array<Uint8Array | Blob>} parts */
async function * pieces (parts) {
  for (const part of parts) {
    if (part instanceof Uint8Array) yield part
    else yield * /** @type {AsyncIterable<Uint8Array>} */ (/** @type {unknown} */ (part.stream()))
  }
}

/**
 * With the line breaks of a form.
 * @param {string} text
 */
function lines (text) {
  return text.replace(/\r\n?|\n/g, '\r\n')
}

/** @param {string} text */
function quote (text) {
  return text.replace(/\r/g, '%0D').replace(/\n/g, '%0A').replace(/"/g, '%22')
}
