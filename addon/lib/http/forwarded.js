/**
 * What trusted proxies report about the client: X-Forwarded-For, -Proto and -Host, or `Forwarded`
 * (RFC 7239). Anybody else could put anything into these headers, and a proxy passes on those that
 * it does not know. So only the headers count that the operator has named, and of these only what
 * trusted proxies have added at the end.
 */

import { isIP } from 'node:net'

import { headerText } from '../message/headers.js'
import { forwardedParse } from '../util/lazy.js'

/** @typedef {(address: string, hops: number) => boolean} Trust */

/**
 * Which proxies to believe, and what.
 * @typedef {object} ProxyTrust
 * @property {Trust | null} trustProxy
 * @property {readonly string[]} proxyHeaders names in lower case
 */

/**
 * @typedef {object} Forwarded '' where the proxy does not say
 * @property {string} client address
 * @property {string} scheme http or https
 * @property {string} host as in a host header
 */

/** The address of a client that connects over a unix socket, which is on this machine. */
const LOCAL = '127.0.0.1'

/**
 * @param {any} req
 * @param {ProxyTrust} settings
 * @returns {Forwarded | null} null: no trusted proxy reports anything
 */
export function forwardedOf (req, { trustProxy: trust, proxyHeaders }) {
  if (trust === null || !trust(plain(req.socket.remoteAddress ?? LOCAL), 0)) return null
  const named = (/** @type {string} */ name) =>
    proxyHeaders.includes(name) ? headerText(req.headers, name) : undefined
  const hops = proxyHeaders.includes('forwarded')
    ? fromForwarded(named('forwarded'))
    : fromLists(named('x-forwarded-for'), named('x-forwarded-proto'), named('x-forwarded-host'))
  // The connecting proxy wrote the last hop. Each trusted hop vouches for the one before it.
  let last = null
  let count = 0
  for (const hop of hops) {
    last = hop
    if (!trust(hop.client, ++count)) break
  }
  return last
}

/**
 * @param {string | undefined} header
 * @returns {Generator<Forwarded>} the hops, last to first
 */
function * fromForwarded (header) {
  for (const element of lastToFirst(header)) {
    const text = element.trim()
    if (text !== '') yield parseElement(text)
  }
}

/**
 * The elements of a `Forwarded` header from its end, so that a quote which a client has not closed
 * cannot hide what its proxy has added.
 * @param {string} [header]
 */
function * lastToFirst (header = '') {
  let quoted = false
  let end = header.length
  for (let i = end - 1; i >= 0; i--) {
    if (header[i] === '"' && header[i - 1] !== '\\') quoted = !quoted
    else if (header[i] === ',' && !quoted) {
      yield header.slice(i + 1, end)
      end = i
    }
  }
  yield header.slice(0, end)
}

/**
 * @param {string} element
 * @returns {Forwarded} without anything if it cannot be parsed
 */
function parseElement (element) {
  try {
    const [{ for: client, proto, host }] = forwardedParse()(element)
    return { client: addressOf(client), scheme: schemeOf(proto), host: host ?? '' }
  } catch {
    return { client: '', scheme: '', host: '' }
  }
}

/**
 * @param {string | undefined} clients
 * @param {string | undefined} schemes
 * @param {string | undefined} hosts
 * @returns {Generator<Forwarded>} the hops, last to first
 */
function * fromLists (clients, schemes, hosts) {
  const lists = [clients, schemes, hosts].map(split)
  const length = Math.max(...lists.map((list) => list.length))
  // Not every proxy adds to every list. A shorter list belongs to the last hops, and its first
  // value to all hops before them.
  const at = (/** @type {string[]} */ list, /** @type {number} */ i) =>
    list[i - (length - list.length)] ?? list[0]
  for (let i = length - 1; i >= 0; i--) {
    yield {
      client: addressOf(at(lists[0], i)),
      scheme: schemeOf(at(lists[1], i)),
      host: at(lists[2], i) ?? ''
    }
  }
}

/** @param {string | undefined} header */
function split (header) {
  return header === undefined ? [] : header.split(',').map((part) => part.trim()).filter(Boolean)
}

/** @param {string | undefined} text */
function schemeOf (text) {
  const scheme = text?.toLowerCase()
  if (scheme === 'https' || scheme === 'wss') return 'https'
  return scheme === 'http' || scheme === 'ws' ? 'http' : ''
}

/**
 * @param {string} [text] 192.0.2.1:80, [2001:db8::1]:80, or without a port
 * @returns {string} '' unless it is an address: proxies may also say `unknown` or `_hidden`
 */
function addressOf (text = '') {
  const match = /^\[([^\]]*)\](?::\d+)?$|^([^:]*):\d+$/.exec(text)
  const address = match === null ? text : match[1] ?? match[2]
  return isIP(address) === 0 ? '' : address
}

/** @param {string} address */
function plain (address) {
  return address.startsWith('::ffff:') ? address.slice(7) : address
}
