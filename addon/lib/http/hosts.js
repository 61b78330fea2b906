/**
 * Which host a request is for, and whether it may be: the server and everything in front of it must
 * agree on one.
 */

import { InvalidRequestError } from '../errors.js'
import { optionName } from '../util/option-name.js'
import { forwardedOf } from './forwarded.js'

/**
 * RFC 9112, section 3.2: a request with more than one Host header is refused, because a proxy in
 * front may have used another one than the application does.
 * @param {string[]} rawHeaders of HTTP/1
 */
export function checkOneHost (rawHeaders) {
  let count = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i].toLowerCase() === 'host') count++
  }
  if (count > 1) throw invalidHost(`a request must have one Host header, not ${count}`)
}

/**
 * RFC 9113, section 8.3.1: the same for a Host header that differs from :authority.
 * @param {string} host
 * @param {string | undefined} authority
 */
export function checkAuthority (host, authority) {
  if (authority === undefined || host.toLowerCase() === authority.toLowerCase()) return
  throw invalidHost('the Host header differs from :authority')
}

/** @param {string} why */
function invalidHost (why) {
  return new InvalidRequestError('ERR_INVALID_HEADER', why)
}

/**
 * @param {string} host as in a Host header
 * @param {readonly string[]} allowed names in lower case
 */
export function checkAllowedHost (host, allowed) {
  if (isAllowedHost(host, allowed)) return
  throw new InvalidRequestError('ERR_HOST_NOT_ALLOWED', `the host ${JSON.stringify(host)} is not ` +
    `one of ${optionName('allowedHosts')}`)
}

/**
 * @param {string} host
 * @param {readonly string[]} allowed
 */
function isAllowedHost (host, allowed) {
  const [, name] = /^(\[[^\]]*\]|[^:]*)(?::\d*)?$/.exec(host.toLowerCase()) ?? []
  if (name === undefined) return false
  return allowed.some((item) => item.startsWith('*.')
    ? name.endsWith(item.slice(1)) && name.length >= item.length
    : item === name)
}

/**
 * Whether a page of this origin may open a WebSocket. Clients that are not browsers send none.
 * @param {any} req
 * @param {import('../options.js').Settings} settings
 */
export function isAllowedOrigin (req, settings) {
  const { allowedOrigins } = settings.websocket
  const { origin } = req.headers
  if (allowedOrigins === undefined || origin === undefined) return true
  const given = origin.toLowerCase()
  if (allowedOrigins.includes(given)) return true
  return allowedOrigins.includes(SAME_ORIGIN) &&
    isSameHost(given, forwardedOf(req, settings)?.host || requestHost(req))
}

/** In the option websocket.allowedOrigins: the host that the request is for. */
export const SAME_ORIGIN = 'same-origin'

/**
 * @param {any} req
 * @returns {string} as the client sent it; '' if it did not
 */
export function requestHost ({ headers }) {
  return headers[':authority'] ?? headers.host ?? ''
}

/**
 * @param {string} origin
 * @param {string} host
 */
function isSameHost (origin, host) {
  try {
    const url = new URL(origin)
    // The origin has no port that is the usual one of its scheme.
    return host !== '' && url.host === new URL(`${url.protocol}//${host}`).host
  } catch {
    return false
  }
}
