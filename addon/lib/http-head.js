/**
 * The head of a request that came in over HTTP, for the binding; see head.js for the other kind.
 */

import { HeaderText, addressFields } from './head.js'

/**
 * @typedef {import('node:http').IncomingMessage |
 *   import('node:http2').Http2ServerRequest} Incoming
 */

const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^/?]*/i
const NON_ASCII = /[^\0-\x7f]/g

const kAddresses = Symbol('addresses')

/**
 * @param {Incoming} req
 * @returns {string}
 */
export function encodeIncoming (req) {
  const socket = /** @type {import('node:net').Socket & { encrypted?: boolean }} */ (req.socket)
  const http2 = req.httpVersionMajor === 2
  let url = /** @type {string} */ (req.url)
  // A proxy may be sent the whole URL.
  if (!url.startsWith('/')) url = url.replace(ORIGIN, '') || '/'
  // The parser gives bytes as characters.
  url = url.replace(NON_ASCII, percentEncodeByte)
  const mark = url.indexOf('?')
  const path = mark === -1 ? url : url.slice(0, mark)
  const query = mark === -1 ? '' : url.slice(mark + 1)
  const scheme = socket.encrypted ? 'https' : 'http'
  const headers = http2 ? http2Headers(req) : http1Headers(req)
  return `${req.method}\0${scheme}\0${http2 ? '2' : req.httpVersion}\0` +
    `${nulFree(path)}\0${nulFree(query)}\0${http2 ? addresses(socket) : cachedAddresses(socket)}` +
    headers
}

/** @param {string} char */
function percentEncodeByte (char) {
  return `%${char.charCodeAt(0).toString(16).toUpperCase()}`
}

/** @param {string} text */
function nulFree (text) {
  return text.includes('\0') ? text.replaceAll('\0', '%00') : text
}

/** @param {Incoming} req */
function http1Headers (req) {
  const headers = new HeaderText()
  const { rawHeaders } = req
  for (let i = 0; i < rawHeaders.length; i += 2) headers.add(rawHeaders[i], rawHeaders[i + 1])
  return headers.text
}

/**
 * As ASGI has it: no pseudo headers, :authority as host, the crumbs of a cookie put together.
 * @param {Incoming} req
 */
function http2Headers (req) {
  const headers = new HeaderText()
  const { rawHeaders } = req
  const authority = req.headers[':authority']
  if (authority !== undefined) headers.add('host', authority)
  let cookie = ''
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]
    const value = rawHeaders[i + 1]
    if (name.startsWith(':')) continue
    if (name === 'cookie') cookie = cookie === '' ? value : `${cookie}; ${value}`
    else if (name !== 'host' || authority === undefined) headers.add(name, value)
  }
  if (cookie !== '') headers.add('cookie', cookie)
  return headers.text
}

/** @param {any} socket the same for all requests of a connection */
function cachedAddresses (socket) {
  socket[kAddresses] ??= addresses(socket)
  return socket[kAddresses]
}

/** @param {any} socket */
function addresses (socket) {
  if (socket.localAddress !== undefined || socket.remoteAddress !== undefined) {
    return addressFields(socket.remoteAddress, socket.remotePort, socket.localAddress,
      socket.localPort)
  }
  const bound = socket.server?.address?.()
  return addressFields(undefined, undefined, typeof bound === 'string' ? bound : undefined,
    undefined)
}
