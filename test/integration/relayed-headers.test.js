import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import http2 from 'node:http2'
import { connect } from 'node:net'

import { eventually, withPython } from '../support/harness.js'
import { openSocket } from '../support/websocket.js'

const app = { appTarget: 'relay_app:app' }

/** Serves over HTTP/1.1 and HTTP/2; every uncaught exception fails the test. */
async function serve (python, create, run) {
  const uncaught = []
  process.setUncaughtExceptionCaptureCallback((error) => uncaught.push(error))
  const server = create()
  python.attach(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  try {
    await run(server.address().port)
    await new Promise((resolve) => setTimeout(resolve, 50))
  } finally {
    process.setUncaughtExceptionCaptureCallback(null)
    server.closeAllConnections?.()
    server.close()
  }
  assert.deepEqual(uncaught, [])
}

async function get (port, path) {
  const request = http.get({ port, path, host: '127.0.0.1', headers: { te: 'trailers' } })
  const [response] = await once(request, 'response')
  await response.toArray()
  return response
}

async function get2 (session, path) {
  const stream = session.request({ ':path': path, te: 'trailers' })
  let trailers = {}
  stream.on('trailers', (fields) => { trailers = fields })
  const closed = once(stream, 'close')
  const [head] = await once(stream, 'response')
  stream.resume()
  await closed
  return { head, trailers }
}

withPython('over HTTP/1.1, relayed trailers named constructor or __proto__ ended Node', app,
  (python) => serve(python, http.createServer, async (port) => {
    const { rawTrailers } = await get(port, '/trailers')
    const names = new Set(rawTrailers.filter((_, i) => i % 2 === 0))
    for (const name of ['constructor', '__proto__', 'tostring', 'x-ok', 'etag']) {
      assert.ok(names.has(name), name)
    }
    for (const name of ['transfer-encoding', 'connection', 'host', 'trailer', 'content-type']) {
      assert.ok(!names.has(name), name)
    }
    assert.equal((await get(port, '/headers')).statusCode, 200)
    assert.equal((await get(port, '/')).statusCode, 200)
  }))

withPython('over HTTP/1.1, a relayed header that announces trailers made a response a 500', app,
  (python) => serve(python, http.createServer, async (port) => {
    const send = (method, options) => new Promise((resolve, reject) => {
      http.request({ port, host: '127.0.0.1', method, ...options }, (response) => {
        response.resume()
        response.on('end', () => resolve([response.statusCode, response.headers.trailer]))
      }).on('error', reject).end()
    })
    assert.deepEqual(await send('GET', { path: '/headers' }), [200, 'gzip, deflate'])
    assert.deepEqual(await send('HEAD', { path: '/headers' }), [200, undefined])
    assert.deepEqual(await send('GET', { path: '/whole' }), [200, undefined])
    assert.deepEqual(await send('GET', { path: '/empty' }), [204, undefined])
    const http10 = connect(port, '127.0.0.1')
    http10.write('GET /headers HTTP/1.0\r\n\r\n')
    assert.match(String(Buffer.concat(await http10.toArray())), /^HTTP\/1.1 200[^]*end$/)
  }))

withPython('over HTTP/2, relayed headers, trailers and pushes ended Node', app,
  (python) => serve(python, http2.createServer, async (port) => {
    const session = http2.connect(`http://127.0.0.1:${port}`)
    const pushed = []
    session.on('stream', (stream, headers) => {
      pushed.push(headers)
      stream.on('error', () => {})
      stream.on('push', () => {})
      stream.resume()
    })
    const { trailers } = await get2(session, '/trailers')
    assert.equal(trailers['x-ok'], 'gzip, deflate')
    assert.equal(trailers.constructor, 'gzip, deflate')
    assert.equal(trailers.etag, 'deflate')
    assert.equal(trailers.connection, undefined)
    const { head } = await get2(session, '/headers')
    assert.equal(head[':status'], 200)
    assert.equal(head['content-type'], 'deflate')
    assert.equal(head.connection, undefined)
    assert.equal((await get2(session, '/push')).head[':status'], 200)
    await eventually(() => assert.equal(pushed.length, 5))
    assert.equal(pushed[0]['x-ok'], 'deflate')
    session.destroy()
  }))

withPython('a client that resets a pushed stream ended Node', app,
  (python) => serve(python, http2.createServer, async (port) => {
    const session = http2.connect(`http://127.0.0.1:${port}`)
    let resets = 0
    session.on('stream', (stream) => {
      stream.on('error', () => {})
      if (++resets % 2 === 0) stream.close(http2.constants.NGHTTP2_PROTOCOL_ERROR)
      else stream.on('push', () => stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR))
    })
    for (let i = 0; i < 4; i++) await get2(session, '/push')
    await eventually(() => assert.equal(resets, 20))
    session.destroy()
    await eventually(() => assert.equal(python.stats().inFlight, 0))
  }))

withPython('relayed headers in the acceptance of a WebSocket', app, async (python) => {
  await serve(python, http.createServer, async (port) => {
    const client = await openSocket(`ws://127.0.0.1:${port}/`)
    await client.closed
    assert.deepEqual(client.received.map(String), ['open'])
  })
  await serve(python, http2.createServer, async (port) => {
    const session = http2.connect(`http://127.0.0.1:${port}`)
    await once(session, 'remoteSettings')
    const stream = session.request({
      ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/', 'sec-websocket-version': '13'
    })
    const [head] = await once(stream, 'response')
    assert.equal(head[':status'], 200)
    assert.equal(head['x-ok'], 'gzip, deflate')
    assert.equal(head['content-length'], undefined)
    stream.destroy()
    session.destroy()
  })
})
