/**
 * Takes the url of a request apart without normalising it: the application gets its path as given.
 */

import { InvalidRequestError } from './errors.js'

/**
 * @typedef {object} Target
 * @property {string} scheme
 * @property {string} path percent-encoded, without the query
 * @property {string} query without the question mark
 * @property {string} authority as in a host header; '' when the url has none
 * @property {string} host
 * @property {string} port
 */

const ABSOLUTE = /^(https?):\/\/([^/?#\\]*)((?:[/?#].*)?)$/is
const AUTHORITY = /^(?:[^@]*@)?((?:\[[0-9a-f:.]+\]|[\w.~!$&'()*+,;=%-]+)(?::\d*)?)$/i
const NON_ASCII = /[^\0-\x7f]+/g

/**
 * @param {string | URL} url
 * @returns {Target}
 */
export function parseUrl (url) {
  const text = typeof url === 'string' ? url : String(url)
  if (text.startsWith('/')) return relative(text)
  const match = ABSOLUTE.exec(text)
  if (match === null) {
    if (text === '*') return relative(text)
    throw invalidUrl(text, "it must start with '/', http:// or https://")
  }
  const scheme = match[1].toLowerCase()
  const authority = parseAuthority(text, scheme, match[2])
  const target = relative(match[3].startsWith('/') ? match[3] : `/${match[3]}`)
  const colon = authority.indexOf(':', authority.lastIndexOf(']') + 1)
  target.scheme = scheme
  target.authority = authority
  target.host = colon === -1 ? authority : authority.slice(0, colon)
  target.port = (colon === -1 ? '' : authority.slice(colon + 1)) ||
    (scheme === 'https' ? '443' : '80')
  if (target.host.startsWith('[')) target.host = target.host.slice(1, -1)
  return target
}

/**
 * @param {string} text
 * @returns {Target}
 */
function relative (text) {
  const hash = text.indexOf('#')
  if (hash !== -1) text = text.slice(0, hash)
  text = text.replace(NON_ASCII, percentEncode)
  const mark = text.indexOf('?')
  return {
    scheme: 'http',
    path: mark === -1 ? text : text.slice(0, mark),
    query: mark === -1 ? '' : text.slice(mark + 1),
    authority: '',
    host: '',
    port: ''
  }
}

/**
 * @param {string} url
 * @param {string} scheme
 * @param {string} authority
 */
function parseAuthority (url, scheme, authority) {
  if (authority.search(NON_ASCII) !== -1) {
    try {
      return new URL(`${scheme}://${authority}`).host
    } catch {
      throw invalidUrl(url, 'it names no valid host')
    }
  }
  const match = AUTHORITY.exec(authority)
  if (match === null) throw invalidUrl(url, 'it names no valid host')
  return match[1]
}

/** @param {string} text */
function percentEncode (text) {
  let encoded = ''
  for (const byte of Buffer.from(text)) encoded += `%${byte.toString(16).toUpperCase()}`
  return encoded
}

/**
 * @param {string} url
 * @param {string} why
 */
export function invalidUrl (url, why) {
  return new InvalidRequestError('ERR_INVALID_URL', `invalid url ${JSON.stringify(url)}: ${why}`)
}
