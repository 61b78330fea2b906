/**
 * Requests that arrived over HTTP and whose responses a framework sends: python.fetch(req).
 */

import { InvalidOptionError, bodyTooLargeError } from '../errors.js'
import { encodeNodeData } from '../message/node-data.js'
import { parsePrefix } from '../message/mount.js'
import { fetchInit, webResponse } from '../message/web.js'
import { requestLimits } from '../stream/call.js'
import { StreamingStream } from '../stream/streaming-stream.js'
import { currentHeaders } from './changed-headers.js'
import { incomingBody, incomingLength } from './incoming-body.js'
import { encodeIncoming } from './incoming-head.js'
import { requestHost } from './hosts.js'
import { withStatus } from './passing-exchange.js'

/** @typedef {import('./incoming-head.js').Incoming} Incoming */
/** @typedef {import('../options.js').Settings} Settings */
/** @typedef {import('../stream/request-stream.js').RequestLimits} RequestLimits */

/** What the global fetch would replace, and what is known of a request that has arrived. */
const KNOWN = ['method', 'headers', 'body', 'socket']

/**
 * @param {Incoming} req
 * @param {any} init of fetch()
 * @param {Settings} settings
 * @param {(stream: RelayedStream, limits: RequestLimits) => void} submit to the pool
 * @returns {Promise<globalThis.Response>}
 */
export async function relay (req, init, settings, submit) {
  try {
    const { head, body, limits } = requestOf(req, init, settings)
    const response = await new Promise((resolve, reject) => {
      submit(new RelayedStream(head, body, resolve, reject, settings.maxBody), limits)
    })
    return webResponse(response, { method: req.method, url: urlOf(req, head) })
  } catch (error) {
    throw withStatus(error)
  }
}

/**
 * @param {any} req
 * @param {any} init
 * @param {Settings} settings
 */
function requestOf (req, init, settings) {
  const { prefix, scope, signal, ...others } = fetchInit(init)
  for (const name of KNOWN) {
    if (others[name] === undefined || others[name] === null) continue
    throw new InvalidOptionError(name, `fetch() takes the ${name} of a request that arrived over ` +
      'HTTP from the request; to send another one, pass a URL instead')
  }
  const headers = currentHeaders(req)
  const length = incomingLength(req, headers)
  const { maxBody } = settings
  if (length > maxBody && length !== Infinity) throw bodyTooLargeError(maxBody)
  const body = length === 0 ? undefined : incomingBody(req)
  const arrival = {
    prefix: prefix === undefined ? undefined : parsePrefix(prefix),
    data: encodeNodeData(scope),
    relayed: true
  }
  const head = encodeIncoming(req, settings, arrival, headers)
  const socket = req.httpVersionMajor === 2 ? req.stream : req.socket
  return { head, body, limits: requestLimits({ url: '', socket }, { signal }) }
}

/**
 * @param {any} req
 * @param {string} head
 */
function urlOf (req, head) {
  const [, scheme, , path, query] = head.split('\0', 5)
  return `${scheme}://${requestHost(req)}${path}${query === '' ? '' : `?${query}`}`
}

/** A response that a framework sends to the client whose request this is. */
class RelayedStream extends StreamingStream {
  #bodyBytes = 0

  /**
   * @param {string} head
   * @param {import('../stream/request-body.js').Body} body
   * @param {(response: import('../message/response.js').StreamingResponse) => void} resolve
   * @param {(error: Error) => void} reject
   * @param {number} maxBody bytes
   */
  constructor (head, body, resolve, reject, maxBody) {
    super(head, body, resolve, reject)
    this.maxBody = maxBody
  }

  /** @param {number} length */
  received (length) {
    this.#bodyBytes += length
    if (this.#bodyBytes > this.maxBody) this.cancel(bodyTooLargeError(this.maxBody))
  }
}
