/**
 * The certificate of the server, and its successors: a new one is used for new connections, without
 * a restart.
 */

import { readFileSync, unwatchFile, watchFile } from 'node:fs'

import { InvalidOptionError } from '../errors.js'
import { tls } from '../util/lazy.js'

/** Milliseconds between two looks at the files. Looking also notices links that lead elsewhere. */
const INTERVAL = 5000

/**
 * @typedef {object} TlsFiles paths of PEM files
 * @property {string} cert the server's certificate, and the intermediate ones
 * @property {string} key
 * @property {string} [ca] the authority that must have issued the certificate of a client
 * @property {string} [password] of the key
 * @property {string} [passwordFile] has the password
 */

/**
 * @param {TlsFiles} files
 * @returns {import('node:tls').SecureContextOptions}
 * @throws {InvalidOptionError} they cannot be read, or do not fit each other
 */
export function readCertificate ({ cert, key, ca, password, passwordFile }) {
  const options = {
    cert: read('--tls-cert', cert),
    key: read('--tls-key', key),
    ca: ca === undefined ? undefined : read('--tls-ca', ca),
    // A file ends with a newline.
    passphrase: passwordFile === undefined
      ? password
      : read('--tls-key-password-file', passwordFile).toString().replace(/\r?\n$/, '')
  }
  try {
    tls().createSecureContext(options)
  } catch (error) {
    const { code = '', message } = /** @type {NodeJS.ErrnoException} */ (error)
    const advice = /INTERRUPTED_OR_CANCELLED|BAD_DECRYPT|BAD_PASSWORD/.test(code)
      ? '; set --tls-key-password-file, or the variable NODE_ASGI_TLS_KEY_PASSWORD'
      : ''
    throw new InvalidOptionError('--tls-cert', '--tls-cert and --tls-key must name a certificate ' +
      `and its key in PEM: ${message}${advice}`)
  }
  return options
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

export class CertificateWatch {
  #paths

  #onChange = () => this.reload('the certificate has changed')

  /**
   * @param {Pick<import('node:tls').Server, 'setSecureContext'>} server
   * @param {TlsFiles} files
   * @param {import('../options.js').Logger} logger
   */
  constructor (server, files, logger) {
    this.server = server
    this.files = files
    this.logger = logger
    const { cert, key, ca, passwordFile } = files
    this.#paths = [cert, key, ca, passwordFile].filter((path) => path !== undefined)
    for (const path of this.#paths) {
      watchFile(path, { interval: INTERVAL, persistent: false }, this.#onChange)
    }
  }

  /**
   * The new files may not be complete yet. Then the next change comes soon, and until then the old
   * certificate is used.
   * @param {string} why
   */
  reload (why) {
    try {
      this.server.setSecureContext(readCertificate(this.files))
      this.logger.info(`[node-asgi] ${why}: new connections get the one of ${this.files.cert}`)
    } catch (error) {
      this.logger.error(`[node-asgi] ${why}, but the old one stays in use: ` +
        /** @type {Error} */ (error).message)
    }
  }

  close () {
    for (const path of this.#paths) unwatchFile(path, this.#onChange)
  }
}
