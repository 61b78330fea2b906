import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'
import { promisify } from 'node:util'

import { withPython } from '../support/harness.js'
import { openSocket } from '../support/websocket.js'

const app = { appTarget: 'connections_app:app' }

const H2C = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQ\r\n'
const get = (path, headers = H2C, version = '1.1') =>
  `GET ${path} HTTP/${version}\r\nHost: h\r\n${headers}\r\n`
const post = (path, body, headers = H2C) =>
  `POST ${path} HTTP/1.1\r\nHost: h\r\n${headers}Content-Length: ${body.length}\r\n\r\n${body}`
const LAST = 'Connection: close\r\n'
const HANDSHAKE = 'Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'

async function raw (port, ...pieces) {
  const socket = net.connect(port, '127.0.0.1')
  for (const piece of pieces) {
    socket.write(piece)
    await new Promise((resolve) => setTimeout(resolve, 30))
  }
  return Buffer.concat(await socket.toArray()).toString('latin1')
}

/** How a handler can be given a server, each with a route of its own. */
const SETUPS = {
  attach: (python) => {
    const server = http.createServer()
    python.attach(server)
    return server
  },
  'attach with a prefix': (python) => {
    const server = http.createServer((req, res) => res.end(`own ${req.url}`))
    for (const prefix of ['/quick', '/echo', '/socket', '/sleep', '/big']) {
      python.attach(server, { prefix })
    }
    return server
  },
  'listener and upgrade': (python) =>
    http.createServer(python.listener).on('upgrade', python.upgrade)
}

