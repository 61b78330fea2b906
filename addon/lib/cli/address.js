/**
 * An address to listen on, and how --listen writes it.
 */

import { isIPv6 } from 'node:net'

import { parsePort } from './values.js'

/**
 * A host and port, the path of a Unix socket, or the number of a descriptor that listens already.
 * @typedef {{ host: string, port: number } | { uds: string } | { fd: number }} Address
 */

/**
 * @param {string} text for example "127.0.0.1:8000", "[::1]:8000", ":8000", "unix:app.sock", "fd:3"
 * @returns {Address | null} null: it is none
 */
export function parseAddress (text) {
  const [, kind, rest] = /^(unix|fd):(.+)$/s.exec(text) ?? []
  if (kind === 'unix') return { uds: rest }
  if (kind === 'fd') return /^\d+$/.test(rest) ? { fd: Number(rest) } : null
  const [, host, port] = /^(\[[^\]]*\]|[^:]*):(\d+)$/.exec(text) ?? []
  if (port === undefined) return null
  try {
    return { host: host === '' ? '::' : withoutBrackets(host), port: parsePort(port) }
  } catch {
    return null
  }
}

/**
 * The brackets that an IPv6 address has in a URL are not part of it.
 * @param {string} host
 */
export function withoutBrackets (host) {
  const inner = /^\[(.*)\]$/.exec(host)?.[1]
  return inner !== undefined && isIPv6(inner) ? inner : host
}

/**
 * @param {Address} address
 * @returns {string} as --listen takes it
 */
export function shownAddress (address) {
  if ('uds' in address) return `unix:${address.uds}`
  if ('fd' in address) return `fd:${address.fd}`
  return `${isIPv6(address.host) ? `[${address.host}]` : address.host}:${address.port}`
}
