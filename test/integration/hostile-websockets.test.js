/** WebSocket clients that try to use up the memory of Node. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import http2 from 'node:http2'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { deflateRawSync } from 'node:zlib'

import { eventually, withPython, withServer } from '../support/harness.js'
import { openSocket } from '../support/websocket.js'

const app = { appTarget: 'websocket_app:app' }

const MIB = 1024 * 1024

/** How much more memory this process has had, in MiB, since the call. */
function watchMemory () {
  const start = process.memoryUsage.rss()
  let most = 0
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss() - start)
  }, 20)
  return () => {
    clearInterval(timer)
    return Math.round(most / MIB)
  }
}

/** A frame of a client, masked with zeros. */
function frame (first, payload = Buffer.alloc(0)) {
  const { length } = payload
  const head = length < 126
    ? [first, 0x80 | length]
    : [first, 0x80 | 126, length >> 8, length & 255]
  return Buffer.concat([Buffer.from([...head, 0, 0, 0, 0]), payload])
}

/** Opens a WebSocket over HTTP/2 by hand; returns its stream, of which nothing is read. */
async function openOverHttp2 (port, path) {
  const session = http2.connect(`http://127.0.0.1:${port}`)
  await once(session, 'remoteSettings')
  const stream = session.request({
    ':method': 'CONNECT', ':protocol': 'websocket', ':path': path, 'sec-websocket-version': '13'
  }, { endStream: false })
  stream.on('error', () => {})
  session.on('error', () => {})
  await once(stream, 'response')
  return { socket: stream, end: () => session.destroy() }
}

const HANDSHAKE = 'HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n' +
  'Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n'

/** The same over HTTP/1.1, with compression if the server offers it. */
async function openOverHttp1 (port, path) {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write(`GET ${path} ${HANDSHAKE}`)
  await once(socket, 'readable')
  assert.match(String(socket.read()), /^HTTP\/1\.1 101 /)
  return { socket, end: () => socket.destroy() }
}

/** Serves HTTP/1.1 or HTTP/2 while `run` runs, which gets a function that opens WebSockets. */
async function withVersion (python, version, run) {
  if (version === 1) {
    return withServer(python.listener, (base, server) => {
      server.on('upgrade', python.upgrade)
      return run((path) => openOverHttp1(Number(new URL(base).port), path))
    })
  }
  const server = http2.createServer()
  python.attach(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  try {
    await run((path) => openOverHttp2(server.address().port, path))
  } finally {
    server.close()
  }
}

/** Writes the same bytes again and again until the other end closes, or for the given time. */
async function flood (socket, bytes, milliseconds) {
  const end = performance.now() + milliseconds
  while (socket.writable && performance.now() < end) {
    socket.write(bytes)
    await sleep(socket.writableNeedDrain ? 5 : 0)
  }
  return !socket.writable
}

const PING = Buffer.concat(Array(500).fill(frame(0x89, Buffer.alloc(100))))

const FRAGMENTS = Buffer.concat(Array(5000).fill(frame(0x00, Buffer.from('x'))))

for (const version of [1, 2]) {
  withPython(`pings of a client that reads nothing filled the memory (HTTP/${version})`, app,
    async (python) => {
      await withVersion(python, version, async (open) => {
        const sockets = await Promise.all([open('/echo'), open('/echo')])
        const most = watchMemory()
        const closed = await Promise.all(sockets.map(({ socket }) => flood(socket, PING, 5000)))
        const used = most()
        for (const { end } of sockets) end()
        assert.deepEqual(closed, [true, true])
        assert.ok(used < 100, `${used} MiB`)
        await eventually(() => assert.equal(python.stats().inFlight, 0))
      })
    })

  withPython(`a message of tiny fragments filled the memory (HTTP/${version})`, app,
    async (python) => {
      await withVersion(python, version, async (open) => {
        const sockets = await Promise.all([open('/echo'), open('/echo')])
        const most = watchMemory()
        const closed = await Promise.all(sockets.map(async ({ socket }) => {
          socket.write(frame(0x01, Buffer.from('x')))
          socket.resume()
          return flood(socket, FRAGMENTS, 4000)
        }))
        const used = most()
        for (const { end } of sockets) end()
        assert.deepEqual(closed, [true, true])
        assert.ok(used < 100, `${used} MiB`)
        await eventually(() => assert.equal(python.stats().inFlight, 0))
      })
    })
}

/** A compressed message (RFC 7692), as one frame. */
function compressed (bytes) {
  // Without the empty block at the end.
  return frame(0xc2, deflateRawSync(bytes, { finishFlush: 2 }).subarray(0, -4))
}

/** The application that is deaf is cancelled soon when its clients have left. */
const compressing = { websocket: { compression: true }, timeouts: { disconnectGrace: 100 } }

const BOMB = compressed(Buffer.alloc(15 * MIB))

withPython('twenty sockets with compression bombs filled the memory',
  { ...app, ...compressing }, async (python) => {
    assert.ok(BOMB.length < 16_000)
    await withVersion(python, 1, async (open) => {
      const sockets = await Promise.all(Array.from({ length: 20 }, () => open('/deaf')))
      const most = watchMemory()
      const closed = await Promise.all(sockets.map(({ socket }) => {
        socket.resume()
        return flood(socket, BOMB, 4000)
      }))
      const used = most()
      for (const { end } of sockets) end()
      assert.ok(closed.every(Boolean))
      assert.ok(used < 250, `${used} MiB`)
      await eventually(() => assert.equal(python.stats().inFlight, 0), 20_000)
    })
  })

withPython('messages that compress well arrive, in order, with compression',
  { ...app, ...compressing }, async (python) => {
    await withServer(python.listener, async (base, server) => {
      server.on('upgrade', python.upgrade)
      const client = await openSocket(base.replace('http', 'ws') + '/echo', [],
        { perMessageDeflate: true })
      const text = (i) => `${i} ${JSON.stringify({ name: 'value', number: i }).repeat(40_000)}`
      for (let i = 0; i < 4; i++) client.send(text(i))
      await eventually(() => assert.equal(client.received.length, 4), 20_000)
      assert.deepEqual(client.received, Array.from({ length: 4 }, (_, i) => text(i)))
      client.terminate()
    })
  })
