/**
 * Turns the head of a request (message/head.js) into what is sent to an endpoint, as a reverse
 * proxy does: without what concerns only the connection that it arrived on, and with what the
 * endpoint could not know otherwise.
 */

import { InvalidRequestError, remoteUnsupportedError } from '../errors.js'
import { Feature } from '../message/head.js'
import { REMOTE_LIMITS } from './limits.js'

/** Those of one connection (RFC 9110, 7.6.1), and those that undici makes itself. */
const OF_CONNECTION = new Set(['connection', 'keep-alive', 'proxy-connection',
  'proxy-authenticate', 'proxy-authorization', 'te', 'trailer', 'transfer-encoding', 'upgrade',
  'http2-settings', 'expect', 'content-length', 'host'])

/** Those that say who the client is. Only what this side knows is passed on. */
const OF_PROXIES = new Set(['forwarded', 'x-forwarded-for', 'x-forwarded-proto',
  'x-forwarded-host', 'x-forwarded-port', 'x-forwarded-prefix', 'x-real-ip'])

/** ws makes them itself. */
const OF_HANDSHAKE = new Set(['sec-websocket-key', 'sec-websocket-version',
  'sec-websocket-extensions', 'sec-websocket-accept', 'sec-websocket-protocol'])

/** What counts for each header in addition to its characters. */
const HEADER_OVERHEAD = 32

const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/
// eslint-disable-next-line no-control-regex
const NOT_VALUE = /[\0-\x08\x0a-\x1f\x7f]/
const NOT_TARGET = /[\0-\x20\x7f]/

/**
 * @typedef {object} Outgoing
 * @property {string} method
 * @property {string} path with the query
 * @property {string[]} headers names, in lower case, and values in turn; without the host
 * @property {string} host '': that of the endpoint
 * @property {number} length what content-length says; -1: nothing
 * @property {boolean} keepsBody the client waits for "100 Continue"
 * @property {string[]} protocols subprotocols of a WebSocket
 */

/**
 * @param {{ head: string, isIncoming: boolean }} stream
 * @param {{ basePath: string, host: 'client' | 'endpoint' }} target
 * @returns {Outgoing}
 */
export function outgoing ({ head, isIncoming }, { basePath, host: hostPolicy }) {
  const parts = head.split('\0')
  const [method, scheme, , path, query, clientHost, , , , mount, features, , data] = parts
  check(parts)
  if (data !== '') {
    throw remoteUnsupportedError('the option scope, because nothing but HTTP reaches the ' +
      'application; send what it needs in a header')
  }
  const isKnown = isIncoming || clientHost !== ''
  const nominated = namedByConnection(parts)
  /** @type {string[]} */
  const headers = []
  let host = ''
  let length = -1
  let isChunked = false
  let hasProto = false
  /** @type {string[]} */
  const protocols = []
  for (let i = FIRST_HEADER; i < parts.length; i += 2) {
    const name = parts[i].toLowerCase()
    const value = parts[i + 1]
    if (name === 'host') host = value
    else if (name === 'content-length') length = parseLength(value, length)
    else if (name === 'transfer-encoding') isChunked = true
    else if (name === 'sec-websocket-protocol') protocols.push(...value.split(/[\t ]*,[\t ]*/))
    else if (OF_CONNECTION.has(name) || nominated?.has(name) || OF_HANDSHAKE.has(name)) continue
    else if (isKnown && OF_PROXIES.has(name)) continue
    else {
      if (name === 'x-forwarded-proto') hasProto = true
      headers.push(name, value)
    }
  }
  if (clientHost !== '') headers.push('x-forwarded-for', clientHost)
  if (!hasProto) headers.push('x-forwarded-proto', scheme)
  if (host !== '' && (isKnown || hostPolicy === 'endpoint')) headers.push('x-forwarded-host', host)
  if (mount !== '') headers.push('x-forwarded-prefix', mount)
  if (features.includes(Feature.TRAILERS)) headers.push('te', 'trailers')
  // The endpoint has the application at its root, whatever it is mounted under here.
  const below = mount === '' ? path : path.slice(mount.length)
  const whole = basePath + (below.startsWith('/') || below === '*' ? below : `/${below}`)
  return {
    method,
    path: query === '' ? whole : `${whole}?${query}`,
    headers,
    host: hostPolicy === 'client' ? host : '',
    // With both, a recipient must not believe the length (RFC 9112, 6.3).
    length: isChunked ? -1 : length,
    keepsBody: features.includes(Feature.CONTINUE),
    protocols: protocols.filter((name) => name !== '')
  }
}

