/**
 * The server of the command line: HTTP/1.1, or with a certificate HTTP/2 and HTTP/1.1 over TLS.
 */

import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createSecureServer } from 'node:http2'

import { loadBinding } from '../binding.js'
import { InvalidOptionError } from '../errors.js'

/**
 * Requests that a client may have in flight on one HTTP/2 connection. Node allows any number; RFC
 * 9113, section 6.5.2, advises against less than 100.
 */
const MAX_STREAMS = 100

/**
 * @typedef {object} TlsFiles paths of PEM files
 * @property {string} cert the server's certificate, and the intermediate ones
 * @property {string} key
 * @property {string} [ca] the authority that must have issued the certificate of a client
 */

/** Milliseconds between two looks for clients that are too slow. */
const CHECKING = 5000

/** Milliseconds after which an HTTP/2 connection without requests is closed. */
const IDLE = 60_000

/**
 * @typedef {object} ServerLimits
 * @property {number} headTime milliseconds to send the head of a request; 0: no limit
 * @property {number} connections Infinity: any
 * @property {number} connectionsPerAddress Infinity: any
 */

/**
 * @param {TlsFiles | null} tls
 * @param {number} maxHeaderSize bytes of the head of a request
 * @param {number} headTime milliseconds to send the head of a request; 0: no limit
 * @returns {import('node:http').Server | import('node:http2').Http2SecureServer}
 */
export function makeServer (tls, maxHeaderSize, headTime) {
  const { head } = loadBinding().limits
  if (maxHeaderSize > head) {
    throw new InvalidOptionError('--max-header-size',
      `--max-header-size must be at most ${head} bytes, not ${maxHeaderSize}`)
  }
  // A long upload may take its time. The handler sees to it that it goes on (minBodyRate).
  const http1 = {
    requestTimeout: 0,
    headersTimeout: headTime,
    connectionsCheckingInterval: Math.max(1, Math.min(CHECKING, headTime || CHECKING)),
    maxHeaderSize
  }
  if (tls === null) return createServer(http1)
  const { cert, key, ca } = tls
  try {
    const server = createSecureServer({
      allowHTTP1: true,
      settings: { maxConcurrentStreams: MAX_STREAMS, maxHeaderListSize: maxHeaderSize },
      // Of responses. Node's default is 64 KiB.
      maxSendHeaderBlockLength: head,
      cert: read('--tls-cert', cert),
      key: read('--tls-key', key),
      ca: ca === undefined ? undefined : read('--tls-ca', ca),
      requestCert: ca !== undefined,
      rejectUnauthorized: ca !== undefined,
      handshakeTimeout: headTime || undefined
    })
    Object.assign(server, http1)
    server.setTimeout(IDLE, /** @type {any} */ (closeIdle))
    return server
  } catch (error) {
    if (error instanceof InvalidOptionError) throw error
    throw new InvalidOptionError('--tls-cert', '--tls-cert and --tls-key must name a certificate ' +
      `and its key in PEM: ${/** @type {Error} */ (error).message}`)
  }
}

/**
 * @param {any} peer a session, or a socket of HTTP/1
 */
function closeIdle (peer) {
  // Streams that are open may end, for example event streams without events.
  if (peer.alpnProtocol === 'h2' && typeof peer.settings === 'function') peer.close()
}

/**
 * @param {string} option
 * @param {string} path
 */
function read (option, path) {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new InvalidOptionError(option,
      `cannot read the file of ${option}: ${/** @type {Error} */ (error).message}`)
  }
}
