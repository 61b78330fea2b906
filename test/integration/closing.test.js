import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import http2 from 'node:http2'
import net from 'node:net'
import { promisify } from 'node:util'

import { awake, eventually, leakTest, startPython } from '../support/harness.js'
import { openSocket } from '../support/websocket.js'

const app = { appTarget: 'connections_app:app', timeouts: { drain: 1000 } }

async function listening (server) {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return `http://127.0.0.1:${server.address().port}`
}

const withAttach = (python) => {
  const server = http.createServer()
  python.attach(server)
  return server
}
const withListeners = (python) => http.createServer(python.listener).on('upgrade', python.upgrade)

for (const [how, create] of [['attach', withAttach], ['listener and upgrade', withListeners]]) {
  for (const order of ['server first', 'handler first', 'both at once']) {
    leakTest(`${how}, ${order}: closing never finished while a WebSocket was open`, async () => {
      const python = startPython(app)
      const server = create(python)
      const base = await listening(server)
      const client = await openSocket(`${base.replace('http', 'ws')}/socket`)
      const steps = [promisify(server.close.bind(server)), () => python.close()]
      if (order === 'handler first') steps.reverse()
      await awake(order === 'both at once'
        ? Promise.all(steps.map((step) => step()))
        : steps[0]().then(() => steps[1]()))
      assert.deepEqual(await client.closed, [1012, ''])
    }, 15_000)
  }

  leakTest(`${how}: an event stream ends within half of timeouts.drain when its server closes`,
    async () => {
      const python = startPython(app)
      const server = create(python)
      const response = await fetch(`${await listening(server)}/stream/1000/50`)
      const reading = assert.rejects(response.text())
      const start = performance.now()
      await promisify(server.close.bind(server))()
      const time = performance.now() - start
      assert.ok(time > app.timeouts.drain * 0.45, `${time} ms`)
      await reading
      await eventually(() => assert.equal(python.stats().inFlight, 0))
      // Others are still served.
      const { body } = await python.handleRequest({ url: '/quick' })
      assert.equal(body.toString(), '</quick>')
      await python.close()
    }, 15_000)
}

leakTest('closing a server and then its handler took longer than timeouts.drain', async () => {
  const drain = 4000
  const python = startPython({ ...app, timeouts: { drain } })
  const server = withAttach(python)
  const base = await listening(server)
  // This request goes on when its client has gone.
  const waiting = fetch(`${base}/sleep/100000`)
  await eventually(() => assert.equal(python.stats().inFlight, 1))
  const start = performance.now()
  await promisify(server.close.bind(server))()
  await python.close()
  const time = performance.now() - start
  assert.ok(time < drain * 1.4, `${time} ms`)
  assert.equal((await waiting).status, 503)
}, 15_000)

leakTest('a server that closes lets requests in flight finish, and the next one serves again',
  async () => {
    const python = startPython(app)
    const server = withAttach(python)
    const waiting = fetch(`${await listening(server)}/sleep/400`)
    await eventually(() => assert.equal(python.stats().inFlight, 1))
    await promisify(server.close.bind(server))()
    assert.equal(await (await waiting).text(), '</sleep/400>')
    const base = await listening(server)
    const client = await openSocket(`${base.replace('http', 'ws')}/socket`)
    client.send('again')
    await eventually(() => assert.deepEqual(client.received, ['again']))
    await promisify(server.close.bind(server))()
    await python.close()
  }, 15_000)

const socketOf = (session) => session.request({
  ':method': 'CONNECT',
  ':protocol': 'websocket',
  ':path': '/socket',
  'sec-websocket-version': '13'
})

for (const [what, path] of [
  ['a WebSocket', null], ['an event stream', '/stream/1000/50'], ['an idle session', '/quick']
]) {
  for (const order of ['server first', 'handler first']) {
    leakTest(`HTTP/2, ${order}: closing never finished because of ${what}`, async () => {
      const python = startPython(app)
      const server = path === null ? http2.createServer() : http2.createServer(python.listener)
      if (path === null) python.attach(server)
      const session = http2.connect(await listening(server))
      await once(session, 'remoteSettings')
      const stream = path === null ? socketOf(session) : session.request({ ':path': path })
      stream.on('error', () => {})
      await once(stream, 'response')
      stream.resume()
      if (path === '/quick') await once(stream, 'end')
      const steps = [promisify(server.close.bind(server)), () => python.close()]
      if (order === 'handler first') steps.reverse()
      await awake(steps[0]().then(() => steps[1]()))
    }, 15_000)
  }
}

leakTest('a handshake on a connection that was open before the server closed is refused',
  async () => {
    const python = startPython(app)
    const server = withAttach(python)
    const { port } = new URL(await listening(server))
    const socket = net.connect(Number(port), '127.0.0.1')
    socket.write('GET /sleep/500 HTTP/1.1\r\nHost: h\r\n\r\n')
    await eventually(() => assert.equal(python.stats().inFlight, 1))
    const closed = promisify(server.close.bind(server))()
    socket.write('GET /socket HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\n' +
      'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n')
    const text = String(Buffer.concat(await socket.toArray()))
    assert.doesNotMatch(text, / 101 /)
    await closed
    await python.close()
  }, 15_000)
