/** Certificates for tests. */

import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

/**
 * Makes a certificate that is signed by itself, in cert.pem and key.pem of a folder.
 * @param {string} folder
 * @param {{ name?: string, password?: string }} [options]
 */
export function makeCertificate (folder, { name = 'localhost', password } = {}) {
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  const cipher = password === undefined ? ['-nodes'] : ['-passout', `pass:${password}`]
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', ...cipher, '-days', '1',
    '-subj', `/CN=${name}`, '-keyout', key, '-out', cert], { stdio: 'ignore' })
  return { cert, key }
}
