/**
 * What the failure of a request means: its code and message, and whether the endpoint is to blame.
 */

import { InvalidRequestError, RemoteError } from '../errors.js'
import { optionName, remoteName } from '../util/option-name.js'

/** @typedef {'request' | 'unreachable' | 'lost' | 'protocol'} FailureKind */

/** The request itself cannot be sent. */
const OF_REQUEST = new Map([
  ['UND_ERR_INVALID_ARG', 'ERR_INVALID_HEADER'],
  ['UND_ERR_NOT_SUPPORTED', 'ERR_INVALID_HEADER'],
  ['UND_ERR_REQ_CONTENT_LENGTH_MISMATCH', 'ERR_INVALID_BODY']
])

const OF_RESPONSE = new Set([
  'UND_ERR_HEADERS_OVERFLOW', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  'UND_ERR_RES_EXCEEDED_MAX_SIZE', 'WS_ERR_INVALID_UTF8'
])

/**
 * @param {any} error of undici, ws or a socket
 * @param {boolean} wasSent the endpoint may have seen the request
 * @returns {FailureKind}
 */
export function kindOf (error, wasSent) {
  const code = String(error?.code)
  if (OF_REQUEST.has(code)) return 'request'
  if (!wasSent) return 'unreachable'
  if (OF_RESPONSE.has(code) || /^HPE_|^WS_ERR_/.test(code)) return 'protocol'
  return 'lost'
}

/** Where nothing else says what happened. */
const REASONS = new Map([
  ['ECONNREFUSED', 'it refuses connections'],
  ['ECONNRESET', 'it closed the connection'],
  ['UND_ERR_SOCKET', 'it closed the connection'],
  ['ENOENT', 'the socket does not exist'],
  ['ENOTFOUND', 'its name has no address'],
  ['EAI_AGAIN', 'its name cannot be resolved at the moment']
])

/** @param {any} error */
export function reasonOf (error) {
  const { code, message } = error ?? {}
  return REASONS.get(code) ?? (message || String(code ?? error))
}

/**
 * @param {string} endpoint
 * @param {unknown} cause
 */
export function unreachableError (endpoint, cause) {
  return new RemoteError('ERR_REMOTE_UNREACHABLE',
    `${endpoint} cannot be reached: ${reasonOf(cause)}; check that the service runs there, and ` +
    `the address in ${remoteName()}`, { endpoint, cause })
}

/**
 * An address has left the name, and a request there has not ended in time.
 * @param {string} endpoint
 */
export function removedError (endpoint) {
  return new RemoteError('ERR_REMOTE_LOST', `${endpoint} is no longer an address of its name, ` +
    `and the response was not complete within ${optionName('timeouts.retire')}`, { endpoint })
}

/**
 * @param {FailureKind} kind
 * @param {any} cause
 * @param {{ endpoint: string, request: string }} where
 * @returns {Error}
 */
export function failureError (kind, cause, { endpoint, request }) {
  switch (kind) {
    case 'request':
      return new InvalidRequestError(OF_REQUEST.get(cause.code) ?? 'ERR_INVALID_HEADER',
        `${request} cannot be sent to ${endpoint}: ${cause.message}`, { cause })
    case 'unreachable':
      return unreachableError(endpoint, cause)
    case 'protocol':
      return new RemoteError('ERR_REMOTE_PROTOCOL', `${endpoint} answered ${request} with ` +
        `something that is not valid: ${cause.message}`, { endpoint, request, cause })
    default:
      return new RemoteError('ERR_REMOTE_LOST', `${request} was lost with its connection to ` +
        `${endpoint}: ${reasonOf(cause)}; its log may say why`, { endpoint, request, cause })
  }
}
