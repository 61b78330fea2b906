// python.middleware(): what goes on to the next handler of the framework, and WebSockets.
import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'

import connect from 'connect'
import express from 'express'
import session from 'express-session'
import WebSocket from 'ws'

import { createLog } from '../support/fake-binding.js'
import { eventually, leakTest, startPython, withPython, withServer } from '../support/harness.js'
import { openSocket, refusedSocket } from '../support/websocket.js'

const app = { appTarget: 'passing_app:app' }

const post = async (url, body, options) => {
  const response = await fetch(url, { method: 'POST', body, ...options })
  return { status: response.status, text: await response.text() }
}
const get = async (url) => {
  const response = await fetch(url)
  return { status: response.status, text: await response.text() }
}

/** A handler after Python that reads the body, as those of users do. */
function reader (req, res) {
  const pieces = []
  req.on('data', (piece) => pieces.push(piece))
  req.on('end', () => res.end(`next got ${Buffer.concat(pieces).length}`))
}

withPython('a 404 of Python goes to the next handler, and nothing else does', app,
  async (python) => {
    const server = express()
    server.use('/api', python.middleware({ notFound: 'next' }))
    server.use((req, res) => res.status(200).send(`next ${req.url} ${res.getHeaderNames()}`))
    await withServer(server, async (base) => {
      assert.deepEqual(await get(`${base}/api/found`), { status: 200, text: 'found' })
      assert.deepEqual(await get(`${base}/other`),
        { status: 200, text: 'next /other x-powered-by' })
      for (const kind of ['missing', 'missing-streamed', 'missing-file', 'missing-trailers']) {
        assert.deepEqual(await get(`${base}/api/${kind}`),
          { status: 200, text: `next /api/${kind} x-powered-by` }, kind)
      }
      assert.equal((await get(`${base}/api/gone`)).status, 410)
    })
    await eventually(() => assert.equal(python.stats().inFlight, 0))
  })

withPython('by default, the client gets the 404 and the error page', app, async (python) => {
  const server = express().use(python.middleware())
  server.use((req, res) => res.send('next'))
  await withServer(server, async (base) => {
    assert.deepEqual(await get(`${base}/missing`), { status: 404, text: 'missing' })
    assert.equal((await get(`${base}/raises`)).status, 500)
  })
})

withPython('the next handler got no body, because Python had read it', app, async (python) => {
  const server = connect()
  server.use(python.middleware({ notFound: 'next' }))
  server.use(reader)
  await withServer(server, async (base) => {
    for (const size of [0, 1, 1000, 70_000, 300_000, 1_000_000]) {
      const body = Buffer.alloc(size, 'x')
      for (const path of ['/missing', '/missing-after-body']) {
        assert.deepEqual(await post(base + path, body), { status: 200, text: `next got ${size}` },
          `${path} ${size}`)
      }
      assert.deepEqual(await post(`${base}/length`, body), { status: 200, text: `${size}` })
    }
    const chunked = () => new Blob(['x'.repeat(200_000)]).stream()
    assert.deepEqual(await post(`${base}/missing-after-body`, chunked(), { duplex: 'half' }),
      { status: 200, text: 'next got 200000' })
    assert.deepEqual(await post(`${base}/length`, chunked(), { duplex: 'half' }),
      { status: 200, text: '200000' })
  })
})

withPython('a body that is too long to be kept goes to Python, with its 404', app,
  async (python) => {
    const server = connect()
    server.use(python.middleware({ notFound: 'next' }))
    server.use(reader)
    await withServer(server, async (base) => {
      const body = Buffer.alloc(3_000_000, 'x')
      const chunked = () => new Blob([body]).stream()
      for (const send of [body, chunked]) {
        const given = () => typeof send === 'function' ? send() : send
        const options = { duplex: 'half' }
        assert.deepEqual(await post(`${base}/missing-after-body`, given(), options),
          { status: 404, text: 'missing' })
        assert.deepEqual(await post(`${base}/length`, given(), options),
          { status: 200, text: '3000000' })
      }
    })
  })

