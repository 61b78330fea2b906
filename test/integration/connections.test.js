import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync, readlinkSync } from 'node:fs'
import http2 from 'node:http2'
import net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

import { eventually, withPython, withServer } from '../support/harness.js'

const app = { appTarget: 'connections_app:app' }

const get = (path) => `GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`

function open (base) {
  return net.connect(Number(new URL(base).port), '127.0.0.1')
}

const openFiles = () => readdirSync('/proc/self/fd').filter((fd) => {
  try {
    return /\/python3[^/]*$/.test(readlinkSync(`/proc/self/fd/${fd}`))
  } catch {
    return false
  }
})

withPython('files of pipelined responses stayed open when the client had left', app,
  async (python) => {
    await withServer(python.listener, async (base) => {
      const socket = open(base)
      socket.write(get('/wait') + get('/file').repeat(10))
      await eventually(() => assert.equal(python.stats().inFlight, 1))
      await eventually(() => assert.equal(openFiles().length, 10))
      socket.destroy()
      await eventually(() => assert.equal(openFiles().length, 0))
      await eventually(() => assert.equal(python.stats().inFlight, 0))
    })
  })

withPython('pipelining five requests on many connections blocked everybody else', app,
  async (python) => {
    await withServer(python.listener, async (base) => {
      const sockets = Array.from({ length: 300 }, () => open(base))
      for (const socket of sockets) socket.write(get('/wait').repeat(5))
      await eventually(() => assert.equal(python.stats().inFlight, 1000))
      for (const socket of sockets) socket.destroy()
      await eventually(() => assert.equal(python.stats().inFlight, 0))
      assert.equal(python.stats().queued, 0)
      assert.equal(await (await fetch(`${base}/quick`)).text(), '</quick>')
    })
  })

withPython('a client that leaves while its long pipeline is not read', app, async (python) => {
  await withServer(python.listener, async (base) => {
    const socket = open(base)
    socket.write(get('/wait').repeat(4000))
    await eventually(() => assert.equal(python.stats().inFlight, 17))
    await sleep(100)
    socket.destroy()
    await eventually(() => assert.equal(python.stats().inFlight, 0))
  })
})

const handshake = (path) =>
  `GET ${path} HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket\r\n` +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'

/** Opens a WebSocket by hand, whose client reads only what `read` says. */
async function openRaw (base, path = '/socket') {
  const socket = open(base)
  socket.on('error', () => {})
  socket.write(handshake(path))
  const [head] = await once(socket, 'data')
  assert.match(String(head), /^HTTP\/1\.1 101 /)
  return socket
}

/** A frame of a client, masked with zeros. */
function frame (text, opcode = 1) {
  const bytes = Buffer.from(text)
  return Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | bytes.length, 0, 0, 0, 0]), bytes])
}

/** Runs `run` with a server, and checks how soon the server has ended its connections after. */
function withEnd (name, options, run, limit = 5000) {
  withPython(name, { ...app, ...options }, async (python) => {
    await withServer(python.listener, async (base, server) => {
      server.on('upgrade', python.upgrade)
      const socket = await run(base, python)
      const count = promisify(server.getConnections.bind(server))
      await eventually(async () => assert.equal(await count(), 0), limit)
      socket.destroy()
    })
  })
}

for (const word of ['die', 'raise']) {
  withEnd(`a WebSocket whose client does not read stayed open for 30 s after "${word}"`,
    { workers: 2 }, async (base) => {
      const socket = await openRaw(base)
      socket.write(frame(word))
      await sleep(200)
      // Never reads the close frame, and never answers it.
      socket.pause()
      return socket
    })
}

withEnd('a WebSocket whose client does not read a flood ends when its worker dies', {},
  async (base, python) => {
    const socket = await openRaw(base)
    socket.pause()
    socket.write(frame('flood'))
    await sleep(300)
    const [pid] = python.stats().workers.map((worker) => worker.pid)
    process.kill(pid, 'SIGKILL')
    return socket
  })

withEnd('a WebSocket whose client breaks the protocol ends although it stays connected', {},
  async (base) => {
    const socket = await openRaw(base)
    socket.write(Buffer.from([0xff, 0x81, 0, 0, 0, 0, 0]))
    return socket
  })

withPython('a slow client gets all messages, and the code, of a WebSocket whose worker has died',
  app, async (python) => {
    await withServer(python.listener, async (base, server) => {
      server.on('upgrade', python.upgrade)
      const socket = await openRaw(base)
      socket.pause()
      socket.write(frame('flood'))
      await sleep(300)
      process.kill(python.stats().workers[0].pid, 'SIGKILL')
      const pieces = []
      const closed = once(socket, 'close')
      socket.on('end', () => socket.destroy())
      socket.on('data', (bytes) => {
        pieces.push(bytes)
        socket.pause()
        setTimeout(() => socket.resume(), 10)
      })
      socket.resume()
      await closed
      assert.deepEqual(Buffer.concat(pieces).subarray(-4),
        Buffer.from([0x88, 2, 1011 >> 8, 1011 & 255]))
    })
  })

withPython('the connection of a refused WebSocket stayed open as long as its client wished',
  { appTarget: 'websocket_app:app' }, async (python) => {
    await withServer(python.listener, async (base, server) => {
      server.on('upgrade', python.upgrade)
      const socket = net.connect(
        { port: Number(new URL(base).port), host: '127.0.0.1', allowHalfOpen: true })
      socket.write(handshake('/deny'))
      const [answer] = await once(socket, 'data')
      assert.match(String(answer), /^HTTP\/1\.1 418 /)
      await eventually(async () =>
        assert.equal(await promisify(server.getConnections.bind(server))(), 0))
      socket.destroy()
    })
  })

for (const kind of ['response', 'file', 'push', 'WebSocket']) {
  withPython(`HTTP/2: a ${kind} was never released when its client reset it without an error`, app,
    async (python) => {
      const server = http2.createServer()
      python.attach(server)
      await once(server.listen(0, '127.0.0.1'), 'listening')
      const session = http2.connect(`http://127.0.0.1:${server.address().port}`)
      await once(session, 'remoteSettings')
      let pushed
      session.on('stream', (stream) => { pushed = stream })
      const stream = session.request(kind === 'WebSocket'
        ? {
            ':method': 'CONNECT',
            ':protocol': 'websocket',
            ':path': '/socket',
            'sec-websocket-version': '13'
          }
        : { ':path': { response: '/big/5000000', file: '/file', push: '/push' }[kind] })
      await once(stream, 'response')
      // A message, masked with zeros.
      if (kind === 'WebSocket') stream.write(Buffer.from('\x81\x85\0\0\0\0flood', 'latin1'))
      if (kind === 'push') await eventually(() => assert.ok(pushed))
      await eventually(() => assert.equal(python.stats().inFlight, kind === 'file' ? 0 : 1))
      if (kind === 'file') assert.equal(openFiles().length, 1)
      // Until its window is full, and data waits to be sent.
      await new Promise((resolve) => setTimeout(resolve, 200))
      ;(pushed ?? stream).close(http2.constants.NGHTTP2_NO_ERROR)
      await eventually(() => assert.equal(python.stats().inFlight, 0))
      await eventually(() => assert.equal(openFiles().length, 0))
      session.destroy()
      server.close()
    })
}
