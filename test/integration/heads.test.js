import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import http from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

import { APPS, VENV_PYTHON, withPython, withServer } from '../support/harness.js'
import { Run } from '../support/run.js'

const KIB = 1024
const LONG = 300 * KIB
const app = { appTarget: 'heads_app:app' }
const smallRings = { ...app, requestRing: 256 * KIB, responseRing: 256 * KIB }

/** Bytes of the values of a response's long headers. */
const lengthOf = (values) => values.join(', ').replaceAll(', ', '').length

/** Headers of `size` bytes altogether, without their names. */
function longHeaders (size) {
  const headers = {}
  for (let left = size, i = 0; left > 0; left -= 8000, i++) {
    headers[`x-${i}`] = 'v'.repeat(Math.min(left, 8000))
  }
  return headers
}

/** Sends a request with node:http or node:https. */
async function ask (url, { client = http, ...options } = {}) {
  const request = client.request(url, { maxHeaderSize: 1024 * KIB, agent: false, ...options })
  const hints = []
  request.on('information', ({ headers }) => hints.push(headers.link))
  request.end()
  const [response] = await once(request, 'response')
  const text = (await response.toArray()).join('')
  return {
    status: response.statusCode,
    length: lengthOf([response.headers['x-long'] ?? '']),
    trailers: lengthOf([response.trailers['x-long'] ?? '']),
    hints,
    text
  }
}

for (const [name, options] of [['the default rings', app], ['the smallest rings', smallRings]]) {
  withPython(`long heads of every message pass ${name}`, options, async (python) => {
    await withServer(python.listener, async (base) => {
      for (const path of ['/', '/file', '/stream']) {
        const { status, length } = await ask(`${base}${path}?size=${LONG}`)
        assert.deepEqual([status, length], [200, LONG], path)
      }
      const { trailers } = await ask(`${base}/trailers?size=${LONG}`,
        { headers: { te: 'trailers' } })
      assert.equal(trailers, LONG)
      const { hints } = await ask(`${base}/hint?size=${LONG}`)
      assert.deepEqual(hints.map((link) => link.length), [LONG])
    })
    const headers = longHeaders(LONG)
    const total = Object.entries(headers).flat().join('').length
    const response = await python.handleRequest({ url: '/', headers, body: 'x'.repeat(100_000) })
    assert.ok(Number(response.text()) >= total)
    const { headers: received } = python.handleRequestSync({ url: `/?size=${LONG}` })
    assert.equal(lengthOf(received.getAll('x-long')), LONG)
  })

  withPython(`many long heads at once pass ${name}`, options, async (python) => {
    await Promise.all(Array.from({ length: 40 }, async (_, i) => {
      const size = LONG - 1000 * i
      const path = i % 2 === 0 ? '/stream' : '/'
      const { headers, body } = await python.handleRequest(
        { url: `${path}?size=${size}`, headers: longHeaders(size) })
      assert.equal(lengthOf(headers.getAll('x-long')), size)
      if (path === '/stream') assert.equal(body.length, 1_000_000)
      else assert.ok(Number(body.toString()) > size)
    }))
  })

  withPython(`long heads of WebSockets pass ${name}`, options, async (python) => {
    const socket = await python.connect({ url: `/?size=${LONG}`, headers: longHeaders(LONG) })
    assert.equal(lengthOf(socket.headers.getAll('x-long')), LONG)
    await assert.rejects(python.connect(`/refused?size=${LONG}`), (error) => {
      assert.equal(error.code, 'ERR_WEBSOCKET_REFUSED')
      assert.equal(lengthOf(error.headers.getAll('x-long')), LONG)
      return true
    })
  })
}

withPython('a head over the limit is an error of its sender', app, async (python) => {
  await assert.rejects(python.handleRequest({ url: '/?size=530000' }),
    { code: 'ERR_APP', message: /524288/ })
  await assert.rejects(python.handleRequest({ url: '/', headers: longHeaders(530_000) }),
    { code: 'ERR_HEADERS_TOO_LARGE', message: /524288/ })
  assert.equal((await python.handleRequest({ url: '/' })).status, 200)
})

