import assert from 'node:assert/strict'
import { once } from 'node:events'
import { rm, truncate } from 'node:fs/promises'
import http from 'node:http'
import http2 from 'node:http2'
import { createConnection } from 'node:net'

import { eventually, withPython, withServer } from '../support/harness.js'

const app = { appTarget: 'files_app:app' }
const file = (size, letter = 'a') => letter.repeat(size)

/** How each way to ask gets the body of a file. */
const ways = {
  handleRequest: async (python, url) => (await python.handleRequest({ url })).text(),
  handleRequestSync: async (python, url) => python.handleRequestSync({ url }).text(),
  handleStream: async (python, url) => {
    const { body } = await python.handleStream({ url })
    return Buffer.concat(await body.toArray()).toString()
  },
  http: (python, url) => withServer(python.listener, async (base) =>
    (await fetch(base + url)).text())
}

for (const [way, get] of Object.entries(ways)) {
  withPython(`a file that is deleted or replaced after send() is sent (${way})`, app,
    async (python) => {
      for (let i = 0; i < 10; i++) {
        for (const path of ['background', 'dependency', 'replaced']) {
          for (const size of [0, 1000, 1_000_000]) {
            assert.equal(await get(python, `/${path}?size=${size}`), file(size), path)
          }
        }
      }
    })

  withPython(`a file that has grown is sent as far as announced (${way})`, app, async (python) => {
    assert.equal(await get(python, '/grown?size=1000'), file(1000))
    assert.equal(await get(python, '/grown?size=0'), '')
  })
}

withPython('deleted files are sent to many clients at once', { ...app, workers: 2 },
  async (python) => {
    await withServer(python.listener, async (base) => {
      for (let round = 0; round < 3; round++) {
        const bodies = await Promise.all(Array.from({ length: 200 }, async (_, i) =>
          (await fetch(`${base}/background?size=${i * 10}`)).text()))
        bodies.forEach((body, i) => assert.equal(body, file(i * 10)))
      }
    })
  })

withPython('more files at once than descriptors that may wait for Node', app, async (python) => {
  const requests = Array.from({ length: 400 }, () =>
    python.handleRequest({ url: '/dependency?size=100' }))
  // Python answers meanwhile, and Node takes nothing.
  await new Promise((resolve) => setImmediate(resolve))
  const end = performance.now() + 1500
  while (performance.now() < end) { /* blocks the event loop */ }
  for (const { status, body } of await Promise.all(requests)) {
    assert.deepEqual([status, body.toString()], [200, file(100)])
  }
})

withPython('a file that cannot be sent is an error of the application', app, async (python) => {
  for (const [url, type, text] of [
    ['/gone', 'FileNotFoundError', /node-asgi-/],
    ['/folder', 'ValueError', /regular file/],
    ['/shrunk', 'RuntimeError', /999.*1000/]
  ]) {
    await assert.rejects(python.handleRequest({ url }), (error) => {
      assert.deepEqual([error.code, error.type], ['ERR_APP', type])
      assert.match(error.message, text)
      return true
    })
    await withServer(python.listener, async (base) =>
      assert.equal((await fetch(base + url)).status, 500))
  }
})

withPython('a file that becomes shorter while it is sent cuts the response off', app,
  async (python) => {
    const size = 50_000_000
    const url = `/kept?size=${size}`
    const empty = async (path) => {
      await truncate(path)
      await rm(path)
    }
    await withServer(python.listener, async (base) => {
      const agent = new http.Agent({ keepAlive: true })
      const [response] = await once(http.get(base + url, { agent }), 'response')
      assert.equal(response.headers['content-length'], String(size))
      await empty(response.headers['x-path'])
      await assert.rejects(response.toArray(), { code: 'ECONNRESET' })
      agent.destroy()
    })
    const { body, headers } = await python.handleStream({ url })
    await empty(headers.get('x-path'))
    await assert.rejects(body.toArray(), { code: 'ERR_INVALID_RESPONSE' })
  })

const logged = []
const logger = { debug () {}, info () {}, warn () {}, error: (text) => logged.push(text) }
withPython('over HTTP/2, a file that became shorter cut the response off without a word',
  { ...app, logger }, async (python) => {
    const server = http2.createServer()
    python.attach(server)
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const session = http2.connect(`http://127.0.0.1:${server.address().port}`)
    const stream = session.request({ ':path': '/kept?size=50000000' })
    const [headers] = await once(stream, 'response')
    // The server may notice before this test reads again.
    stream.on('error', () => {})
    await truncate(headers['x-path'])
    await rm(headers['x-path'])
    await assert.rejects(stream.toArray(), { code: 'ERR_HTTP2_STREAM_ERROR' })
    session.destroy()
    server.close()
    await eventually(() => assert.equal(logged.length, 1))
    assert.match(logged[0], /became shorter.* of 50000000 bytes/)
  })

withPython('trailers follow a file', app, async (python) => {
  const { trailers, body } = await python.handleRequest({ url: '/trailers' })
  assert.deepEqual([body.toString(), trailers.get('x-sum')], [file(1000), '42'])
})

withPython('a client that leaves at once leaves no file open', app, async (python) => {
  await withServer(python.listener, async (base) => {
    const { port } = new URL(base)
    for (let i = 0; i < 30; i++) {
      const socket = createConnection(port, '127.0.0.1')
      await once(socket, 'connect')
      socket.write('GET /dependency?size=1000000 HTTP/1.1\r\nhost: x\r\n\r\n')
      await new Promise((resolve) => setTimeout(resolve, i % 5))
      socket.destroy()
    }
  })
})
