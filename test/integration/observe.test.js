/** What observers see of requests of every kind, over the network and from the program. */

import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { connect } from 'node:net'

import { WebSocket } from 'ws'

import { eventually, leakTest, startPython, withServer } from '../support/harness.js'

/** Collects the records of the requests that end while a test runs. */
async function collect (run) {
  const ended = []
  const listener = ({ request }) => ended.push(request)
  subscribe('node-asgi:request:end', listener)
  try {
    await run(ended)
  } finally {
    unsubscribe('node-asgi:request:end', listener)
  }
}

const facts = ({ type, path, outcome, status }) => [type, path, outcome, status]

leakTest('WebSockets are observed from the network and from the program alike', async () => {
  await collect(async (ended) => {
    const python = startPython({ appTarget: 'websocket_app:app' })
    await python.ready
    await withServer(python.listener, async (url, server) => {
      server.on('upgrade', python.upgrade)
      const client = new WebSocket(`${url.replace('http', 'ws')}/echo`)
      await once(client, 'open')
      client.close()
      await once(client, 'close')
      const refused = new WebSocket(`${url.replace('http', 'ws')}/refuse`)
      refused.on('error', () => {})
      await new Promise((resolve) => { refused.on('close', resolve) })
    })
    const socket = await python.connect('/echo')
    socket.close()
    await assert.rejects(python.connect('/refuse'))
    await eventually(() => assert.equal(ended.length, 4))
    assert.deepEqual(ended.map(facts), [
      ['websocket', '/echo', 'answered', 101],
      ['websocket', '/refuse', 'answered', 403],
      ['websocket', '/echo', 'answered', 101],
      ['websocket', '/refuse', 'answered', 403]
    ])
    assert.deepEqual(ended.map(({ incoming }) => incoming), [true, true, false, false])
    const [network, , program] = ended
    assert.equal(network.client.address, '127.0.0.1')
    assert.equal(program.client, null)
    await python.close()
  })
})

leakTest('requests of HTTP/1 and HTTP/2, and clients that leave', async () => {
  const { createServer } = await import('node:http2')
  await collect(async (ended) => {
    const python = startPython({ appTarget: 'slow_app:app' })
    await python.ready
    await withServer(python.listener, async (url) => {
      await (await fetch(`${url}/`)).arrayBuffer()
      const [host, port] = url.slice('http://'.length).split(':')
      const socket = connect(Number(port), host)
      socket.write('GET /sleep?ms=30000 HTTP/1.1\r\nhost: x\r\n\r\n')
      await eventually(() => assert.equal(python.stats().inFlight, 1))
      socket.destroy()
      await eventually(() => assert.equal(ended.length, 2))
    })
    const server = createServer(python.listener).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const session = connectHttp2(`http://127.0.0.1:${server.address().port}`)
    const request = session.request({ ':path': '/h2', ':method': 'POST' })
    request.end('body')
    await once(request.resume(), 'end')
    session.close()
    server.close()
    assert.deepEqual(ended.map(({ path, outcome }) => [path, outcome]),
      [['/', 'answered'], ['/sleep', 'aborted'], ['/h2', 'answered']])
    assert.deepEqual(ended.map(({ httpVersion }) => httpVersion), ['1.1', '1.1', '2'])
    await python.close()
  })
})