/** Fields before the headers, see message/head.js. */
const FIRST_HEADER = 13

/**
 * The addon does the same for a worker.
 * @param {string[]} parts
 */
function check (parts) {
  const [method, , , path, query, , , , , mount] = parts
  if (!TOKEN.test(method) || method === 'CONNECT') {
    throw new InvalidRequestError('ERR_INVALID_METHOD', method === 'CONNECT'
      ? 'CONNECT opens a tunnel, and cannot be sent to a remote application'
      : `invalid method ${JSON.stringify(method)}: it must be a token such as GET`)
  }
  for (const part of [path, query, mount]) {
    if (!NOT_TARGET.test(part)) continue
    throw new InvalidRequestError('ERR_INVALID_URL', `invalid url ${JSON.stringify(part)}: it ` +
      'must not contain spaces or control characters; encode them')
  }
  let size = path.length + query.length
  for (let i = FIRST_HEADER; i < parts.length; i += 2) {
    const name = parts[i]
    const value = parts[i + 1]
    if (!TOKEN.test(name) || NOT_VALUE.test(value)) {
      throw new InvalidRequestError('ERR_INVALID_HEADER', 'invalid header ' +
        `${JSON.stringify(name)}: a name must be a token, and a value must not have control ` +
        'characters')
    }
    size += name.length + value.length + HEADER_OVERHEAD
  }
  if (size > REMOTE_LIMITS.head) {
    throw new InvalidRequestError('ERR_HEADERS_TOO_LARGE', 'the head of the request takes ' +
      `${size} bytes; the limit is ${REMOTE_LIMITS.head}`)
  }
}

/**
 * @param {string} value
 * @param {number} before what another header says
 */
function parseLength (value, before) {
  const length = /^\d{1,15}$/.test(value) ? Number(value) : -1
  if (length === -1 || (before !== -1 && before !== length)) {
    throw new InvalidRequestError('ERR_INVALID_HEADER', 'invalid header content-length: it must ' +
      'be one number of bytes')
  }
  return length
}

/**
 * @param {string[]} parts
 * @returns {Set<string> | null} the names that Connection lists
 */
function namedByConnection (parts) {
  let names = null
  for (let i = FIRST_HEADER; i < parts.length; i += 2) {
    if (parts[i].length === 10 && parts[i].toLowerCase() === 'connection') {
      names = listed(parts[i + 1], names)
    }
  }
  return names
}

/** What only concerns the connection to the endpoint. */
const OF_RESPONSE = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding',
  'upgrade', 'te'])

/**
 * @param {readonly (Buffer | string)[]} raw names and values in turn
 * @param {ReadonlySet<string>} [without] further names to leave out
 * @returns {string} joined, see message/headers.js
 */
export function joinedHeaders (raw, without) {
  /** @type {string[]} */
  const list = []
  /** @type {Set<string> | null} */
  let nominated = null
  for (let i = 0; i < raw.length; i += 2) {
    const name = latin1(raw[i]).toLowerCase()
    const value = latin1(raw[i + 1])
    if (name === 'connection') nominated = listed(value, nominated)
    else if (!OF_RESPONSE.has(name) && without?.has(name) !== true) list.push(name, value)
  }
  const dropped = nominated
  const kept = dropped === null
    ? list
    : list.filter((_, i) => !dropped.has(list[i - i % 2]) || list[i - i % 2] === 'content-length')
  return kept.join('\0')
}

/** @param {Buffer | string} text */
function latin1 (text) {
  return typeof text === 'string' ? text : text.toString('latin1')
}

/**
 * @param {string} value of a header Connection
 * @param {Set<string> | null} before names of others
 */
function listed (value, before) {
  const names = before ?? new Set()
  for (const name of value.split(',')) names.add(name.trim().toLowerCase())
  return names
}

/** @type {ReadonlySet<string>} */
export const HANDSHAKE_HEADERS = OF_HANDSHAKE
