/**
 * Splits the url of a request without normalising it: the application gets the path as given.
 */

import { InvalidRequestError } from '../errors.js'

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
export const MAX_PORT = 65535
// One look at a path finds both what has to be encoded and what is refused.
// eslint-disable-next-line no-control-regex
const NON_ASCII_OR_NUL = /[^\x01-\x7f]/
const NON_ASCII = /[^\0-\x7f]+/
const EACH_NON_ASCII = new RegExp(NON_ASCII, 'g')

/**
 * The origin that was parsed last. Most requests of a program have the same one, and matching it
 * takes longer than the rest of a URL.
 * @type {{ text: string, scheme: string, authority: string, host: string, port: string }}
 */
let lastOrigin = { text: '', scheme: '', authority: '', host: '', port: '' }

/**
 * @param {string | URL} url
 * @returns {Target}
 */
export function parseUrl (url) {
  const text = typeof url === 'string' ? url : String(url)
  if (text.startsWith('/')) return relative(text)
  const { length } = lastOrigin.text
  if (text.startsWith(lastOrigin.text) && text.startsWith('/', length)) {
    return within(lastOrigin, text.slice(length))
  }
  const match = ABSOLUTE.exec(text)
  if (match === null) {
    if (text === '*') return relative(text)
    throw invalidUrl(text, "it must start with '/', http:// or https://")
  }
  const [, name, given, rest] = match
  lastOrigin = parseOrigin(text, name.toLowerCase(), given, `${name}://${given}`)
  return within(lastOrigin, rest.startsWith('/') ? rest : `/${rest}`)
}

/**
 * @param {typeof lastOrigin} origin
 * @param {string} rest starts with a slash
 */
function within ({ scheme, authority, host, port }, rest) {
  const target = relative(rest)
  target.scheme = scheme
  target.authority = authority
  target.host = host
  target.port = port
  return target
}

/**
 * @param {string} url
 * @param {string} scheme
 * @param {string} given the authority as written in the url
 * @param {string} text scheme and authority as written in the url
 */
function parseOrigin (url, scheme, given, text) {
  const authority = parseAuthority(url, scheme, given)
  const colon = authority.indexOf(':', authority.lastIndexOf(']') + 1)
  const host = colon === -1 ? authority : authority.slice(0, colon)
  const port = colon === -1 ? '' : authority.slice(colon + 1)
  if (Number(port) > MAX_PORT) throw invalidUrl(url, `its port is above ${MAX_PORT}`)
  return {
    text,
    scheme,
    authority,
    host: host.startsWith('[') ? host.slice(1, -1) : host,
    port: port || (scheme === 'https' ? '443' : '80')
  }
}

/**
 * @param {string} text
 * @returns {Target}
 */
function relative (text) {
  const hash = text.indexOf('#')
  if (hash !== -1) text = text.slice(0, hash)
  if (NON_ASCII_OR_NUL.test(text)) {
    if (text.includes('\0')) throw invalidUrl(text, 'it must not contain NUL')
    text = percentEncode(text)
  }
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
  if (NON_ASCII.test(authority)) {
    try {
      return new URL(`${scheme}://${authority}`).host
    } catch {
      throw invalidUrl(url, 'its host is not valid')
    }
  }
  const match = AUTHORITY.exec(authority)
  if (match === null) throw invalidUrl(url, 'its host is not valid')
  return match[1]
}

/**
 * Encodes what is not ASCII.
 * @param {string} text
 * @returns {string}
 */
export function percentEncode (text) {
  return text.replace(EACH_NON_ASCII, (part) => {
    let encoded = ''
    for (const byte of Buffer.from(part)) encoded += `%${byte.toString(16).toUpperCase()}`
    return encoded
  })
}

/**
 * @param {string} url
 * @param {string} why
 */
export function invalidUrl (url, why) {
  return new InvalidRequestError('ERR_INVALID_URL', `invalid url ${JSON.stringify(url)}: ${why}`)
}
