// The option `scope`: what Node says about a request, as the application finds it in its scope.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import http2 from 'node:http2'
import net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

import fc from 'fast-check'
import WebSocket from 'ws'

import { Request } from '../../addon/lib/index.js'
import { createLog } from '../support/fake-binding.js'
import { eventually, leakTest, startPython, withPython, withServer } from '../support/harness.js'
import { openSocket, refusedSocket } from '../support/websocket.js'

const app = { appTarget: 'node_data_app:app' }

const user = { id: 7, name: 'Ada ☃', roles: ['admin'], key: Buffer.from('\0%') }
const expected = { user: { ...user, key: { bytes: '0025' } } }

const get = async (url) => (await fetch(url)).json()

withPython('every way to send a request takes a scope', app, async (python) => {
  const scope = { user }
  const json = async (response) => JSON.parse(Buffer.concat(await response.body.toArray()))
  assert.deepEqual((await python.handleRequest({ url: '/', scope })).json(), expected)
  assert.deepEqual(await json(await python.handleStream({ url: '/', scope })), expected)
  assert.deepEqual(python.handleRequestSync({ url: '/', scope }).json(), expected)
  assert.deepEqual((await python.handleRequest(new Request({ scope }))).json(), expected)
  assert.deepEqual(await (await python.fetch('/', { scope })).json(), expected)
  assert.deepEqual(await (await python.fetch(new Request({ scope }))).json(), expected)
  assert.deepEqual(
    await (await python.fetch(new Request({ scope }), { method: 'POST' })).json(), expected)
  assert.deepEqual(
    await (await python.fetch(new globalThis.Request('http://h/'), { scope })).json(), expected)
  const socket = await python.connect({ url: '/', scope })
  for await (const message of socket) assert.deepEqual(JSON.parse(message), expected)
  const response = await python.handleStream(new Request({ websocket: true, scope }))
  assert.deepEqual(JSON.parse(await response.next()), expected)
  await response.body.resume()
})

withPython('without a scope there is no key', app, async (python) => {
  assert.equal((await python.handleRequest({ url: '/' })).json(), 'nothing')
  assert.equal((await python.handleRequest({ url: '/', scope: null })).json(), 'nothing')
})

withPython('every value arrives as it was', app, async (python) => {
  const values = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ maxDepth: 5 }))
  await fc.assert(fc.asyncProperty(values, async (data) => {
    const seen = (await python.handleRequest({ url: '/', scope: data })).json()
    assert.equal(JSON.stringify(seen), JSON.stringify(data))
  }), { seed: Number(process.env.NODE_ASGI_TEST_SEED ?? 1), numRuns: 300 })
})

withPython('a scope as large as it may be', app, async (python) => {
  const scope = { bytes: Buffer.alloc(59_900), text: '%' }
  const response = await python.handleRequest({ url: '/', scope })
  assert.equal(response.json().bytes.bytes, '00'.repeat(59_900))
})

withPython('a scope that cannot be sent rejects, and the worker goes on', app, async (python) => {
  await assert.rejects(python.handleRequest({ url: '/', scope: { f () {} } }),
    { code: 'ERR_INVALID_OPTION', message: /scope\.f is a function/ })
  assert.throws(() => python.handleRequestSync({ url: '/', scope: 1 }),
    { code: 'ERR_INVALID_OPTION' })
  assert.equal((await python.handleRequest({ url: '/' })).json(), 'nothing')
})

withPython('the state of lifespan stays, and other requests keep their own', {
  appTarget: 'stateful_data_app:app'
}, async (python) => {
  const state = async (scope) => (await python.handleRequest({ url: '/', scope })).json()
  assert.deepEqual(await state({ n: 1 }), { database: 'open', node: { n: 1 } })
  assert.deepEqual(await state(), { database: 'open', node: 'mine' })
})

withPython('attach() asks a function for the scope of requests and WebSockets', app,
  async (python) => {
    const server = http.createServer()
    const scope = (req) => ({ user: req.headers['x-user'] ?? null, url: req.url })
    python.attach(server, { prefix: '/api', scope })
    python.attach(server, { prefix: '/none' })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const base = `http://127.0.0.1:${server.address().port}`
    assert.deepEqual(await get(`${base}/api/a`), { user: null, url: '/api/a' })
    assert.deepEqual(await get(`${base}/none`), 'nothing')
    const client = await openSocket(`${base.replace('http', 'ws')}/api`, [],
      { headers: { 'x-user': 'ada' } })
    await client.closed
    assert.deepEqual(JSON.parse(client.received[0]), { user: 'ada', url: '/api' })
    server.closeAllConnections()
    server.close()
  })