withPython('parsers before and after Python', app, async (python) => {
  const server = express()
  server.use(express.json({ verify: (req, _, bytes) => { req.rawBody = bytes } }))
  server.use(python.middleware({ notFound: 'next' }))
  server.use(express.urlencoded())
  server.use((req, res) => res.json({ next: req.body }))
  await withServer(server, async (base) => {
    const json = { headers: { 'content-type': 'application/json' } }
    assert.equal((await post(`${base}/length`, '{"a": 1}', json)).text, '8')
    assert.deepEqual(JSON.parse((await post(`${base}/missing`, '{"a": 1}', json)).text),
      { next: { a: 1 } })
    const form = new URLSearchParams({ b: '2' })
    assert.equal((await post(`${base}/length`, form)).text, '3')
    assert.deepEqual(JSON.parse((await post(`${base}/missing`, form)).text), { next: { b: '2' } })
  })
})

withPython('connections are used again after requests that went on', app, async (python) => {
  const server = connect()
  server.use(python.middleware({ notFound: 'next' }))
  server.use((req, res) => res.end('next did not read'))
  await withServer(server, async (base) => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
    const ports = new Set()
    for (let i = 0; i < 6; i++) {
      const path = i % 2 === 0 ? '/missing-after-body' : '/length'
      const request = http.request(base + path, { agent, method: 'POST' })
      request.end(Buffer.alloc(100_000))
      const [response] = await once(request, 'response')
      ports.add(response.socket.localPort)
      const text = Buffer.concat(await response.toArray()).toString()
      assert.equal(text, i % 2 === 0 ? 'next did not read' : '100000')
    }
    assert.equal(ports.size, 1)
    agent.destroy()
  })
})

leakTest('errors go to the error handler with code and status, and are not logged twice',
  async () => {
    const logger = createLog()
    const python = startPython({ ...app, logger, maxBody: 1000 })
    await python.ready
    const server = express()
    server.use(python.middleware({ errors: 'next' }))
    const seen = []
    server.use((error, req, res, next) => {
      seen.push([error.code, error.status, error.statusCode])
      res.status(error.status).send(`mine: ${error.message}`)
    })
    await withServer(server, async (base) => {
      assert.deepEqual(await get(`${base}/raises`),
        { status: 500, text: 'mine: the application raised ValueError: no' })
      assert.equal((await post(`${base}/length`, 'x'.repeat(2000))).status, 413)
      assert.equal((await get(`${base}/missing`)).status, 404)
      await assert.rejects(get(`${base}/raises-late`))
    })
    assert.deepEqual(seen, [['ERR_APP', 500, 500], ['ERR_BODY_TOO_LARGE', 413, 413]])
    assert.equal(logger.lines.filter((line) => line.includes('/raises:')).length, 0)
    assert.equal(logger.lines.filter((line) => line.includes('/raises-late:')).length, 1)
  })

withPython('the next handler runs in the context of the request', app, async (python) => {
  const storage = new AsyncLocalStorage()
  let count = 0
  const server = connect()
  server.use((req, res, next) => storage.run(++count, next))
  server.use(python.middleware({ notFound: 'next' }))
  server.use((req, res) => res.end(String(storage.getStore())))
  await withServer(server, async (base) => {
    const answers = await Promise.all([1, 2, 3, 4].map(() => get(`${base}/missing`)))
    assert.deepEqual(answers.map(({ text }) => text).sort(), ['1', '2', '3', '4'])
  })
})

withPython('a client that leaves while Python works is not passed on', app, async (python) => {
  let passed = 0
  const server = connect()
  server.use(python.middleware({ notFound: 'next', errors: 'next' }))
  server.use(() => { passed++ })
  server.use((error, req, res, next) => { passed += error ? 1 : 0 })
  await withServer(server, async (base) => {
    const request = http.get(`${base}/waits`)
    request.on('error', () => {})
    await eventually(() => assert.equal(python.stats().inFlight, 1))
    request.destroy()
    await eventually(() => assert.equal(python.stats().inFlight, 0))
  })
  assert.equal(passed, 0)
})

/** Middleware of the session, so that WebSockets have one only if they pass through it. */
const sessions = () => session({ secret: 's', resave: false, saveUninitialized: true })

withPython('WebSockets did not pass through middleware, so scope knew no user', app,
  async (python) => {
    const server = express()
    server.use(sessions())
    server.use((req, res, next) => {
      if (req.headers['x-user'] === undefined) return res.status(401).send('who?')
      req.user = { name: req.headers['x-user'] }
      next()
    })
    server.use('/api', python.middleware({ scope: (req) => ({ user: req.user }) }))
    await withServer(server, async (base, httpServer) => {
      const url = `${base.replace('http', 'ws')}/api/chat?x=1`
      // The first handshake of a server arrives as a request, all others as upgrades.
      for (const name of ['first', 'second', 'third']) {
        const client = await openSocket(url, [], { headers: { 'x-user': name } })
        client.send('hello')
        await once(client, 'message')
        await eventually(() => assert.equal(client.received.length, 2))
        assert.deepEqual(JSON.parse(client.received[0]),
          { path: '/api/chat', root_path: '/api', node: { user: { name } } })
        assert.equal(client.received[1], 'hello')
        client.close()
        await client.closed
        const refused = await refusedSocket(url)
        assert.deepEqual([refused.status, refused.body], [401, 'who?'])
      }
      assert.equal(httpServer.listenerCount('upgrade'), 1)
      python.detach(httpServer)
      assert.equal(httpServer.listenerCount('upgrade'), 0)
    })
  })

