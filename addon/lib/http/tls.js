/**
 * Describes a TLS connection for the `tls` extension of ASGI
 * (https://asgi.readthedocs.io/en/latest/specs/tls.html).
 */

/** Versions of the protocol, as the wire format numbers them (RFC 8446, 4.2.1). */
const VERSIONS = new Map([
  ['TLSv1', 0x0301], ['TLSv1.1', 0x0302], ['TLSv1.2', 0x0303], ['TLSv1.3', 0x0304]
])

/** The cipher suites that OpenSSL negotiates, with their numbers from the IANA registry. */
const CIPHER_SUITES = new Map([
  ['TLS_AES_128_GCM_SHA256', 0x1301],
  ['TLS_AES_256_GCM_SHA384', 0x1302],
  ['TLS_CHACHA20_POLY1305_SHA256', 0x1303],
  ['TLS_AES_128_CCM_SHA256', 0x1304],
  ['TLS_AES_128_CCM_8_SHA256', 0x1305],
  ['TLS_RSA_WITH_AES_128_CBC_SHA', 0x002f],
  ['TLS_DHE_RSA_WITH_AES_128_CBC_SHA', 0x0033],
  ['TLS_RSA_WITH_AES_256_CBC_SHA', 0x0035],
  ['TLS_DHE_RSA_WITH_AES_256_CBC_SHA', 0x0039],
  ['TLS_RSA_WITH_AES_128_CBC_SHA256', 0x003c],
  ['TLS_RSA_WITH_AES_256_CBC_SHA256', 0x003d],
  ['TLS_DHE_RSA_WITH_AES_128_CBC_SHA256', 0x0067],
  ['TLS_DHE_RSA_WITH_AES_256_CBC_SHA256', 0x006b],
  ['TLS_RSA_WITH_AES_128_GCM_SHA256', 0x009c],
  ['TLS_RSA_WITH_AES_256_GCM_SHA384', 0x009d],
  ['TLS_DHE_RSA_WITH_AES_128_GCM_SHA256', 0x009e],
  ['TLS_DHE_RSA_WITH_AES_256_GCM_SHA384', 0x009f],
  ['TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA', 0xc009],
  ['TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA', 0xc00a],
  ['TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA', 0xc013],
  ['TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA', 0xc014],
  ['TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256', 0xc023],
  ['TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384', 0xc024],
  ['TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256', 0xc027],
  ['TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384', 0xc028],
  ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', 0xc02b],
  ['TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384', 0xc02c],
  ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 0xc02f],
  ['TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384', 0xc030],
  ['TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256', 0xcca8],
  ['TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256', 0xcca9],
  ['TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256', 0xccaa]
])

/** The most certificates of a chain that are passed on. Real chains are shorter. */
const MAX_CHAIN = 10

/** What RFC 4514 escapes in a name. */
const ATTRIBUTE_ESCAPES = /[,+"\\<>;]|^[ #]| $/g

const NON_ASCII = /[^ -~]/g

const kText = Symbol('tls')

/**
 * Returns JSON in ASCII, which is computed once for each connection.
 * @param {import('node:tls').TLSSocket & { [kText]?: string }} socket
 * @returns {string}
 */
export function tlsText (socket) {
  // The socket of an HTTP/2 request is a proxy for that of its session, so both share the cache.
  const cached = socket[kText]
  if (cached !== undefined) return cached
  const text = JSON.stringify(describe(socket)).replace(NON_ASCII, (char) =>
    `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
  socket[kText] = text
  return text
}

/** @param {import('node:tls').TLSSocket} socket */
function describe (socket) {
  const server = /** @type {any} */ (socket.getCertificate())
  const client = /** @type {any} */ (socket.getPeerCertificate(true))
  return {
    server_cert: server?.raw === undefined ? null : pem(server.raw),
    client_cert_chain: chain(client),
    client_cert_name: client?.subject === undefined ? null : distinguishedName(client.subject),
    client_cert_error: client?.raw === undefined || socket.authorized
      ? null
      : String(socket.authorizationError),
    tls_version: VERSIONS.get(socket.getProtocol() ?? '') ?? null,
    cipher_suite: CIPHER_SUITES.get(socket.getCipher()?.standardName ?? '') ?? null
  }
}

/**
 * @param {any} certificate
 * @returns {string[]} PEM; the first one is the client's own
 */
function chain (certificate) {
  const list = []
  const seen = new Set()
  let next = certificate
  while (next?.raw !== undefined && !seen.has(next.fingerprint256) && list.length < MAX_CHAIN) {
    seen.add(next.fingerprint256)
    list.push(pem(next.raw))
    next = next.issuerCertificate
  }
  return list
}

/** @param {Buffer} der */
function pem (der) {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}

/**
 * @param {Record<string, string | string[]>} subject in the order of the certificate
 * @returns {string} in the format of RFC 4514, which starts with the last part
 */
function distinguishedName (subject) {
  const parts = []
  for (const [name, value] of Object.entries(subject)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      parts.unshift(`${name}=${one.replace(ATTRIBUTE_ESCAPES, '\\$&')}`)
    }
  }
  return parts.join(',')
}
