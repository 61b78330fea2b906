/**
 * Makes the server listen, or explains why it cannot.
 */

import { lstat, unlink } from 'node:fs/promises'
import { connect, isIPv6 } from 'node:net'

import { shownAddress, withoutBrackets } from './address.js'
import { CommandError } from './failure.js'

/** @typedef {import('./address.js').Address} Address */

/** The server cannot listen on the address; the message says what to do. */
export class ListenError extends CommandError {
  name = 'ListenError'
}

/**
 * @typedef {object} ListenOptions
 * @property {string} [scheme]
 * @property {number} [backlog] connections that may wait to be accepted
 * @property {number} [mode] permissions of a Unix socket; undefined: what the umask leaves
 */

/**
 * @param {import('node:net').Server} server
 * @param {Address} address
 * @param {ListenOptions} [options]
 * @returns {Promise<string>} the URL, or unix:path
 */
export async function listen (server, address, { scheme = 'http', backlog, mode } = {}) {
  checkAddress(address)
  if ('uds' in address) await removeStaleSocket(address.uds)
  await /** @type {Promise<void>} */ (new Promise((resolve, reject) => {
    /** @param {NodeJS.ErrnoException} error */
    const failed = (error) => {
      reject(new ListenError(explain(error, address), { cause: error }))
    }
    server.once('error', failed)
    const begin = () => server.listen(target(address, backlog), () => {
      server.off('error', failed)
      resolve()
    })
    try {
      if ('uds' in address && mode !== undefined) withUmask(mode, begin)
      else begin()
    } catch (error) {
      failed(/** @type {NodeJS.ErrnoException} */ (error)) // for example ERR_INVALID_FD_TYPE
    }
  }))
  const bound = server.address()
  if (bound === null) return shownAddress(address)
  if (typeof bound === 'string') return `unix:${bound}`
  const host = 'host' in address ? withoutBrackets(address.host) : bound.address
  return `${scheme}://${isIPv6(host) ? `[${host}]` : host}:${bound.port}`
}

/** @param {Address} address */
function checkAddress (address) {
  const empty = 'host' in address && address.host === ''
    ? '--host'
    : 'uds' in address && address.uds === '' ? '--uds' : null
  if (empty !== null) {
    throw new ListenError(`${empty} is empty; give an address, or leave it out`)
  }
}

/**
 * @param {Address} address
 * @param {number | undefined} backlog
 */
function target (address, backlog) {
  if ('uds' in address) return { path: address.uds, backlog }
  if ('fd' in address) return { fd: address.fd, backlog }
  return { host: withoutBrackets(address.host), port: address.port, backlog }
}

/**
 * Gives the socket its permissions when it is created, so that nobody can connect before. Node
 * creates it before listen() returns.
 * @param {number} mode
 * @param {() => void} create
 */
function withUmask (mode, create) {
  const before = process.umask(0o777 & ~mode)
  try {
    create()
  } finally {
    process.umask(before)
  }
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
function explain (error, address) {
  const { code, message } = error
  if ('fd' in address) return explainDescriptor(error, address.fd)
  const isPath = 'uds' in address
  const where = isPath ? address.uds : shownAddress(address)
  const change = `choose another ${isPath ? '--uds' : '--port'}`
  switch (code) {
    case 'EADDRINUSE':
      return `${where} is in use (EADDRINUSE); stop the program that listens there, or ${change}`
    case 'EACCES':
      // Node reports a directory that does not exist as EACCES, too.
      return isPath
        ? `cannot create the socket ${where}: its directory does not exist, or this user must ` +
          `not write there (EACCES); ${change}`
        : `no permission to listen on ${where} (EACCES); ${change}`
    case 'EADDRNOTAVAIL':
      return `${'host' in address ? address.host : where} is not an address of this machine ` +
        '(EADDRNOTAVAIL); change --host'
    case 'ENOTFOUND':
    case 'EAI_AGAIN': {
      const { host } = /** @type {{ host: string }} */ (address)
      return `cannot resolve the host name ${host} (${code}); ${hostAdvice(host)}`
    }
    default:
      return `cannot listen on ${where}: ${message}`
  }
}

/**
 * @param {NodeJS.ErrnoException} error
 * @param {number} fd
 */
function explainDescriptor ({ code, message }, fd) {
  return `cannot listen on descriptor ${fd} (${code ?? message}): it must be a socket that ` +
    'whoever starts this process has bound; check --fd, --listen or the socket unit'
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
