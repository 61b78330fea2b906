/**
 * Encodes the head of a request as the single string that the binding takes: fields joined by "\0",
 * in latin-1. The binding checks the syntax of names and values, so that is not checked here.
 */

import { InvalidOptionError, InvalidRequestError } from '../errors.js'
import { describe } from '../errors/unknown-key.js'
import { eachHeader, headerValue, invalidHeader } from './headers.js'
import { below, isBelow, parsePrefix } from './mount.js'
import { encodeNodeData } from './node-data.js'
import { Request } from './request.js'
import { checkSocketInfo, checkSocketKeys } from './request-keys.js'
import { invalidUrl, parseUrl } from './url.js'

// A NUL would shift the fields after it, so it could be used to forge headers.
// eslint-disable-next-line no-control-regex
const NOT_LATIN1_TEXT = /[^\x01-\xff]/

/** A name in HTTP. */
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/

/** Optional capabilities of a client. The letters are those of common/wire/http_head.h. */
export const Feature = Object.freeze({
  TRAILERS: 't', EARLY_HINTS: 'h', PUSH: 'p', CONTINUE: 'c'
})

/** Encodes headers as the tail of a head, and notes which of some special ones occur. */
export class HeaderText {
  text = ''
  hasHost = false
  hasLength = false
  hasType = false
  takesTrailers = false

  /**
   * @param {unknown} name
   * @param {unknown} value
   */
  add (name, value) {
    if (typeof name !== 'string' || name === '') {
      throw invalidHeader(name, 'the name of a header must be a non-empty string')
    }
    const text = headerValue(name, value)
    if (NOT_LATIN1_TEXT.test(name) || NOT_LATIN1_TEXT.test(text)) {
      throw invalidHeader(JSON.stringify(name), 'headers may only contain latin-1 characters ' +
        'other than NUL; encode the value, for example with encodeURIComponent()')
    }
    this.text += `\0${name}\0${text}`
    this.#note(name, text)
  }

  /**
   * @param {string} name
   * @param {string} value
   */
  #note (name, value) {
    switch (name.length) {
      case 2: // RFC 9110, 10.1.4
        if (name.toLowerCase() === 'te') this.takesTrailers ||= /\btrailers\b/i.test(value)
        break
      case 4:
        if (name.toLowerCase() === 'host') this.hasHost = true
        break
      case 12:
        if (name.toLowerCase() === 'content-type') this.hasType = true
        break
      case 14:
        if (name.toLowerCase() === 'content-length') this.hasLength = true
        break
      case 17:
        if (name.toLowerCase() === 'transfer-encoding') this.hasLength = true
        break
    }
  }
}

/** Fields before the headers, as in HeadField of common/wire/http_head.h. */
const HEAD_FIELDS = 13

/**
 * What the head of a request says, except what Node tells Python.
 * @param {string} head
 */
export function parseHead (head) {
  const parts = head.split('\0')
  const [method, scheme, httpVersion, path, query, clientHost, clientPort, serverHost, serverPort,
    mount] = parts
  return {
    method,
    scheme,
    httpVersion,
    path,
    query,
    clientHost,
    clientPort,
    serverHost,
    serverPort,
    mount,
    headers: parts.slice(HEAD_FIELDS)
  }
}

/**
 * @param {string} head
 * @param {string} name
 * @param {string} value
 * @returns {string} a head with the header instead of others of the same name
 */
export function withHeader (head, name, value) {
  const header = new HeaderText()
  header.add(name, value)
  const parts = head.split('\0')
  const kept = parts.slice(0, HEAD_FIELDS)
  for (let i = HEAD_FIELDS; i < parts.length; i += 2) {
    if (parts[i].toLowerCase() !== name.toLowerCase()) kept.push(parts[i], parts[i + 1])
  }
  return kept.join('\0') + header.text
}

/**
 * The method and path of a request, for messages. The query is left out, because it may contain
 * secrets.
 * @param {string} head
 */
export function nameRequest (head) {
  const [method, , , path] = head.split('\0', 4)
  return `${method} ${path}`
}

/**
 * A head with nothing but what nameRequest() needs. Headers may be long, and a response that goes
 * on for hours would keep them. join() makes a string of its own; a part of another would keep it.
 * @param {string} head
 */
export function shortHead (head) {
  const [method, , , path] = head.split('\0', 4)
  return [method, '', '', path].join('\0')
}

/**
 * The path that the application routes by.
 * @param {string} head
 * @param {string} rootPath that the application is served under if it is not mounted; a proxy may
 *   have removed it
 */
export function routedPath (head, rootPath) {
  const fields = head.split('\0', 10)
  const prefix = fields[9] || rootPath
  return isBelow(fields[3], prefix) ? fields[3].slice(prefix.length) : fields[3]
}

/** The server of a request for a path, of which nobody says where it is. */
const SERVER = Object.freeze({ host: 'localhost', port: '80' })

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE',
  'CONNECT'])
const METHODS_WITH_BODY = new Set(['POST', 'PUT', 'PATCH'])

