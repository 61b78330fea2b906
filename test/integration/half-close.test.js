import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import https from 'node:https'
import net from 'node:net'
import { promisify } from 'node:util'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import tls from 'node:tls'

import { eventually, withPython, withServer } from '../support/harness.js'

const app = { appTarget: 'connections_app:app' }

const get = (path, version = '1.1') => `GET ${path} HTTP/${version}\r\nHost: h\r\n\r\n`

/** Sends a request, ends this side of the connection, and returns all that is received. */
async function halfClosed (port, text) {
  const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.end(text)
  const answer = Buffer.concat(await socket.toArray()).toString('latin1')
  socket.destroy()
  return answer
}

withPython('clients that half-close after the request got no answer', app, async (python) => {
  await withServer(python.listener, async (base) => {
    const { port } = new URL(base)
    for (const [path, end] of [['/quick', /<\/quick>/], ['/sleep/300', /<\/sleep\/300>/],
      ['/stream/4/700', /<3>/], ['/big/3000000', /<end>/], ['/file', /.{1000}/s]]) {
      const answers = await Promise.all(
        Array.from({ length: path === '/quick' ? 50 : 5 }, () => halfClosed(port, get(path))))
      for (const answer of answers) {
        assert.match(answer, /^HTTP\/1.1 200 OK/)
        assert.match(answer, end)
        if (/chunked/.test(answer)) assert.match(answer, /\r\n0\r\n\r\n$/)
      }
    }
    assert.match(await halfClosed(port, get('/quick', '1.0')), /<\/quick>$/)
    const body = 'x'.repeat(300_000)
    const post = `POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    assert.ok((await halfClosed(port, post)).length > body.length)
    const pipelined = await halfClosed(port, get('/quick').repeat(100))
    assert.equal(pipelined.match(/<\/quick>/g).length, 100)
  })
})

withPython('a client that has gone is still noticed', app,
  async (python) => {
    await withServer(python.listener, async (base) => {
      const socket = net.connect(Number(new URL(base).port), '127.0.0.1')
      socket.write(get('/wait'))
      await eventually(() => assert.equal(python.stats().inFlight, 1))
      socket.destroy()
      await eventually(() => assert.equal(python.stats().inFlight, 0))
    })
  })

withPython('a client that has ended keeps neither responses nor its connection open', app,
  async (python) => {
    const closed = []
    const server = http.createServer((req, res) => {
      if (req.url === '/own') res.on('close', () => closed.push(req.url))
      else python.listener(req, res)
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address()
    const socket = net.connect(port, '127.0.0.1')
    socket.end(get('/quick') + get('/own'))
    socket.resume()
    await eventually(() => assert.deepEqual(closed, ['/own']))
    net.connect(port, '127.0.0.1').end(get('/own'))
    await eventually(() => assert.deepEqual(closed, ['/own', '/own']))
    assert.equal(server.httpAllowHalfOpen, false)
    // An idle connection is closed at once.
    const idle = net.connect({ port, host: '127.0.0.1' })
    idle.write(get('/quick'))
    await once(idle, 'data')
    idle.end()
    await eventually(async () =>
      assert.equal(await promisify(server.getConnections.bind(server))(), 0))
    server.close()
  })

withPython('over TLS, too', app, async (python, t) => {
  const folder = await mkdtemp(join(tmpdir(), 'node-asgi-'))
  t.after(() => rm(folder, { recursive: true }))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  await promisify(execFile)('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days',
    '2', '-subj', '/CN=localhost', '-keyout', key, '-out', cert])
  const server = https.createServer({ key: await readFile(key), cert: await readFile(cert) },
    python.listener)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address()
  for (let i = 0; i < 10; i++) {
    const socket = tls.connect(
      { port, host: '127.0.0.1', rejectUnauthorized: false, allowHalfOpen: true })
    await once(socket, 'secureConnect')
    socket.end(get('/sleep/100'))
    assert.match(Buffer.concat(await socket.toArray()).toString(), /<\/sleep\/100>/)
  }
  server.closeAllConnections()
  server.close()
})
