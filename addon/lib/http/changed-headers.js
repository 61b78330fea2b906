/**
 * What middleware has done to `req.headers`. Node builds it from `rawHeaders`, which keep the order
 * and the repetitions, so those are what the application gets, with the changes applied.
 */

import { IncomingMessage } from 'node:http'

/**
 * The names and values in turn that middleware wants the application to see: `rawHeaders` itself if
 * nothing has changed.
 * @param {any} req
 * @returns {string[]}
 */
export function currentHeaders (req) {
  const { headers, rawHeaders } = req
  return isUnchanged(headers, rawHeaders) ? rawHeaders : applyChanges(req, headers, rawHeaders)
}

/**
 * Whether the headers are what Node makes of raw headers without repetitions: the same names with
 * the same values in the same order.
 * @param {Record<string, any>} headers
 * @param {string[]} raw
 */
function isUnchanged (headers, raw) {
  let i = 0
  for (const key in headers) {
    if (headers[key] !== raw[i + 1]) return false
    const name = raw[i]
    if (key !== name && key !== name.toLowerCase()) return false
    i += 2
  }
  return i === raw.length
}

/**
 * @param {any} req
 * @param {Record<string, any>} headers
 * @param {string[]} raw
 */
function applyChanges (req, headers, raw) {
  const original = req.httpVersionMajor === 2 ? joinHttp2(raw) : joinHttp1(req, raw)
  // Of a name that middleware has added in another case, the last one counts.
  const current = new Map(Object.keys(headers).map((key) => [key.toLowerCase(), headers[key]]))
  // Node's own object cannot hold a header of this name.
  const proto = '__proto__'
  if (original[proto] !== undefined) current.set(proto, original[proto])
  /** @type {string[]} */
  const list = []
  const done = new Set()
  for (let i = 0; i < raw.length; i += 2) {
    const key = raw[i].toLowerCase()
    const value = current.get(key)
    if (isSame(value, original[key])) list.push(raw[i], raw[i + 1])
    else if (!done.has(key)) add(list, raw[i], value)
    done.add(key)
  }
  for (const [key, value] of current) {
    if (!done.has(key)) add(list, key, value)
  }
  return list
}

/**
 * @param {any} value
 * @param {any} original
 */
function isSame (value, original) {
  if (!Array.isArray(value) || !Array.isArray(original)) return value === original
  return value.length === original.length && value.every((item, i) => item === original[i])
}

/**
 * @param {string[]} list
 * @param {string} name
 * @param {any} value
 */
function add (list, name, value) {
  if (value === undefined || value === null) return
  for (const item of Array.isArray(value) ? value : [value]) list.push(name, String(item))
}

/**
 * What node:http makes of raw headers, by its own rules for repetitions.
 * @param {any} req
 * @param {string[]} raw
 */
function joinHttp1 (req, raw) {
  const joined = Object.create(null)
  const addLine = /** @type {any} */ (IncomingMessage.prototype)._addHeaderLine
  for (let i = 0; i < raw.length; i += 2) addLine.call(req, raw[i], raw[i + 1], joined)
  return joined
}

/**
 * What node:http2 makes of raw headers. It keeps the first value of some headers, which counts as
 * a change here: the application gets that value alone.
 * @param {string[]} raw
 */
function joinHttp2 (raw) {
  const joined = Object.create(null)
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]
    const value = raw[i + 1]
    const before = joined[name]
    if (name === 'set-cookie') (joined[name] ??= []).push(value)
    else if (before === undefined) joined[name] = value
    else joined[name] = `${before}${name === 'cookie' ? '; ' : ', '}${value}`
  }
  return joined
}
