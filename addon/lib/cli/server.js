/**
 * The server of the command line: HTTP/1.1, or with a certificate HTTP/2 and HTTP/1.1 over TLS.
 */

import { createServer } from 'node:http'

import { InvalidOptionError } from '../errors.js'
import { REMOTE_LIMITS } from '../remote/limits.js'
import { http2 } from '../util/lazy.js'
import { readCertificate } from './certificates.js'

/** @typedef {import('./certificates.js').TlsFiles} TlsFiles */

/**
 * Requests that a client may have in flight on one HTTP/2 connection. Node allows any number; RFC
 * 9113, section 6.5.2, advises against less than 100.
 */
const MAX_STREAMS = 100

/** Milliseconds between two looks for clients that are too slow. */
const CHECKING = 5000

/** Milliseconds after which an HTTP/2 connection without requests is closed. */
const IDLE = 60_000

/**
 * @typedef {object} ServerLimits
 * @property {number} headTime milliseconds to send the head of a request; 0: no limit
 * @property {number} keepAlive milliseconds that an idle connection of HTTP/1 stays open; 0: no
 *   limit
 * @property {number} connections Infinity: any
 * @property {number} connectionsPerAddress Infinity: any
 */

/**
 * @param {TlsFiles | null} tls
 * @param {number} maxHeaderSize bytes of the head of a request
 * @param {Pick<ServerLimits, 'headTime' | 'keepAlive'>} times
 * @returns {import('node:http').Server | import('node:http2').Http2SecureServer}
 */
export function makeServer (tls, maxHeaderSize, { headTime, keepAlive }) {
  // Without the addon, which a server of a remote application does not need.
  const { head } = REMOTE_LIMITS
  if (maxHeaderSize > head) {
    throw new InvalidOptionError('--max-header-size',
      `--max-header-size must be at most ${head} bytes, not ${maxHeaderSize}`)
  }
  // A long upload may take its time. The handler sees to it that it goes on (minBodyRate).
  const http1 = {
    requestTimeout: 0,
    headersTimeout: headTime,
    keepAliveTimeout: keepAlive,
    connectionsCheckingInterval: Math.max(1, Math.min(CHECKING, headTime || CHECKING)),
    maxHeaderSize
  }
  if (tls === null) return createServer(http1)
  const server = http2().createSecureServer({
    allowHTTP1: true,
    settings: { maxConcurrentStreams: MAX_STREAMS, maxHeaderListSize: maxHeaderSize },
    // Of responses. Node's default is 64 KiB.
    maxSendHeaderBlockLength: head,
    ...readCertificate(tls),
    requestCert: tls.ca !== undefined,
    rejectUnauthorized: tls.ca !== undefined,
    handshakeTimeout: headTime || undefined
  })
  Object.assign(server, http1)
  server.setTimeout(IDLE, /** @type {any} */ (closeIdle))
  return server
}

/**
 * @param {any} peer a session, or a socket of HTTP/1
 */
function closeIdle (peer) {
  // Streams that are open may end, for example event streams without events.
  if (peer.alpnProtocol === 'h2' && typeof peer.settings === 'function') peer.close()
}
