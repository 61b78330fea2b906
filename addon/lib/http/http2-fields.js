/**
 * Headers of the application in the form that node:http2 takes. Node throws at what HTTP/2 forbids,
 * for trailers even in a callback of its own, so that is left out here.
 */

/** RFC 9113, 8.2.2 */
const CONNECTION_HEADERS = new Set([
  'connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade', 'http2-settings'
])

/** Headers for which node:http2 refuses more than one value. */
const SINGLE = new Set([
  'access-control-allow-credentials', 'access-control-max-age', 'access-control-request-method',
  'age', 'authorization', 'content-encoding', 'content-language', 'content-length',
  'content-location', 'content-md5', 'content-range', 'content-type', 'date', 'dnt', 'etag',
  'expires', 'from', 'host', 'if-match', 'if-modified-since', 'if-none-match', 'if-range',
  'if-unmodified-since', 'last-modified', 'location', 'max-forwards', 'proxy-authorization',
  'range', 'referer', 'retry-after', 'tk', 'upgrade-insecure-requests', 'user-agent',
  'x-content-type-options'
])

/** RFC 9110, 6.5.1: headers that frame, route or describe a message cannot be its trailers. */
const NO_TRAILERS = new Set([
  ...CONNECTION_HEADERS, 'content-length', 'content-encoding', 'content-type', 'content-range',
  'host', 'te', 'trailer'
])

/** @param {string} name in lower case */
export function isTrailer (name) {
  return name !== '' && !name.startsWith(':') && !NO_TRAILERS.has(name)
}

/**
 * @param {string} name in lower case
 * @param {string} value
 */
export function isHttp2Header (name, value) {
  if (name === '' || name.startsWith(':') || CONNECTION_HEADERS.has(name)) return false
  return name !== 'te' || value === 'trailers'
}

/**
 * @param {readonly string[]} list names in lower case and values in turn
 * @returns {Record<string, string | string[]>} without a prototype, since the names are anybody's
 */
export function http2Fields (list) {
  const fields = Object.create(null)
  for (let i = 0; i < list.length; i += 2) {
    if (isHttp2Header(list[i], list[i + 1])) addField(fields, list[i], list[i + 1])
  }
  return fields
}

/**
 * @param {Record<string, string | string[]>} fields
 * @param {string} name
 * @param {string} value
 */
export function addField (fields, name, value) {
  const old = fields[name]
  if (old === undefined || SINGLE.has(name)) fields[name] = value
  else if (Array.isArray(old)) old.push(value)
  else fields[name] = [old, value]
}
