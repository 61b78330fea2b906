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

/**
 * @param {TlsFiles | null} tls
 * @param {number} maxHeaderSize bytes of the head of a request
 * @returns {import('node:http').Server | import('node:http2').Http2SecureServer}
 */
export function makeServer (tls, maxHeaderSize) {
  const { head } = loadBinding().limits
  if (maxHeaderSize > head) {
    throw new InvalidOptionError('--max-header-size',
      `--max-header-size must be at most ${head} bytes, not ${maxHeaderSize}`)
  }
  // The application decides how long a request body may take.
  const http1 = { requestTimeout: 0, maxHeaderSize }
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
      rejectUnauthorized: ca !== undefined
    })
    Object.assign(server, http1)
    return server
  } catch (error) {
    if (error instanceof InvalidOptionError) throw error
    throw new InvalidOptionError('--tls-cert', '--tls-cert and --tls-key must name a certificate ' +
      `and its key in PEM: ${/** @type {Error} */ (error).message}`)
  }
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
