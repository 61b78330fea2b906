/**
 * What trusted proxies report about the client: `Forwarded` (RFC 7239), or X-Forwarded-For, -Proto
 * and -Host. Anybody else could put anything into these headers.
 */

import parseForwarded from 'forwarded-parse'

import { headerText } from '../message/headers.js'

/** @typedef {(address: string, hops: number) => boolean} Trust */

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
 * @param {Trust | null} trust
 * @returns {Forwarded | null} null: no trusted proxy reports anything
 */
export function forwardedOf (req, trust) {
  if (trust === null || !trust(plain(req.socket.remoteAddress ?? LOCAL), 0)) return null
  const of = (/** @type {string} */ name) => headerText(req.headers, name)
  const forwarded = of('forwarded')
  const hops = forwarded === undefined
    ? fromLists(of('x-forwarded-for'), of('x-forwarded-proto'), of('x-forwarded-host'))
    : fromForwarded(forwarded)
  // The connecting proxy wrote the last hop. Each trusted hop vouches for the one before it.
  let i = hops.length - 1
  while (i > 0 && trust(hops[i].client, hops.length - i)) i--
  return i < 0 ? null : hops[i]
}

/**
 * @param {string} header
 * @returns {Forwarded[]}
 */
function fromForwarded (header) {
  try {
    return parseForwarded(header).map((hop) => ({
      client: withoutPort(hop.for ?? ''), scheme: schemeOf(hop.proto), host: hop.host ?? ''
    }))
  } catch {
    return []
  }
}

/**
 * @param {string | undefined} clients
 * @param {string | undefined} schemes
 * @param {string | undefined} hosts
 * @returns {Forwarded[]}
 */
function fromLists (clients, schemes, hosts) {
  const lists = [clients, schemes, hosts].map(split)
  const length = Math.max(...lists.map((list) => list.length))
  // Not every proxy adds to every list. A shorter list belongs to the last hops, and its first
  // value to all hops before them.
  const at = (/** @type {string[]} */ list, /** @type {number} */ i) =>
    list[i - (length - list.length)] ?? list[0] ?? ''
  return Array.from({ length }, (_, i) => ({
    client: withoutPort(at(lists[0], i)), scheme: schemeOf(at(lists[1], i)), host: at(lists[2], i)
  }))
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

/** @param {string} address 192.0.2.1:80, [2001:db8::1]:80, or without a port */
function withoutPort (address) {
  const match = /^\[([^\]]*)\](?::\d+)?$|^([^:]*):\d+$/.exec(address)
  return match === null ? address : match[1] ?? match[2]
}

/** @param {string} address */
function plain (address) {
  return address.startsWith('::ffff:') ? address.slice(7) : address
}
