import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import http2 from 'node:http2'
import https from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { connect } from 'node:tls'

import WebSocket from 'ws'

import { assertFacts } from '../support/facts.js'
import { APPS, VENV_PYTHON } from '../support/harness.js'
import { Run } from '../support/run.js'

const python = process.env.NODE_ASGI_TEST_PYTHON ?? VENV_PYTHON
let folder

const file = (name) => join(folder, name)
const openssl = (...args) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })

/** Creates a certificate signed by `issuer`, or self-signed. */
function certify (name, subject, issuer) {
  openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', subject,
    '-keyout', `${name}.key`, '-out', `${name}.csr`)
  writeFileSync(file(`${name}.ext`), 'subjectAltName=IP:127.0.0.1\n')
  const signer = issuer === undefined
    ? ['-signkey', `${name}.key`]
    : ['-CA', `${issuer}.pem`, '-CAkey', `${issuer}.key`, '-CAcreateserial',
        '-extfile', `${name}.ext`]
  openssl('x509', '-req', '-in', `${name}.csr`, ...signer, '-days', '2', '-out', `${name}.pem`)
}

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'node-asgi-tls-'))
  certify('ca', '/O=Test/CN=Authority')
  certify('server', '/CN=127.0.0.1', 'ca')
  certify('client', '/C=DE/O=Acme, Inc./CN=Client "1"', 'ca')
  certify('stranger', '/CN=Stranger')
})

after(() => rmSync(folder, { recursive: true }))

/** Serves tls_app with the certificates while `run` runs, and checks that it stops. */
async function withCli (args, run) {
  const service = new Run(['tls_app:app', '--docroot', APPS, '--python', python, '--port', '0',
    '--workers', '1', '--tls-cert', file('server.pem'), '--tls-key', file('server.key'), ...args])
  try {
    await run(await service.port(), service)
  } finally {
    service.child.kill('SIGTERM')
  }
  assert.equal(await service.closed, 0, service.stderr)
  await service.allGone()
}

async function getJson (options) {
  const [response] = await once(https.get({ host: '127.0.0.1', ...options }), 'response')
  return JSON.parse((await response.toArray()).join(''))
}

test('a certificate and its key enable https, HTTP/2 and wss', { timeout: 60_000 }, async () => {
  await withCli([], async (port) => {
    const ca = readFileSync(file('ca.pem'))
    const over1 = await getJson({ port, ca, agent: new https.Agent({ keepAlive: true }) })
    assert.deepEqual([over1.scheme, over1.version], ['https', '1.1'])
    assert.equal(over1.tls.tls_version, 0x0304)
    assert.ok(over1.tls.cipher_suite >= 0x1301 && over1.tls.cipher_suite <= 0x1303)
    assert.equal(new X509Certificate(over1.tls.server_cert).fingerprint256,
      new X509Certificate(readFileSync(file('server.pem'))).fingerprint256)
    assert.deepEqual(over1.tls.client_cert_chain, [])
    assert.equal(over1.tls.client_cert_name, null)
    assert.equal(over1.tls.client_cert_error, null)
    const older = await getJson(
      { port, ca, maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' })
    assert.deepEqual([older.tls.tls_version, older.tls.cipher_suite], [0x0303, 0xc02b])

    // This session and the kept-alive connection stay open: the server has to end them.
    const session = http2.connect(`https://127.0.0.1:${port}`, { ca })
    const stream = session.request({ ':path': '/' })
    const over2 = JSON.parse((await stream.toArray()).join(''))
    assert.deepEqual([over2.scheme, over2.version], ['https', '2'])
    assert.deepEqual(over2.tls.tls_version, 0x0304)

    const client = new WebSocket(`wss://127.0.0.1:${port}/`, { ca })
    const [message] = await once(client, 'message')
    const socket = JSON.parse(message)
    assert.deepEqual([socket.scheme, socket.tls.tls_version], ['wss', 0x0304])
  })
})

test('--tls-ca requires client certificates, which the app sees', { timeout: 60_000 }, async () => {
  await withCli(['--tls-ca', file('ca.pem')], async (port) => {
    const ca = readFileSync(file('ca.pem'))
    const identity = (name) => ({
      cert: readFileSync(file(`${name}.pem`)), key: readFileSync(file(`${name}.key`))
    })
    const { tls } = await getJson({ port, ca, ...identity('client') })
    assert.equal(tls.client_cert_name, 'CN=Client \\"1\\",O=Acme\\, Inc.,C=DE')
    assert.equal(new X509Certificate(tls.client_cert_chain[0]).fingerprint256,
      new X509Certificate(readFileSync(file('client.pem'))).fingerprint256)
    assert.equal(tls.client_cert_error, null)
    for (const wrong of [{}, identity('stranger')]) {
      const socket = connect({ host: '127.0.0.1', port, ca, ...wrong })
      socket.on('error', () => {})
      socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
      assert.equal((await socket.toArray().catch(() => [])).join(''), '')
    }
  })
})

test('unusable certificate files are refused with the option', { timeout: 60_000 }, async () => {
  for (const [cert, key, facts] of [
    ['/missing.pem', file('server.key'), ['--tls-cert', 'ENOENT', '/missing.pem']],
    [file('server.pem'), file('client.key'), ['--tls-cert', '--tls-key']],
    [file('server.key'), file('server.key'), ['--tls-cert', '--tls-key']]
  ]) {
    const service = new Run(['tls_app:app', '--docroot', APPS, '--python', python, '--port', '0',
      '--tls-cert', cert, '--tls-key', key])
    assert.equal(await service.closed, 2)
    assertFacts(service.stderr, facts)
  }
})