function withSetup (name, setup, run) {
  withPython(name, app, async (python, t) => {
    const server = SETUPS[setup](python)
    await once(server.listen(0, '127.0.0.1'), 'listening')
    try {
      await run(server.address().port, server, t)
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })
}

const MAJOR = Number(process.versions.node.split('.')[0])
// Since Node 26, the body is read before the upgrade, after which the connection cannot go on.
const endsAfterBody = MAJOR >= 26

for (const setup of Object.keys(SETUPS)) {
  withSetup(`${setup}: the body of a request with "Upgrade: h2c"`, setup, async (port) => {
    const large = post('/echo', 'x'.repeat(200_000))
    for (const pieces of [[large], [large.slice(0, 1000), large.slice(1000)],
      [post('/echo', '5\r\nchunk\r\n0\r\n\r\n', `${H2C}Transfer-Encoding: chunked\r\n`)
        .replace(/Content-Length.*\r\n/, '')]]) {
      const socket = net.connect(port, '127.0.0.1')
      for (const piece of pieces) socket.write(piece)
      let received = ''
      let text = ''
      for await (const chunk of socket) {
        received += chunk.toString('latin1')
        // Without the frames of the chunks.
        text = received.replaceAll(/\r\n[0-9a-f]+\r\n/g, '')
        if (/"body": "(x{200000}|chunk)"/.test(text)) break
      }
      assert.match(text, /^HTTP\/1.1 200/)
      assert.match(text, /"body": "(x{200000}|chunk)"/)
      if (endsAfterBody) assert.match(text, /connection: close/i)
    }
  })

  withSetup(`${setup}: "Upgrade: h2c" was refused`, setup, async (port) => {
    if (endsAfterBody) return
    const text = await raw(port, get('/quick/1') + post('/echo', 'x'.repeat(200_000)) +
      get('/quick/2'), post('/echo', 'in pieces').slice(0, -3), 'ces' + get('/quick/3'),
    post('/echo', '5\r\nchunk\r\n0\r\n\r\n', `${H2C}Transfer-Encoding: chunked\r\n`)
      .replace(/Content-Length.*\r\n/, ''), get('/quick/4', LAST))
    assert.deepEqual(text.match(/HTTP\/1.1 \d+/g), Array(7).fill('HTTP/1.1 200'))
    assert.deepEqual(text.match(/<.*?>/g),
      ['</quick/1>', '</quick/2>', '</quick/3>', '</quick/4>'])
    // Without the frames of the chunks.
    const echoes = text.replaceAll(/\r\n[0-9a-f]+\r\n/g, '')
      .match(/\{"method".*?"\}/g).map((line) => JSON.parse(line))
    assert.deepEqual(echoes.map(({ body }) => body), ['x'.repeat(200_000), 'in pieces', 'chunk'])
    assert.ok(echoes[0].headers.some(([name, value]) => name === 'upgrade' && value === 'h2c'))
  })

  withSetup(`${setup}: upgrades that nobody knows, and HTTP/1.0`, setup, async (port) => {
    for (const protocol of ['TLS/1.0', 'h2c, foo', 'websocket2']) {
      const upgrade = `Connection: upgrade\r\nUpgrade: ${protocol}\r\n`
      const text = await raw(port, get('/quick', upgrade) + get('/quick', LAST))
      assert.deepEqual(text.match(/<.*?>/g), ['</quick>', '</quick>'], protocol)
    }
    assert.match(await raw(port, get('/quick', HANDSHAKE, '1.0')), /200 OK[^]*<\/quick>$/)
  })

  withSetup(`${setup}: a request with an upgrade waits for earlier ones`, setup, async (port) => {
    const text = await raw(port, get('/sleep/300', '') + get('/sleep/100', '') + get('/quick') +
      get('/quick', LAST))
    assert.deepEqual(text.match(/<.*?>/g), ['</sleep/300>', '</sleep/100>', '</quick>', '</quick>'])
    const long = await raw(port, get('/big/20000000', '') + get('/quick') + get('/quick', LAST))
    assert.deepEqual(long.match(/<.*?>/g), ['<end>', '</quick>', '</quick>'])
  })

  withSetup(`${setup}: a client that sends an upgrade after another request and then nothing more`,
    setup, async (port) => {
      const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true })
      socket.end(get('/sleep/100', '') + post('/echo', 'body', H2C + LAST))
      const text = String(Buffer.concat(await socket.toArray()))
      assert.equal(text.match(/HTTP\/1.1 200/g)?.length, 2)
      assert.match(text, /"body": "body"/)
      const half = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true })
      half.end(post('/echo', 'alone'))
      assert.match(String(Buffer.concat(await half.toArray())), /"body": "alone"/)
    })

  withSetup(`${setup}: a WebSocket after earlier requests, and among other protocols`, setup,
    async (port) => {
      const socket = net.connect(port, '127.0.0.1')
      socket.write(get('/sleep/200', '') + get('/quick') +
        get('/socket', HANDSHAKE.replace('websocket', 'foo, WebSocket')))
      let text = ''
      for await (const chunk of socket) {
        text += chunk.toString('latin1')
        if (/HTTP\/1.1 101/.test(text)) break
      }
      assert.deepEqual(text.match(/HTTP\/1.1 \d+/g),
        ['HTTP/1.1 200', 'HTTP/1.1 200', 'HTTP/1.1 101'])
      const client = await openSocket(`ws://127.0.0.1:${port}/socket`)
      client.send('close')
      assert.deepEqual(await client.closed, [4001, ''])
    })

  withSetup(`${setup}: many upgrades on one connection leave no listeners behind`, setup,
    async (port, server, t) => {
      const warnings = []
      const onWarning = (warning) => warnings.push(warning.message)
      process.on('warning', onWarning)
      t.after(() => process.off('warning', onWarning))
      const connections = []
      server.on('connection', (socket) => connections.push(socket))
      const text = await raw(port, get('/quick').repeat(50) + get('/quick', LAST))
      assert.equal(text.match(/<\/quick>/g).length, 51)
      assert.deepEqual(warnings, [])
      assert.equal(connections.length, 1)
    })

  withSetup(`${setup}: headers that do not fit are refused, not forgotten`, setup,
    async (port) => {
      const many = 'a:\r\n'.repeat(1100)
      const body = 'GET /quick HTTP/1.1\r\nHost: h\r\n\r\n'
      const text = await raw(port, post('/echo', body, H2C + many))
      assert.ok(text.match(/HTTP\/1.1 \d+/g).length === 1, text)
      assert.doesNotMatch(text, /<\/quick>/)
    })

  withSetup(`${setup}: curl --http2`, setup, async (port) => {
    const { stdout } = await promisify(execFile)('curl', ['--silent', '--http2', '--data', 'body',
      `http://127.0.0.1:${port}/echo`])
    assert.equal(JSON.parse(stdout).body, 'body')
  })
}

withSetup('with a prefix, requests with an upgrade reach the routes that were there before',
  'attach with a prefix', async (port) => {
    const text = await raw(port, get('/mine') + get('/mine', HANDSHAKE) + get('/mine', LAST))
    assert.deepEqual(text.match(/own .mine/g), Array(3).fill('own /mine'))
  })

withPython('upgrades that an earlier listener wants are left to it', app, async (python) => {
  const server = http.createServer((req, res) => res.end('own'))
  server.on('upgrade', (req, socket) => {
    socket.end(`HTTP/1.1 101 Mine\r\n\r\n${req.url} ${req.headers.upgrade}`)
  })
  python.attach(server, { prefix: '/quick' })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address()
  assert.match(await raw(port, get('/x')), /101 Mine[^]*\/x h2c$/)
  assert.match(await raw(port, get('/quick') + get('/quick', LAST)), /<\/quick>[^]*<\/quick>$/)
  server.closeAllConnections()
  server.close()
})
