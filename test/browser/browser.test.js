/** A real browser with a real application, over HTTP/1.1 and over HTTP/2 with TLS. */

import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import http from 'node:http'
import http2 from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

import { PythonHandler } from '../../addon/lib/index.js'
import { chromium, withoutBrowser as skip } from '../support/chromium.js'
import { VENV_PYTHON } from '../support/harness.js'

const here = fileURLToPath(new URL('.', import.meta.url))

/** Serves the app and opens its page in a browser; returns the report of the page. */
async function visit (makeServer, scheme, folder) {
  const python = new PythonHandler(
    { docroot: here, appTarget: 'app:app', workers: 1, python: VENV_PYTHON })
  const server = makeServer()
  python.attach(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const url = `${scheme}://127.0.0.1:${server.address().port}/`
  const browser = spawn(chromium, [
    '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage',
    '--ignore-certificate-errors', '--no-first-run', '--disable-extensions',
    `--user-data-dir=${join(folder, 'profile')}`, url
  ], { stdio: 'ignore', detached: true })
  const ended = once(browser, 'exit')
  try {
    const signal = AbortSignal.timeout(60_000)
    return await (await python.fetch(new Request('http://x/report', { signal }))).json()
  } finally {
    // The browser's child processes are in its process group.
    process.kill(-browser.pid, 'SIGKILL')
    await ended
    await python.close()
    server.close()
  }
}

function check ({ socket, events, upload }) {
  assert.deepEqual(socket, {
    protocol: 'chat',
    lengths: [6, 300_000, 6],
    last: '007fff',
    code: 4002,
    reason: 'as asked',
    wasClean: true
  })
  assert.deepEqual(events, [1, 2, 3, 4, 5, 6, 7].map((number) => `event ${number}`))
  assert.equal(upload.sha256, upload.expected)
  assert.deepEqual([upload.name, upload.type, upload.size],
    ['photo ü.png', 'image/png', 2 * 1024 * 1024])
  assert.ok(upload.progress > upload.size)
}

test('HTTP/1.1: WebSocket, EventSource that reconnects, upload', { skip, timeout: 90_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'node-asgi-browser-'))
    try {
      check(await visit(() => http.createServer(), 'http', folder))
    } finally {
      rmSync(folder, { recursive: true, maxRetries: 5 })
    }
  })

test('HTTP/2: the same, with WebSocket by extended CONNECT', { skip, timeout: 90_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'node-asgi-browser-'))
    try {
      execFileSync('openssl', [
        'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
        '-subj', '/CN=127.0.0.1',
        '-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')
      ], { stdio: 'pipe' })
      const versions = new Set()
      const report = await visit(() => http2.createSecureServer({
        allowHTTP1: true,
        cert: readFileSync(join(folder, 'cert.pem')),
        key: readFileSync(join(folder, 'key.pem'))
      }).on('session', () => versions.add('2')).on('stream', (_, headers) => {
        if (headers[':protocol'] === 'websocket') versions.add('websocket over 2')
      }), 'https', folder)
      check(report)
      assert.deepEqual([...versions], ['2', 'websocket over 2'])
    } finally {
      rmSync(folder, { recursive: true, maxRetries: 5 })
    }
  })
