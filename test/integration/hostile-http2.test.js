/** Clients that misuse HTTP/2: what they may not do to Node, and to other clients. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import http2 from 'node:http2'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

import { eventually, withPython } from '../support/harness.js'
import { Type, frame, openHttp2, request, reset } from '../support/http2-frames.js'

const app = { appTarget: 'connections_app:app' }

/** Serves a handler over HTTP/2 without TLS while `run` runs. */
async function withHttp2 (python, run) {
  const server = http2.createServer()
  python.attach(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const sockets = []
  const open = async (options) => {
    sockets.push(await openHttp2(server.address().port, options))
    return sockets.at(-1)
  }
  try {
    await run({ server, open, port: server.address().port })
  } finally {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
}

const connections = (server) => promisify(server.getConnections.bind(server))()

for (const [name, end] of Object.entries({
  'sends what is not HTTP/2': (socket) => socket.write('garbage garbage garbage garbage'),
  'sends a frame that breaks the protocol': (socket) =>
    socket.write(frame(Type.CONTINUATION, 0, 1, Buffer.alloc(5))),
  'sends a frame that is too long': (socket) =>
    socket.write(frame(Type.DATA, 0, 1, Buffer.alloc(20_000))),
  'breaks the protocol and leaves': (socket) => socket.end('garbage garbage garbage garbage'),
  leaves: (socket) => socket.destroy()
})) {
  for (const path of ['/wait', '/big/10000000']) {
    withPython(`the streams of a client that ${name} stayed in flight (${path})`, app,
      async (python) => {
        await withHttp2(python, async ({ server, open }) => {
          const socket = await open()
          for (let i = 0; i < 60; i++) socket.write(request(1 + 2 * i, path))
          await eventually(() => assert.equal(python.stats().inFlight, 60))
          end(socket)
          await eventually(() => assert.equal(python.stats().inFlight, 0), 10_000)
          await eventually(async () => assert.equal(await connections(server), 0), 10_000)
        })
      })
  }
}

withPython('a client that never closes its connection kept a closing server open', app,
  async (python) => {
    await withHttp2(python, async ({ server, open }) => {
      const socket = await open({ allowHalfOpen: true })
      socket.write(request(1, '/sleep/1'))
      await once(socket, 'data')
      await eventually(() => assert.equal(python.stats().inFlight, 0))
      const closed = once(server, 'close')
      server.close()
      await closed
    })
  })

withPython('a client that reads slowly gets the whole response of a closing server', app,
  async (python) => {
    await withHttp2(python, async ({ server, open }) => {
      const socket = await open()
      const window = Buffer.from([0, 255, 255, 255])
      socket.write(frame(Type.SETTINGS, 0, 0, Buffer.concat([Buffer.from([0, 4]), window])))
      socket.write(frame(Type.WINDOW_UPDATE, 0, 0, window))
      socket.pause()
      socket.write(request(1, '/big/10000000'))
      await eventually(() => assert.equal(python.stats().inFlight, 1))
      server.close()
      await sleep(3500) // longer than a connection lingers
      let bytes = 0
      socket.on('data', (piece) => { bytes += piece.length })
      socket.resume()
      await once(socket, 'close')
      assert.ok(bytes > 10_000_000, `${bytes} bytes`)
    })
  })

withPython('an idle session is not taken for dead', app, async (python) => {
  await withHttp2(python, async ({ port }) => {
    const session = http2.connect(`http://127.0.0.1:${port}`)
    let pings = 0
    session.on('ping', () => { pings++ })
    const stream = session.request({ ':path': '/sleep/4500' })
    await once(stream, 'response')
    assert.equal((await stream.toArray()).join(''), '</sleep/4500>')
    assert.ok(pings <= 1, `${pings} pings`)
    assert.equal(session.destroyed, false)
    session.close()
  })
})

/** Requests that are reset in the packet that they come in. */
const resets = (count, path, fields) => Buffer.concat(Array.from({ length: count }, (_, i) =>
  Buffer.concat([request(1 + 2 * i, path, { fields }), reset(1 + 2 * i)])))

const SOCKET = { ':method': 'CONNECT', ':protocol': 'websocket', 'sec-websocket-version': '13' }

for (const [kind, fields] of [['requests', {}], ['WebSockets', SOCKET]]) {
  withPython(`the application got 1,000 ${kind} of a client that reset each at once`, app,
    async (python) => {
      await withHttp2(python, async ({ server, open }) => {
        const socket = await open()
        const ended = once(socket, 'close')
        let last
        socket.on('data', (bytes) => { last = bytes })
        socket.write(resets(1000, '/wait', fields))
        await ended
        // GOAWAY with ENHANCE_YOUR_CALM.
        assert.deepEqual([last.at(-14), last.readUInt32BE(last.length - 4)], [Type.GOAWAY, 11])
        assert.equal(await connections(server), 0)
        const { requests } = python.stats()
        assert.ok(requests < 100, `${requests} requests`)
      })
    })
}

withPython('a client may give up the 150 requests of a page', app, async (python) => {
  await withHttp2(python, async ({ port }) => {
    const session = http2.connect(`http://127.0.0.1:${port}`)
    const streams = Array.from({ length: 150 }, () => session.request({ ':path': '/wait' }))
    await eventually(() => assert.equal(python.stats().inFlight, 150))
    for (const stream of streams) stream.close(http2.constants.NGHTTP2_CANCEL)
    await eventually(() => assert.equal(python.stats().inFlight, 0))
    const stream = session.request({ ':path': '/quick' })
    assert.equal((await stream.toArray()).join(''), '</quick>')
    session.close()
  })
})
