/**
 * The path that an application is mounted under: `root_path` of its scope.
 */

import { InvalidOptionError } from '../errors.js'
import { describe } from '../errors/unknown-key.js'

/**
 * What can be in the path of a request: visible characters of latin-1, other than those that end a
 * path. A prefix becomes a field of the head, which others would forge or change.
 */
const PREFIX = /^\/[!"$->@-~\xa1-\xff]*$/

/** From its first slash only: otherwise many slashes would take quadratic time. */
const LAST_SLASHES = /(?<!\/)\/+$/

/**
 * @param {unknown} prefix
 * @returns {string} without slashes at its end
 */
export function parsePrefix (prefix) {
  if (typeof prefix !== 'string' || (prefix !== '' && !PREFIX.test(prefix))) {
    throw new InvalidOptionError('prefix', "prefix must be empty, or a path that starts with '/' " +
      `and has only visible characters of latin-1, not ${describe(prefix)}`)
  }
  return prefix.replace(LAST_SLASHES, '')
}

const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*\/?/i

/**
 * A request to a proxy may have the whole URL.
 * @param {string} url
 * @returns {string} path and query
 */
export function withoutOrigin (url) {
  return url.startsWith('/') || url === '*' ? url : `/${url.replace(ORIGIN, '')}`
}

/**
 * Whether a url is below a prefix, or the same.
 * @param {string} url path and query
 * @param {string} prefix as parsePrefix() returns it
 */
export function isBelow (url, prefix) {
  return prefix === '' || (url.startsWith(prefix) &&
    (url.length === prefix.length || '/?'.includes(url[prefix.length])))
}

/**
 * @param {string} url path and query
 * @param {string} prefix as parsePrefix() returns it
 * @returns {string} the url below the prefix, whether or not something has removed that before
 */
export function below (url, prefix) {
  return isBelow(url, prefix) ? url : prefix + url
}

/**
 * The url that the client has asked for, to name a request in a log.
 * @param {any} req
 * @returns {string}
 */
export function askedUrl ({ originalUrl, url }) {
  return typeof originalUrl === 'string' ? originalUrl : url
}

/**
 * Where a request is, of whose url a framework may have removed the beginning.
 * @param {any} req
 * @param {string} url path and query, as the framework has left it
 * @param {string} [prefix] that the application is mounted under, as parsePrefix() returns it;
 *   undefined: what the framework says
 * @returns {{ mount: string, url: string }} the url contains the mount
 */
export function locate (req, url, prefix) {
  const removed = removedPrefix(req, url)
  if (prefix !== undefined) {
    const whole = wholeUrl(req, removed, url)
    return { mount: prefix, url: isBelow(whole, prefix) ? whole : below(url, prefix) }
  }
  const mount = removed === '' ? '' : beforeWildcard(req, removed, url)
  return { mount, url: mount === removed ? mount + url : wholeUrl(req, removed, url) }
}

/**
 * Whether a request is below a prefix, of whose url a framework may have removed the beginning.
 * @param {any} req
 * @param {string} prefix as parsePrefix() returns it
 */
export function arrivedBelow (req, prefix) {
  const url = withoutOrigin(req.url)
  return isBelow(url, prefix) || isBelow(wholeUrl(req, removedPrefix(req, url), url), prefix)
}

/**
 * @param {any} req
 * @param {string} url path and query
 * @returns {string} '': a framework has removed nothing
 */
function removedPrefix ({ baseUrl, originalUrl }, url) {
  // Express says so, connect and its relatives only keep the original.
  if (typeof baseUrl === 'string') return baseUrl
  if (typeof originalUrl !== 'string') return ''
  const original = withoutOrigin(originalUrl)
  if (original.length < url.length) return ''
  let prefix = ''
  if (original.endsWith(url)) prefix = original.slice(0, -url.length)
  // Of /mount?query, connect makes /?query.
  else if (original.endsWith(url.slice(1)) && (url === '/' || url.startsWith('/?'))) {
    prefix = original.slice(0, original.length - url.length + 1)
  }
  return prefix.startsWith('/') && !prefix.includes('?') ? prefix : ''
}

/**
 * The url before something was removed from it. Other changes of it stay.
 * @param {any} req
 * @param {string} removed
 * @param {string} url
 */
function wholeUrl ({ originalUrl }, removed, url) {
  // Of /mount, the frameworks make '/'.
  return originalUrl === removed + url.slice(1) ? originalUrl : removed + url
}

/**
 * A pattern such as /api/{*path} makes Express remove the whole path. Only what is before the
 * wildcard is a prefix.
 * @param {any} req
 * @param {string} removed
 * @param {string} url
 * @returns {string}
 */
function beforeWildcard ({ params }, removed, url) {
  if (url !== '/' && !url.startsWith('/?')) return removed
  // Express 5 gives the wildcard as a list of segments, Express 4 as text with a number.
  let wildcard = ''
  for (const [name, value] of Object.entries(params ?? {})) {
    if (Array.isArray(value)) wildcard = value.join('/')
    else if (name === '0' && typeof value === 'string') wildcard = value
  }
  const tail = wildcard.replace(/^\/+|\/+$/g, '')
  if (tail === '') return removed
  for (let i = removed.lastIndexOf('/'); i >= 0; i = i > 0 ? removed.lastIndexOf('/', i - 1) : -1) {
    if (decoded(removed.slice(i + 1)) === tail) return removed.slice(0, i)
  }
  return removed
}

/** @param {string} text */
function decoded (text) {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
