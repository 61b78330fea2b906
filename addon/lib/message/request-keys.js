/**
 * The keys of requests that programs make. Others are refused, because a request that is not what
 * its sender meant is worse than none.
 */

import { InvalidOptionError } from '../errors.js'
import { checkKeys, describe } from '../errors/unknown-key.js'
import { MAX_PORT } from './url.js'

const KEYS = new Set(['url', 'method', 'headers', 'body', 'socket', 'docroot', 'idempotent',
  'prefix', 'scope', 'websocket'])
const ADDRESS_KEYS = new Set(['localAddress', 'localPort', 'localFamily', 'remoteAddress',
  'remotePort', 'remoteFamily'])
const SOCKET_KEYS = new Set(['url', 'headers', 'protocols', 'socket', 'prefix', 'scope'])

const SECOND = 'it belongs in the second argument: handleRequest(request, { signal, timeout })'
const IN_URL = "put it in url, for example '/items?page=2'"
const JSON_BODY = 'use body: JSON.stringify(value) with the header content-type: application/json'
const ABSOLUTE = "use an absolute url, for example 'http://host:8000/path'"

/** What to do instead, for keys that other libraries have. */
const ADVICE = {
  json: JSON_BODY,
  data: `did you mean body? For JSON, ${JSON_BODY}`,
  payload: `did you mean body? For JSON, ${JSON_BODY}`,
  form: 'use body: new URLSearchParams(fields), or a FormData',
  formData: 'use body: formData',
  query: IN_URL,
  search: IN_URL,
  searchParams: IN_URL,
  params: IN_URL,
  qs: IN_URL,
  path: 'did you mean url?',
  pathname: 'did you mean url?',
  uri: 'did you mean url?',
  host: ABSOLUTE,
  hostname: ABSOLUTE,
  port: ABSOLUTE,
  baseURL: ABSOLUTE,
  protocols: 'connect() opens WebSockets',
  signal: SECOND,
  timeout: SECOND
}

/**
 * Whether it is one of the keys that nearly all requests have, and no others. To compare them takes
 * a fifth of the time that looking them up takes, and every request is checked.
 * @param {string} key
 */
function isUsual (key) {
  return key === 'method' || key === 'url' || key === 'headers' || key === 'body'
}

/**
 * @param {any} request a plain object
 */
export function checkRequestKeys (request) {
  if (request.rawHeaders !== undefined) {
    throw new InvalidOptionError('request', 'a request that arrived over HTTP cannot be sent as ' +
      'it is; answer it with python.listener(req, res), or send it with python.fetch(req)')
  }
  for (const key in request) {
    if (!isUsual(key)) return checkKeys(request, KEYS, 'a request', ADVICE)
  }
}

/**
 * @param {object} request for connect()
 */
export function checkSocketKeys (request) {
  checkKeys(request, SOCKET_KEYS, 'the request of a WebSocket',
    { ...ADVICE, protocol: 'did you mean protocols?' })
}

/**
 * @param {unknown} socket
 */
export function checkSocketInfo (socket) {
  if (typeof socket === 'object' && !Array.isArray(socket)) {
    // A socket of node:net has other keys, too.
    if (socket?.constructor === Object) checkKeys(socket, ADDRESS_KEYS, 'socket')
    checkAddresses(/** @type {any} */ (socket))
    return
  }
  throw new InvalidOptionError('socket', 'socket must be an object such as { remoteAddress: ' +
    `'192.0.2.1', remotePort: 50000 }, not ${describe(socket)}`)
}

/**
 * They become fields of the head, which text of another form could forge.
 * @param {Record<string, unknown> | null} socket
 */
function checkAddresses (socket) {
  for (const end of ['remote', 'local']) {
    const address = socket?.[`${end}Address`] ?? ''
    if (typeof address !== 'string') {
      throw new InvalidOptionError('socket',
        `${end}Address of socket must be a string, not ${describe(address)}`)
    }
    const port = socket?.[`${end}Port`] ?? 0
    if (!Number.isInteger(port) || Number(port) < 0 || Number(port) > MAX_PORT) {
      const given = typeof port === 'number' ? port : describe(port)
      throw new InvalidOptionError('socket',
        `${end}Port of socket must be an integer from 0 to ${MAX_PORT}, not ${given}`)
    }
  }
}

/**
 * @param {unknown} value
 * @param {string} key
 */
export function checkBoolean (value, key) {
  if (value === undefined || typeof value === 'boolean') return
  throw new InvalidOptionError(key, `${key} must be true or false, not ${describe(value)}`)
}
