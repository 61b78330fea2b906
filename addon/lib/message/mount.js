/**
 * The path that an application is mounted under: `root_path` of its scope.
 */

import { InvalidOptionError } from '../errors.js'

/**
 * @param {unknown} prefix
 * @returns {string} without slashes at its end
 */
export function parsePrefix (prefix) {
  if (typeof prefix !== 'string' || (prefix !== '' && !/^\/[^?#\s]*$/.test(prefix))) {
    throw new InvalidOptionError('prefix',
      `prefix must be empty, or a path that starts with '/', not ${JSON.stringify(prefix)}`)
  }
  return prefix.replace(/\/+$/, '')
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
 * The prefix that a framework has removed from the url of a request.
 * @param {any} req
 * @param {string} url path and query
 * @returns {string} '': none
 */
export function removedPrefix ({ baseUrl, originalUrl }, url) {
  // Express says so, connect and its relatives only keep the original.
  if (typeof baseUrl === 'string') return baseUrl
  if (typeof originalUrl !== 'string' || originalUrl.length < url.length) return ''
  let prefix = ''
  if (originalUrl.endsWith(url)) prefix = originalUrl.slice(0, -url.length)
  // Of /mount?query, connect makes /?query.
  else if (originalUrl.endsWith(url.slice(1)) && (url === '/' || url.startsWith('/?'))) {
    prefix = originalUrl.slice(0, originalUrl.length - url.length + 1)
  }
  return prefix.startsWith('/') && !prefix.includes('?') ? prefix : ''
}