withPython('listener and upgrade take a scope', app, async (python) => {
  await withServer((req, res) => python.listener(req, res, { scope: { n: 1 } }),
    async (base, server) => {
      server.on('upgrade', (req, socket, head) =>
        python.upgrade(req, socket, head, { scope: async () => ({ n: 2 }) }))
      assert.deepEqual(await get(base), { n: 1 })
      const client = await openSocket(base.replace('http', 'ws'))
      await client.closed
      assert.deepEqual(JSON.parse(client.received[0]), { n: 2 })
      assert.throws(() => python.listener({}, { writeHead () {} }, { scope: 'ada' }),
        { code: 'ERR_INVALID_OPTION' })
    })
})

withPython('over HTTP/2, for requests, pushed requests and WebSockets', app, async (python) => {
  const server = http2.createServer()
  let asked = 0
  python.attach(server, { scope: async (req) => ({ url: req.url, asked: ++asked }) })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const session = http2.connect(`http://127.0.0.1:${server.address().port}`)
  const pushed = once(session, 'stream')
  const read = async (stream) => JSON.parse(Buffer.concat(await stream.toArray()))
  assert.deepEqual(await read(session.request({ ':path': '/push' })), { url: '/push', asked: 1 })
  const [stream] = await pushed
  assert.deepEqual(await read(stream), { url: '/push', asked: 1 })
  const socket = session.request({
    ':method': 'CONNECT',
    ':protocol': 'websocket',
    ':path': '/chat',
    'sec-websocket-version': '13'
  }, { endStream: false })
  const [first] = await once(socket, 'data')
  assert.deepEqual(JSON.parse(first.subarray(2)), { url: '/chat', asked: 2 })
  socket.close()
  session.close()
  server.close()
})

withPython('the body waits for a scope that takes its time', { appTarget: 'echo_app:app' },
  async (python) => {
    const scope = async () => { await sleep(50) }
    await withServer((req, res) => python.listener(req, res, { scope }), async (base) => {
      const body = Buffer.alloc(1_000_000, 'x')
      const answers = await Promise.all([1, 2, 3].map(async () =>
        (await fetch(`${base}/echo`, { method: 'POST', body })).arrayBuffer()))
      for (const answer of answers) assert.equal(answer.byteLength, body.length)
    })
  })

leakTest('a scope that fails is answered with 500, and logged', async () => {
  const logger = createLog()
  const python = startPython({ ...app, logger })
  await python.ready
  const server = http.createServer()
  for (const [prefix, scope] of Object.entries({
    '/throws': () => { throw new Error('no session store') },
    '/rejects': async () => { throw new Error('no session store') },
    '/functions': () => ({ f () {} })
  })) python.attach(server, { prefix, scope })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const base = `http://127.0.0.1:${server.address().port}`
  for (const path of ['/throws', '/rejects', '/functions']) {
    const { status } = await fetch(base + path)
    assert.equal(status, 500, path)
    const refused = await refusedSocket(base.replace('http', 'ws') + path)
    assert.equal(refused.status, 500, path)
    const lines = logger.lines.filter((line) => line.includes(`GET ${path}: `))
    assert.equal(lines.length, 2, path)
    assert.match(lines[0], path === '/functions' ? /scope\.f is a function/ : /no session store/)
  }
  server.closeAllConnections()
  server.close()
})

withPython('a client that leaves while the scope takes its time', app, async (python) => {
  const server = http.createServer()
  let release
  const waiting = new Promise((resolve) => { release = resolve })
  let asked = 0
  python.attach(server, { scope: () => { asked++; return waiting } })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address()
  const request = net.connect(port, '127.0.0.1')
  request.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`)
  socket.on('error', () => {})
  await eventually(() => assert.equal(asked, 2))
  request.destroy()
  socket.terminate()
  await sleep(50)
  release({})
  await eventually(async () => {
    assert.equal(python.stats().inFlight, 0)
    assert.equal(await new Promise((resolve) => server.getConnections((_, n) => resolve(n))), 0)
  })
  server.close()
})

withPython('a client cannot set it', app, async (python) => {
  await withServer(python.listener, async (base) => {
    const { port } = new URL(base)
    for (const head of [
      'GET / HTTP/1.1\r\nstate: {"node": 1}\r\nnode: 1\r\ndata: 1\r\n',
      'GET /?data=%81%a1a%01&node=1 HTTP/1.1\r\n'
    ]) {
      const client = net.connect(port, '127.0.0.1')
      client.end(`${head}host: h\r\nconnection: close\r\n\r\n`)
      const text = Buffer.concat(await client.toArray()).toString()
      assert.match(text, /"nothing"$/)
    }
  })
})
