/**
 * Where the server listens, and what to say when it cannot.
 */

import { lstat, unlink } from 'node:fs/promises'
import { connect, isIPv6 } from 'node:net'

/** @typedef {{ host: string, port: number, uds?: string }} Address uds wins over host and port */

/** The address cannot be listened on; the message says what to do. */
export class ListenError extends Error {
  name = 'ListenError'
}

/**
 * @param {import('node:net').Server} server
 * @param {Address} address
 * @param {string} [scheme]
 * @returns {Promise<string>} the address, as a person or a client can use it
 */
export async function listen (server, address, scheme = 'http') {
  const { host, port, uds } = address
  if (uds !== undefined) await removeStaleSocket(uds)
  await /** @type {Promise<void>} */ (new Promise((resolve, reject) => {
    /** @param {NodeJS.ErrnoException} error */
    const failed = (error) => {
      reject(new ListenError(explain(error, address), { cause: error }))
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
 * @param {NodeJS.ErrnoException} error
 * @param {Address} address
 */
function explain (error, { host, port, uds }) {
  const where = uds ?? `${host}:${port}`
  const change = uds === undefined ? 'choose another one with --port' : 'choose another --uds'
  switch (error.code) {
    case 'EADDRINUSE':
      return `${where} is in use (EADDRINUSE): stop the program that listens there, or ${change}`
    case 'EACCES':
      return `no permission to listen on ${where} (EACCES): ${change}`
    case 'EADDRNOTAVAIL':
      return `${host} is not an address of this machine (EADDRNOTAVAIL): change --host`
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `the host name ${host} is not known (${error.code}): change --host`
    default:
      return `cannot listen on ${where}: ${error.message}`
  }
}

/**
 * A socket file that nobody answers on is left from a process that was killed.
 * @param {string} path
 */
async function removeStaleSocket (path) {
  const file = await lstat(path).catch(() => undefined)
  if (!file?.isSocket()) return // listen() reports a file of another kind
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