/**
 * Encodes a request that a program made; see incoming-head.js for those that arrived over HTTP.
 * @param {import('./request.js').RequestOptions} request a web Request has the same fields
 * @param {number} length of the body in bytes; -1: unknown
 * @param {string} [type] of the body, unless the headers say; '': unknown
 * @returns {string}
 */
export function encodeHead (request, length, type = '') {
  const method = parseMethod(request.method)
  if (request.url === undefined || request.url === null) {
    throw invalidUrl('', 'a request must have a url')
  }
  const { scheme, path, query, authority, host, port } = parseUrl(request.url)
  const { prefix } = request
  const mount = prefix === undefined ? '' : parsePrefix(prefix)
  const headers = new HeaderText()
  if (request.headers !== undefined && request.headers !== null) {
    eachHeader(request.headers, headers)
  }
  if (type !== '' && !headers.hasType) headers.add('content-type', type)
  let text = headers.text
  const isHostless = !headers.hasHost && authority === ''
  if (!headers.hasHost && !isHostless) text = `\0host\0${authority}${text}`
  if (!headers.hasLength && (length > 0 || (length === 0 && METHODS_WITH_BODY.has(method)))) {
    text += `\0content-length\0${length}`
  }
  const socket = request.socket
  if (socket !== undefined) checkSocketInfo(socket)
  // Applications build URLs from the server when there is no host.
  const server = isHostless ? SERVER : { host, port }
  const addresses = socket === undefined || socket === null
    ? `\0\0${server.host}\0${server.port}`
    : addressFields(socket.remoteAddress, socket.remotePort,
      socket.localAddress ?? (isHostless ? SERVER.host : undefined),
      socket.localPort ?? (isHostless ? Number(SERVER.port) : undefined))
  const features = headers.takesTrailers ? Feature.TRAILERS : ''
  return `${method}\0${scheme}\x001.1\0${below(path, mount)}\0${query}\0${addresses}\0${mount}\0` +
    `${features}\0\0${encodeNodeData(request.scope)}${text}`
}

/**
 * What connect() takes.
 * @typedef {object} SocketRequest
 * @property {string | URL} url a path, or absolute with ws, wss, http or https
 * @property {import('./headers.js').HeadersInit | null} [headers]
 * @property {string | string[]} [protocols] subprotocols, the best first
 * @property {string} [prefix] see RequestOptions
 * @property {unknown} [scope] see RequestOptions
 * @property {import('./request.js').SocketInfo | null} [socket]
 */

/**
 * Encodes the request for a WebSocket that a program made.
 * @param {SocketRequest} request
 * @returns {string}
 */
export function encodeSocketHead (request) {
  if (typeof request !== 'object' || request === null) {
    throw invalidUrl('', "a WebSocket must have a url, for example connect('/chat')")
  }
  if (!(request instanceof Request)) checkSocketKeys(request)
  const { url, protocols = [], headers, socket, prefix, scope } = request
  const list = Array.isArray(protocols) ? protocols : [protocols]
  checkProtocols(list)
  const head = encodeHead({
    url: typeof url === 'string' || url instanceof URL ? String(url).replace(/^ws/i, 'http') : url,
    headers,
    socket,
    prefix,
    scope
  }, -1)
  if (list.length === 0) return head
  const text = new HeaderText()
  text.add('sec-websocket-protocol', list.join(', '))
  return head + text.text
}

/** @param {unknown[]} list */
function checkProtocols (list) {
  for (const [i, name] of list.entries()) {
    if (typeof name === 'string' && TOKEN.test(name) && list.indexOf(name) === i) continue
    throw new InvalidOptionError('protocols', 'protocols must be names of subprotocols, each of ' +
      `them once and without spaces and commas, for example ['chat'], not ${describe(name)}`)
  }
}

/**
 * Standard methods may be given in lower case.
 * @param {unknown} method
 * @returns {string}
 */
export function parseMethod (method) {
  if (method === undefined || method === 'GET') return 'GET'
  if (METHODS.has(/** @type {string} */ (method))) return /** @type {string} */ (method)
  if (typeof method !== 'string' || method === '' || NOT_LATIN1_TEXT.test(method)) {
    throw new InvalidRequestError('ERR_INVALID_METHOD',
      `invalid method ${describe(method)}: it must be a token such as GET`)
  }
  const upper = method.toUpperCase()
  return METHODS.has(upper) ? upper : method
}

/**
 * @param {string | undefined} clientHost
 * @param {number | undefined} clientPort
 * @param {string | undefined} serverHost
 * @param {number | undefined} serverPort
 */
export function addressFields (clientHost, clientPort, serverHost, serverPort) {
  const client = address(clientHost)
  const server = address(serverHost)
  return `${client}\0${client === '' ? '' : clientPort ?? 0}\0` +
    `${server}\0${server === '' ? '' : serverPort ?? ''}`
}

/**
 * Unwraps the address of an IPv4 client of a server that listens on IPv6.
 * @param {string | null | undefined} host
 */
function address (host) {
  if (host === undefined || host === null || NOT_LATIN1_TEXT.test(host)) return ''
  return host.startsWith('::ffff:') && host.includes('.') ? host.slice(7) : host
}
