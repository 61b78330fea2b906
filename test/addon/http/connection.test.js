import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import http2 from 'node:http2'
import net from 'node:net'
import { test } from 'node:test'

import { settle } from '../../support/fake-binding.js'
import { fakeHandler } from '../../support/fake-handler.js'

/** Serves a fake application; `middleware` may delay what reaches the handler. */
async function serve (t, app, { create = http.createServer, middleware } = {}) {
  const parts = fakeHandler(t, {}, { app })
  const { python } = parts
  const server = create()
  if (middleware === undefined) {
    python.attach(server)
  } else {
    server.on('request', (req, res) => middleware(() => python.listener(req, res)))
    server.on('upgrade', (req, socket, head) =>
      middleware(() => python.upgrade(req, socket, head)))
  }
  server.listen(0, '127.0.0.1')
  t.after(() => {
    server.closeAllConnections?.()
    server.close()
  })
  await once(server, 'listening')
  await python.ready
  return { ...parts, server, port: server.address().port }
}

const get = (path = '/') => `GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`
const post = (path, body) =>
  `POST ${path} HTTP/1.1\r\nHost: h\r\nContent-Length: ${body.length}\r\n\r\n${body}`

async function until (check) {
  while (!check()) await settle()
}

const unfinished = (fake) => fake.requests.filter((request) => !request.aborted && !request.over)

test('pipelined requests were never released when their client had left', async (t) => {
  const { fake, port, python, log } = await serve(t, () => {})
  const socket = net.connect(port, '127.0.0.1')
  socket.write(get('/get').repeat(3) + post('/post', 'body').repeat(3) +
    post('/big', 'x'.repeat(200)))
  await until(() => fake.requests.length === 7)
  socket.destroy()
  await until(() => unfinished(fake).length === 0)
  for (const request of fake.requests) request.closed()
  await until(() => python.stats().inFlight === 0)
  assert.deepEqual(log.lines, [])
})

test('the response to a pipelined request emits close exactly once', async (t) => {
  const closes = []
  const { fake, server, port } = await serve(t, () => {})
  server.prependListener('request', (req, res) => res.on('close', () => closes.push(req.url)))
  const socket = net.connect(port, '127.0.0.1')
  const urls = Array.from({ length: 40 }, (_, i) => `/${i}`)
  socket.write(urls.map(get).join(''))
  await until(() => fake.requests.length > 1)
  socket.destroy()
  await until(() => closes.length >= urls.length)
  await settle(20)
  assert.deepEqual(closes, urls)
})

test('one connection cannot fill the pool by pipelining', async (t) => {
  const { fake, port, python } = await serve(t, (request) => {
    if (request.path === '/quick') request.respond(200, 'ok')
  })
  const flood = net.connect(port, '127.0.0.1')
  flood.write(get('/slow').repeat(4000))
  await until(() => fake.requests.length > 1)
  await settle(50)
  assert.equal(python.stats().inFlight, 17)
  assert.equal(python.stats().queued, 0)
  const response = await fetch(`http://127.0.0.1:${port}/quick`)
  assert.equal(await response.text(), 'ok')
  flood.destroy()
  await until(() => unfinished(fake).length === 0)
  assert.equal(fake.requests.length, 18)
})

test('a client that pipelines thousands of requests gets every response in order', async (t) => {
  const { port } = await serve(t, (request) =>
    setTimeout(() => request.respond(200, `<${request.path}>`), Math.random() * 3))
  const socket = net.connect(port, '127.0.0.1')
  let text = ''
  socket.on('data', (chunk) => { text += chunk })
  const paths = Array.from({ length: 3000 }, (_, i) => `/${i}`)
  const bodies = [1, 700, 2999]
  socket.write(paths.map((path, i) =>
    bodies.includes(i) ? post(path, 'x'.repeat(70_000)) : get(path)).join(''))
  await until(() => text.includes('</2999>'))
  assert.deepEqual(text.match(/<.*?>/g), paths.map((path) => `<${path}>`))
  socket.destroy()
})

for (const [what, create] of [['HTTP/1.1', http.createServer], ['HTTP/2', http2.createServer]]) {
  test(`${what}: a client that left while middleware was busy is not served`, async (t) => {
    const held = []
    const { fake, port, log } = await serve(t, () => {},
      { create, middleware: (next) => held.push(next) })
    if (create === http.createServer) {
      const socket = net.connect(port, '127.0.0.1')
      socket.write(get())
      await until(() => held.length === 1)
      socket.destroy()
    } else {
      const session = http2.connect(`http://127.0.0.1:${port}`)
      session.request({ ':path': '/' }).on('error', () => {})
      await until(() => held.length === 1)
      session.destroy()
    }
    await settle(50)
    held[0]()
    await settle(50)
    assert.equal(fake.requests.length, 0)
    assert.deepEqual(log.lines, [])
  })
}

test('a WebSocket whose client left while middleware was busy is not opened', async (t) => {
  for (const leave of ['destroy', 'end']) {
    const held = []
    const { fake, port } = await serve(t, () => {}, { middleware: (next) => held.push(next) })
    const socket = net.connect(port, '127.0.0.1')
    socket.write('GET /ws HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n')
    await until(() => held.length === 1)
    socket[leave]()
    await settle(50)
    held[0]()
    await settle(50)
    assert.equal(fake.requests.length, 0)
    socket.destroy()
  }
})

test('HTTP/2: every stream of a client that left is released', async (t) => {
  const { fake, port, python } = await serve(t, () => {}, { create: http2.createServer })
  const session = http2.connect(`http://127.0.0.1:${port}`)
  await once(session, 'remoteSettings')
  for (let i = 0; i < 200; i++) session.request({ ':path': '/' }).on('error', () => {})
  await until(() => fake.requests.length === 200)
  session.destroy()
  await until(() => unfinished(fake).length === 0)
  for (const request of fake.requests) request.closed()
  await until(() => python.stats().inFlight === 0)
})
