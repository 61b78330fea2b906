/**
 * Encodes the head of a request that arrived over HTTP; see head.js for the format.
 */

import { currentHeaders } from './changed-headers.js'
import { forwardedOf } from './forwarded.js'
import { checkAllowedHost, checkAuthority, checkOneHost, requestHost } from './hosts.js'
import { locate, withoutOrigin } from '../message/mount.js'
import { Feature, HeaderText, addressFields } from '../message/head.js'
import { percentEncode } from '../message/url.js'
import { tlsText } from './tls.js'

/** @typedef {import('node:net').Socket & { encrypted?: boolean }} Socket */
/** @typedef {import('../message/node-data.js').ScopeOption} ScopeOption */
/** @typedef {import('./passing-exchange.js').Pass} Pass */

/**
 * @typedef {import('node:http').IncomingMessage |
 *   import('node:http2').Http2ServerRequest} Incoming
 */

const NON_ASCII = /[^\0-\x7f]/
const EACH_NON_ASCII = new RegExp(NON_ASCII, 'g')
const WIDE = /[^\0-\xff]/

const kAddresses = Symbol('addresses')

/**
 * @typedef {object} Arrival how a request arrived, as far as the request itself does not tell
 * @property {string} [mount] the prefix of its path that the application is served under
 * @property {string} [prefix] the same, but something may have removed it from the url; '' means
 *   that the application is not mounted, whatever a framework has removed
 * @property {ScopeOption} [scope] what gives its data, see node-scope.js
 * @property {string} [data] what Node says about the request, as encodeNodeData() returns it
 * @property {Pass} [pass] what goes on to the next handler
 * @property {boolean} [keepsBody] the client waits for "100 Continue"
 * @property {boolean} [relayed] somebody else sends the response, and nothing but the response
 */

/**
 * @param {Incoming} req
 * @param {import('../options.js').Settings} settings
 * @param {Arrival} [arrival]
 * @param {string[]} [list] names and values of the headers in turn
 * @returns {string}
 * @throws {InvalidRequestError} if it is not clear, or not allowed, which host the request is for
 */
export function encodeIncoming (req, settings, arrival = {}, list = currentHeaders(req)) {
  const { prefix, data = '', keepsBody = false, relayed = false } = arrival
  let { mount = '' } = arrival
  const socket = /** @type {Socket} */ (req.socket)
  const http2 = req.httpVersionMajor === 2
  let url = withoutOrigin(/** @type {string} */ (req.url))
  if (mount === '') ({ mount, url } = locate(req, url, prefix))
  if (NON_ASCII.test(url)) url = encodeNonAscii(url)
  const mark = url.indexOf('?')
  const path = mark === -1 ? url : url.slice(0, mark)
  const query = mark === -1 ? '' : url.slice(mark + 1)
  const forwarded = forwardedOf(req, settings)
  const host = forwarded?.host ?? ''
  // Node's object has one host, so the list is not the same if there are more.
  if (!http2 && list !== req.rawHeaders) checkOneHost(req.rawHeaders)
  const headers = http2 ? http2Headers(req, list, host) : http1Headers(list, host)
  if (settings.allowedHosts !== undefined) {
    checkAllowedHost(host || requestHost(req), settings.allowedHosts)
  }
  const features = relayed ? '' : featuresOf(req, headers.takesTrailers, keepsBody)
  const tls = socket.encrypted ? tlsText(/** @type {any} */ (socket)) : ''
  const scheme = forwarded?.scheme || (socket.encrypted ? 'https' : 'http')
  return `${req.method}\0${scheme}\0${http2 ? '2' : req.httpVersion}\0` +
    `${nulFree(path)}\0${nulFree(query)}\0` +
    `${http2 || forwarded ? addresses(socket, forwarded?.client) : cachedAddresses(socket)}\0` +
    `${nulFree(mount)}\0${features}\0${tls}\0${data}${headers.text}`
}

/**
 * @param {any} req
 * @param {boolean} takesTrailers
 * @param {boolean} keepsBody
 */
function featuresOf (req, takesTrailers, keepsBody) {
  let features = takesTrailers ? Feature.TRAILERS : ''
  if (req.httpVersion !== '1.0') features += Feature.EARLY_HINTS
  if (keepsBody) features += Feature.CONTINUE
  if (req.stream?.pushAllowed === true) features += Feature.PUSH
  return features
}

/**
 * The parser gives each byte as a character. Middleware that has decoded the url leaves text.
 * @param {string} url
 */
function encodeNonAscii (url) {
  return WIDE.test(url)
    ? percentEncode(url)
    : url.replace(EACH_NON_ASCII, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`)
}

/** @param {string} text */
function nulFree (text) {
  return text.includes('\0') ? text.replaceAll('\0', '%00') : text
}

/**
 * @param {string[]} list
 * @param {string} host instead of the client's, or ''
 */
function http1Headers (list, host) {
  const headers = new HeaderText()
  if (host !== '') headers.add('host', host)
  for (let i = 0; i < list.length; i += 2) {
    if (host === '' || list[i].toLowerCase() !== 'host') headers.add(list[i], list[i + 1])
  }
  return headers
}

/**
 * As ASGI asks: without pseudo headers, with :authority as host, and with one cookie header.
 * @param {Incoming} req
 * @param {string[]} list
 * @param {string} host instead of the client's, or ''
 */
function http2Headers (req, list, host) {
  const headers = new HeaderText()
  const changed = changedHost(req, list)
  const own = /** @type {string | undefined} */ (req.headers[':authority'])
  const authority = host || changed || own
  if (authority !== undefined) headers.add('host', authority)
  let cookie = ''
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i]
    const value = list[i + 1]
    if (name.startsWith(':')) continue
    if (name === 'host' && changed === undefined) checkAuthority(value, own)
    if (name === 'cookie') cookie = cookie === '' ? value : `${cookie}; ${value}`
    else if (name !== 'host' || authority === undefined) headers.add(name, value)
  }
  if (cookie !== '') headers.add('cookie', cookie)
  return headers
}

/**
 * The host header, if middleware has set it.
 * @param {Incoming} req
 * @param {string[]} list
 */
function changedHost ({ headers, rawHeaders }, list) {
  if (list === rawHeaders || headers.host === undefined) return undefined
  return headers.host === rawHeaders[rawHeaders.indexOf('host') + 1] ? undefined : headers.host
}

/**
 * Of a string that is put together, V8 keeps all parts, and this one lives as long as its
 * connection: join() copies it.
 * @param {any} socket the same for all requests of a connection
 */
function cachedAddresses (socket) {
  socket[kAddresses] ??= addresses(socket).split('\0').join('\0')
  return socket[kAddresses]
}

/**
 * @param {any} socket
 * @param {string} [client] the client behind the proxies
 */
function addresses (socket, client = '') {
  if (client !== '') return addressFields(client, 0, socket.localAddress, socket.localPort)
  if (socket.localAddress !== undefined || socket.remoteAddress !== undefined) {
    return addressFields(socket.remoteAddress, socket.remotePort, socket.localAddress,
      socket.localPort)
  }
  const bound = socket.server?.address?.()
  return addressFields(undefined, undefined, typeof bound === 'string' ? bound : undefined,
    undefined)
}
