/** What the command line limits by default, or with a flag. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import tls from 'node:tls'

import { APPS } from '../support/harness.js'
import { Run } from '../support/run.js'

/** Runs the command line while `run` runs, which gets the port. */
async function serving (args, run) {
  const process = new Run(['--workers', '1', '--docroot', APPS, '--port', '0', ...args])
  try {
    await run(await process.port())
  } finally {
    process.child.kill('SIGKILL')
    await process.closed
    await process.allGone()
  }
}

/** Unlike once(), it does not reject when the other side has reset the connection. */
const closed = (socket) => new Promise((resolve) => socket.once('close', resolve))

/** Sends the head of a request a byte at a time; returns what came back when it was cut off. */
async function sendSlowly (socket) {
  let text = ''
  socket.on('data', (bytes) => { text += bytes }).on('error', () => {})
  const timer = setInterval(() => socket.write('x'), 100).unref()
  socket.write('GET / HTTP/1.1\r\nHost: h\r\nX-Slow: ')
  await closed(socket)
  clearInterval(timer)
  return text
}

test('slow request heads were never cut off', { timeout: 60_000 }, async () => {
  await serving(['--timeout-head', '1'], async (port) => {
    assert.match(await sendSlowly(connect(port, '127.0.0.1')), /^HTTP\/1\.1 408 /)
  })
})

test('slow request heads were never cut off, with TLS', { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'node-asgi-limits-'))
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1',
    '-subj', '/CN=localhost', '-keyout', key, '-out', cert], { stdio: 'ignore' })
  try {
    await serving(['--timeout-head', '1', '--tls-cert', cert, '--tls-key', key], async (port) => {
      const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
      assert.match(await sendSlowly(socket), /^HTTP\/1\.1 408 /)
      // A client that does not even finish the handshake.
      const silent = connect(port, '127.0.0.1')
      silent.on('error', () => {}).resume()
      await closed(silent)
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('one address could open any number of connections', { timeout: 60_000 }, async () => {
  await serving(['--max-connections-per-address', '3'], async (port) => {
    const sockets = Array.from({ length: 5 }, () => connect(port, '127.0.0.1'))
    let closed = 0
    for (const socket of sockets) {
      socket.on('error', () => {}).on('close', () => { closed++ }).resume()
    }
    await sleep(1000)
    assert.equal(closed, 2)
    for (const socket of sockets) socket.destroy()
  })
})
