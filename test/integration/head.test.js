/** When the head of a response is sent: with the body if that follows at once, or by itself. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import http from 'node:http'
import http2 from 'node:http2'
import { once } from 'node:events'
import { join } from 'node:path'

import { APPS, leakTest, startPython, withPython, withServer } from '../support/harness.js'

const app = { appTarget: 'head_app:app' }
const FILE = readFileSync(join(APPS, 'head_app.py'), 'utf8')

/** Milliseconds between start and body that show that the head does not wait for the body. */
const LONG = 400

/** @returns {Promise<[number, any]>} milliseconds that it took, and its result */
async function timed (promise) {
  const start = performance.now()
  const result = await promise
  return [performance.now() - start, result]
}

for (const path of ['plain', 'other-task', 'no-content', 'file', 'descriptor', 'trailers']) {
  withPython(`fetch() gets the head before there is a body: ${path}`, app, async (python) => {
    await withServer(python.listener, async (origin) => {
      await fetch(`${origin}/plain`) // makes the connection
      const [time, response] = await timed(fetch(`${origin}/${path}?ms=${LONG}`))
      assert.ok(time < LONG / 2, `the head took ${time} ms`)
      const [rest, text] = await timed(response.text())
      const waits = path !== 'no-content' // which is complete for the client
      assert.ok(!waits || time + rest > LONG - 50, `the body came after ${time + rest} ms`)
      assert.equal(text, { file: FILE, descriptor: FILE, 'no-content': '' }[path] ?? 'body')
    })
  })
}

withPython('handleStream() and a HEAD request get the head before there is a body', app,
  async (python) => {
    for (const method of ['GET', 'HEAD']) {
      const [time, response] =
        await timed(python.handleStream({ method, url: `/plain?ms=${LONG}` }))
      assert.ok(time < LONG / 2, `the head took ${time} ms`)
      assert.equal(Buffer.concat(await response.body.toArray()).toString(),
        method === 'HEAD' ? '' : 'body')
    }
    const { trailers } = await python.handleRequest({
      url: '/trailers?ms=20', headers: { te: 'trailers' }
    })
    assert.equal(trailers.get('x-trailer'), 'yes')
  })

leakTest('HTTP/2 clients get the head before there is a body', async () => {
  const python = startPython(app)
  const server = http2.createServer()
  python.attach(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = http2.connect(`http://127.0.0.1:${server.address().port}`)
  try {
    await python.ready
    const stream = client.request({ ':path': `/plain?ms=${LONG}` })
    const [time] = await timed(once(stream, 'response'))
    assert.ok(time < LONG / 2, `the head took ${time} ms`)
    assert.equal(Buffer.concat(await stream.toArray()).toString(), 'body')
  } finally {
    client.close()
    await new Promise((resolve) => server.close(resolve))
    await python.close()
  }
})

leakTest('a WebSocket is refused before the response has a body', async () => {
  const python = startPython(app)
  const server = http.createServer()
  python.attach(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    await python.ready
    const request = http.request({
      port: server.address().port,
      host: '127.0.0.1',
      headers: {
        connection: 'upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ=='
      }
    }).end()
    const [time, [response]] = await timed(once(request, 'response'))
    assert.equal(response.statusCode, 418)
    assert.ok(time < 150, `the head took ${time} ms`)
    assert.equal(Buffer.concat(await response.toArray()).toString(), 'short and stout')
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await python.close()
  }
})

withPython('start and body stay one frame when they come together', app, async (python) => {
  await withServer(python.listener, async (origin) => {
    // Only a head that knows its whole body gets a content-length.
    for (const path of ['plain', 'other-task']) {
      const { headers } = await fetch(`${origin}/${path}?ms=0`)
      assert.equal(headers.get('content-length'), '4', path)
    }
    assert.equal((await fetch(`${origin}/plain?ms=100`)).headers.get('content-length'), null)
  })
})

withPython('an error before the body is a 500 until the head has been sent', app,
  async (python) => {
    await withServer(python.listener, async (origin) => {
      assert.equal((await fetch(`${origin}/raises`)).status, 500)
      const late = await fetch(`${origin}/raises?ms=100`)
      assert.equal(late.status, 200)
      await assert.rejects(late.text())
      for (const ms of [0, 100]) {
        const response = await fetch(`${origin}/second-start?ms=${ms}`)
        assert.equal(response.status, 201)
        assert.equal(await response.text(), 'refused')
        assert.equal(await (await fetch(`${origin}/hint?ms=${ms}`)).text(), 'body')
      }
      assert.equal(await (await fetch(`${origin}/no-file?ms=100`)).text(), 'not found')
    })
  })

withPython('many heads that wait are sent, and those of ended requests are not', app,
  async (python) => {
    const urls = Array.from({ length: 300 }, (_, i) =>
      `/${['plain', 'other-task', 'second-start'][i % 3]}?ms=${i % 20}`)
    const responses = await Promise.all(urls.map((url) => python.handleRequest({ url })))
    for (const [i, { body }] of responses.entries()) {
      assert.equal(body.toString(), i % 3 === 2 ? 'refused' : 'body')
    }
    const gone = new AbortController()
    const aborted = python.handleRequest({ url: '/plain?ms=100' }, { signal: gone.signal })
    setTimeout(() => gone.abort(), 2)
    await assert.rejects(aborted, { name: 'AbortError' })
    assert.equal((await python.handleRequest({ url: '/plain' })).body.toString(), 'body')
  })
