/**
 * What a call of the handler is given: a request and its limits. Checks them, and takes from them
 * what a stream needs.
 */

import { InvalidOptionError, InvalidRequestError } from '../errors.js'
import { checkOptions, describe } from '../errors/unknown-key.js'
import { encodeHead } from '../message/head.js'
import { checkBoolean, checkRequestKeys } from '../message/request-keys.js'
import { Request, markSent } from '../message/request.js'
import { checkUnused, isWebRequest } from '../message/web.js'
import { MAX_TIMEOUT } from '../util/deadline.js'
import { connectionSignal } from './connection-signal.js'
import { parseContent } from './request-body.js'

/** @typedef {import('../message/request.js').RequestOptions} RequestOptions */
/** @typedef {RequestOptions | Request | globalThis.Request} AnyRequest */
/** @typedef {import('./request-stream.js').RequestLimits} RequestLimits */

/** @type {RequestLimits} */
export const NO_LIMITS = Object.freeze({})

const LIMIT_KEYS = new Set(['signal', 'timeout'])

/** @typedef {import('./form-body.js').Content} Content */

/** @param {any} request */
export function isSocket (request) {
  return request?.websocket === true
}

/**
 * @param {AnyRequest} request
 * @returns {Content}
 */
export function requestContent (request) {
  if (typeof request !== 'object' || request === null) {
    throw new InvalidRequestError('ERR_INVALID_URL',
      "a request must be an object with a url, for example { method: 'GET', url: '/' }")
  }
  if (isSocket(request)) {
    throw new InvalidOptionError('websocket', 'handleRequestSync() opens no WebSocket; use ' +
      'connect(), or handleStream()')
  }
  if ('websocket' in request) checkBoolean(request.websocket, 'websocket')
  if ('idempotent' in request) checkBoolean(request.idempotent, 'idempotent')
  if (isWebRequest(request)) checkUnused(request)
  else if (!(request instanceof Request)) checkRequestKeys(request)
  const content = parseContent(request.body)
  if (request instanceof Request) markSent(request)
  return content
}

/**
 * @param {AnyRequest} request
 * @param {Content} content
 */
export function requestHead (request, { length, type }) {
  return encodeHead(/** @type {RequestOptions} */ (request), length, type)
}

/**
 * @param {AnyRequest | import('../message/head.js').SocketRequest} request
 * @param {RequestLimits | AbortSignal | undefined} limits
 * @returns {RequestLimits}
 */
export function requestLimits (request, limits) {
  const given = givenLimits(request, limits)
  const { socket } = /** @type {RequestOptions} */ (request)
  if (socket === undefined || socket === null) return given
  const gone = connectionSignal(socket)
  return gone === null ? given : { ...given, gone }
}

/**
 * @param {any} request
 * @param {RequestLimits | AbortSignal | undefined} limits
 * @returns {RequestLimits}
 */
function givenLimits (request, limits) {
  // As in @platformatic/python-node.
  if (limits instanceof AbortSignal) return { signal: limits }
  if (limits === undefined || limits === null) {
    return isWebRequest(request) ? { signal: request.signal } : NO_LIMITS
  }
  checkOptions(limits, LIMIT_KEYS, 'a request (its second argument)')
  const { timeout, signal } = limits
  if (timeout !== undefined) checkTimeout('timeout', timeout)
  if (signal !== undefined && signal !== null && !(signal instanceof AbortSignal)) {
    throw new InvalidOptionError('signal', 'signal must be an AbortSignal')
  }
  if (signal === undefined && isWebRequest(request)) {
    return { timeout, signal: request.signal }
  }
  return limits
}

/**
 * @param {string} name
 * @param {unknown} value
 */
export function checkTimeout (name, value) {
  if (typeof value !== 'number' || !(value >= 0 && value <= MAX_TIMEOUT)) {
    throw new InvalidOptionError(name,
      `${name} must be a number of milliseconds from 0 to ${MAX_TIMEOUT}, not ` +
      (typeof value === 'number' ? String(value) : describe(value)))
  }
}