withPython('an HTTP/2 response with a longer head than the server allows fails', app,
  async (python) => {
    const server = http2.createServer()
    python.attach(server)
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const ask2 = async (path) => {
      const session = http2.connect(`http://127.0.0.1:${server.address().port}`)
      try {
        return (await once(session.request({ ':path': path }), 'response'))[0][':status']
      } finally {
        session.destroy()
      }
    }
    await assert.rejects(ask2(`/?size=${LONG}`), { code: 'ERR_HTTP2_STREAM_ERROR' })
    assert.equal(await ask2('/'), 200)
    server.close()
  })

const folder = mkdtempSync(join(tmpdir(), 'node-asgi-heads-'))
after(() => rmSync(folder, { recursive: true }))

/** Serves heads_app with the command line while `run` runs. */
async function withCli (args, run) {
  const service = new Run(['heads_app:app', '--docroot', APPS, '--python', VENV_PYTHON, '--port',
    '0', '--workers', '1', ...args])
  try {
    await run(await service.port())
  } finally {
    service.child.kill('SIGTERM')
  }
  assert.equal(await service.closed, 0, service.stderr)
  await service.allGone()
}

test('request heads of 64 KiB are served by default', { timeout: 60_000 }, async () => {
  await withCli([], async (port) => {
    const url = `http://127.0.0.1:${port}/`
    assert.equal((await ask(url, { headers: longHeaders(60 * KIB) })).status, 200)
    assert.equal((await ask(url, { headers: longHeaders(65 * KIB) })).status, 431)
  })
})

test('--max-header-size sets the limit of request heads', { timeout: 60_000 }, async () => {
  await withCli(['--max-header-size', '200000'], async (port) => {
    const url = `http://127.0.0.1:${port}/`
    assert.equal((await ask(url, { headers: longHeaders(190_000) })).status, 200)
    assert.equal((await ask(`${url}?size=${LONG}`)).length, LONG)
    assert.equal((await ask(url, { headers: longHeaders(201_000) })).status, 431)
  })
  const refused = new Run(['heads_app:app', '--docroot', APPS, '--max-header-size', '600000'])
  assert.equal(await refused.closed, 2)
  assert.match(refused.stderr, /--max-header-size.*524288.*600000/)
})

test('long heads pass TLS and HTTP/2', { timeout: 60_000 }, async () => {
  const [cert, key] = ['cert.pem', 'key.pem'].map((name) => join(folder, name))
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256',
    '-nodes', '-days', '2', '-subj', '/CN=localhost', '-keyout', key, '-out', cert],
  { stdio: 'ignore' })
  const args = ['--tls-cert', cert, '--tls-key', key, '--max-header-size', '150000']
  await withCli(args, async (port) => {
    const url = `https://127.0.0.1:${port}/?size=${LONG}`
    const options = { client: https, rejectUnauthorized: false }
    const over1 = await ask(url, { ...options, headers: longHeaders(140_000) })
    assert.deepEqual([over1.status, over1.length], [200, LONG])
    // Node closes the connection while the client may still be writing.
    const refused = await ask(url, { ...options, headers: longHeaders(170_000) })
      .then(({ status }) => status, ({ code }) => code)
    assert.ok([431, 'ECONNRESET'].includes(refused), refused)
    const session = http2.connect(`https://127.0.0.1:${port}`, {
      rejectUnauthorized: false,
      maxSendHeaderBlockLength: 1024 * KIB,
      settings: { maxHeaderListSize: 1024 * KIB }
    })
    await once(session, 'remoteSettings')
    // Node takes a head in at most nine frames of 16 KiB each.
    const length = 140_000
    const stream = session.request({ ':path': `/?size=${length}`, ...longHeaders(length) })
    const [head] = await once(stream, 'response')
    assert.equal(head[':status'], 200)
    assert.equal(lengthOf([head['x-long']]), length)
    assert.ok(Number((await stream.toArray()).join('')) >= length)
    session.destroy()
  })
})
