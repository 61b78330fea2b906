/**
 * Makes the server listen, or explains why it cannot.
 */

import { lstat, unlink } from 'node:fs/promises'
import { connect, isIPv6 } from 'node:net'

import { CommandError } from './failure.js'

/** @typedef {{ host: string, port: number, uds?: string }} Address with uds, the rest is unused */

/** The server cannot listen on the address; the message says what to do. */
export class ListenError extends CommandError {
  name = 'ListenError'
}

/**
 * @param {import('node:net').Server} server
 * @param {Address} address
 * @param {string} [scheme]
 * @returns {Promise<string>} the URL, or unix:path
 */
export async function listen (server, address, scheme = 'http') {
  const { port, uds } = address
  const host = withoutBrackets(address.host)
  if (uds === undefined ? host === '' : uds === '') {
    throw new ListenError(`${uds === undefined ? '--host' : '--uds'} is empty; give an address, ` +
      'or leave it out')
  }
  if (uds !== undefined) await removeStaleSocket(uds)
  await /** @type {Promise<void>} */ (new Promise((resolve, reject) => {
    /** @param {NodeJS.ErrnoException} error */
    const failed = (error) => {
      reject(new ListenError(explain(error, { host, port, uds }), { cause: error }))
    }
    server.once('error', failed)
    server.listen(uds === undefined ? { host, port } : { path: uds }, () => {
      server.off('error', failed)
      resolve()
    })
  }))
  const bound = server.address()
  if (bound === null || typeof bound === 'string') return `unix:${bound}`
  return `${scheme}://${isIPv6(host) ? `[${host}]` : host}:${bound.port}`
}

/**
 * The brackets that an IPv6 address has in a URL are not part of it.
 * @param {string} host
 */
function withoutBrackets (host) {
  const inner = /^\[(.*)\]$/.exec(host)?.[1]
  return inner !== undefined && isIPv6(inner) ? inner : host
}

/**
 * What may be meant by a name that nobody knows.
 * @param {string} host
 */
function hostAdvice (host) {
  const parts = /^(?:https?:\/\/)?(\[.*\]|[^/:]+)(?::(\d+))?\/?$/i.exec(host)
  if (host === '*') return 'use --host 0.0.0.0, or --host :: for IPv6 too'
  if (parts === null || parts[1] === host) return 'change --host'
  return `use --host ${parts[1]}${parts[2] === undefined ? '' : ` --port ${parts[2]}`}`
}

/**
 * @param {NodeJS.ErrnoException} error
 * @param {Address} address
 */
function explain (error, { host, port, uds }) {
  const where = uds ?? `${isIPv6(host) ? `[${host}]` : host}:${port}`
  const change = `choose another ${uds === undefined ? '--port' : '--uds'}`
  switch (error.code) {
    case 'EADDRINUSE':
      return `${where} is in use (EADDRINUSE); stop the program that listens there, or ${change}`
    case 'EACCES':
      // Node reports a directory that does not exist as EACCES, too.
      return uds === undefined
        ? `no permission to listen on ${where} (EACCES); ${change}`
        : `cannot create the socket ${where}: its directory does not exist, or this user must ` +
          `not write there (EACCES); ${change}`
    case 'EADDRNOTAVAIL':
      return `${host} is not an address of this machine (EADDRNOTAVAIL); change --host`
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `cannot resolve the host name ${host} (${error.code}); ${hostAdvice(host)}`
    default:
      return `cannot listen on ${where}: ${error.message}`
  }
}

/**
 * Removes a socket file that a killed process has left: nothing answers there.
 * @param {string} path
 * @throws {ListenError} if there is a file of another kind
 */
async function removeStaleSocket (path) {
  const file = await lstat(path).catch(() => undefined)
  if (file === undefined) return
  if (!file.isSocket()) {
    throw new ListenError(`${path} exists and is not a socket; remove it, or choose another --uds`)
  }
  /** @type {string | undefined} */
  const refusal = await new Promise((resolve) => {
    const socket = connect({ path }, () => {
      socket.destroy()
      resolve(undefined)
    })
    socket.once('error', (/** @type {NodeJS.ErrnoException} */ error) => resolve(error.code))
  })
  if (refusal === 'ECONNREFUSED') await unlink(path)
}