withPython('WebSockets elsewhere go to their own listeners', app, async (python) => {
  const server = express()
  server.use('/api', python.middleware())
  await withServer(server, async (base, httpServer) => {
    const own = []
    httpServer.on('upgrade', (req, socket) => {
      own.push(req.url)
      socket.end('HTTP/1.1 418 Mine\r\nContent-Length: 0\r\n\r\n')
    })
    const url = base.replace('http', 'ws')
    // There is no first request yet, so Python does not know the server.
    assert.equal((await refusedSocket(`${url}/api/chat`)).status, 418)
    await get(`${base}/api/found`)
    await (await openSocket(`${url}/api/chat`)).close()
    assert.equal((await refusedSocket(`${url}/mine`)).status, 418)
    assert.deepEqual(own, ['/api/chat', '/mine'])
  })
})

withPython('a handshake that the application refuses, and one for nobody', app, async (python) => {
  const server = express()
  server.use('/api', python.middleware({ notFound: 'next', errors: 'next' }))
  await withServer(server, async (base) => {
    const url = base.replace('http', 'ws')
    for (let i = 0; i < 2; i++) {
      assert.equal((await refusedSocket(`${url}/api/refused`)).status, 403)
      assert.equal((await refusedSocket(`${url}/nobody`)).status, 404)
    }
  })
})

withPython('first handshakes that are pipelined, cut short or sent twice', app, async (python) => {
  const handshake = 'GET /chat HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\n' +
    'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ' +
    'dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'
  for (const text of [
    `GET /found HTTP/1.1\r\nHost: h\r\n\r\n${handshake}`,
    handshake + '\x88\x80\0\0\0\0',
    handshake
  ]) {
    await withServer(connect().use(python.middleware()), async (base, server) => {
      const client = net.connect(new URL(base).port, '127.0.0.1')
      let received = ''
      client.on('data', (data) => { received += data.toString('latin1') })
      client.write(text, 'latin1')
      await eventually(() => assert.match(received, /101 Switching/))
      client.destroy()
      await eventually(async () => assert.equal(
        await new Promise((resolve) => server.getConnections((_, n) => resolve(n))), 0))
    })
  }
  await withServer(connect().use(python.middleware()), async (base) => {
    const client = net.connect(new URL(base).port, '127.0.0.1')
    client.write(handshake)
    client.destroy()
    const socket = new WebSocket(base.replace('http', 'ws'))
    await once(socket, 'open')
    socket.close()
  })
})

withPython('detach() gives the server back as it was, however often', app, async (python) => {
  const mine = (req, res) => res.end('mine')
  const server = http.createServer(mine)
  const { close } = server
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const base = `http://127.0.0.1:${server.address().port}`
  const counts = () => Object.fromEntries(server.eventNames()
    .map((name) => [name, server.listenerCount(name)]))
  const before = counts()
  for (let i = 0; i < 12; i++) {
    python.attach(server, { prefix: '/a' })
    python.attach(server)
    assert.equal((await get(`${base}/found`)).text, 'found')
    python.detach(server)
    assert.equal((await get(`${base}/found`)).text, 'mine')
    await eventually(() => {
      python.detach(server)
      assert.deepEqual(counts(), before)
      assert.equal(server.close, close)
    })
  }
  assert.throws(() => python.detach({}), { code: 'ERR_INVALID_OPTION' })
  server.closeAllConnections()
  server.close()
})

withPython('what the handler has already goes on after detach()', app, async (python) => {
  const server = http.createServer()
  python.attach(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const client = await openSocket(`ws://127.0.0.1:${server.address().port}/chat`)
  python.detach(server)
  client.send('still here')
  await eventually(() => assert.equal(client.received.at(-1), 'still here'))
  // It still ends with its server.
  server.close()
  assert.deepEqual(await client.closed, [1012, ''])
})
