// python.fetch() with the requests of a server, whose responses somebody else sends.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import http2 from 'node:http2'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

import { EXAMPLES } from '../support/example.js'
import { checkFetchFramework, visitorsOf } from '../support/fetch-framework.js'
import { eventually, withPython, withServer } from '../support/harness.js'

const example = { docroot: join(EXAMPLES, 'hono') }

/** Sends a response of the web, as frameworks do. */
async function answer (res, response) {
  for (const [name, value] of response.headers) res.appendHeader(name, value)
  res.writeHead(response.status)
  if (response.body === null) return res.end()
  await pipeline(Readable.fromWeb(response.body), res)
}

/** A server that passes every request on, and answers an error with its status and its code. */
const relay = (python, init) => async (req, res) => {
  try {
    await answer(res, await python.fetch(req, init))
  } catch (error) {
    if (!res.headersSent && !res.destroyed) res.writeHead(error.status ?? 500).end(error.code)
  }
}

withPython('a request of node:http, and its response', example, async (python) => {
  await withServer(relay(python, { prefix: '/api' }), async (url) => {
    await checkFetchFramework(url, { client: '127.0.0.1' })
  })
})

withPython('the request of a web framework was aborted only by its signal', example,
  async (python) => {
    const request = (req, res) => python.fetch(`http://h${req.url}`, { socket: req.socket })
      .then((response) => answer(res, response), () => {})
    await withServer(request, async (url) => {
      const visitors = () => visitorsOf(url, '')
      const me = await (await fetch(`${url}/me`)).json()
      assert.deepEqual(me, { client: '127.0.0.1' })
      const controller = new AbortController()
      const waiting = fetch(`${url}/wait`, { signal: controller.signal })
      await eventually(async () => assert.equal(await visitors(), 1))
      controller.abort()
      await assert.rejects(waiting)
      await eventually(async () => assert.equal(await visitors(), 0))
    })
  })

withPython('what the application gets', { appTarget: 'scope_app:app', trustProxy: 'loopback' },
  async (python) => {
    const user = { name: 'ada' }
    await withServer(relay(python, { prefix: '/api', scope: { user } }), async (url) => {
      const scope = await (await fetch(`${url}/x?y=1`, {
        headers: { 'x-forwarded-for': '192.0.2.7', 'x-forwarded-proto': 'https' }
      })).json()
      assert.deepEqual([scope.method, scope.scheme, scope.root_path, scope.path],
        ['GET', 'https', '/api', '/api/x'])
      assert.deepEqual([scope.query_string, scope.client], ['y=1', ['192.0.2.7', 0]])
      assert.deepEqual(scope.state.node, { user })
      // They could not reach the client.
      assert.equal(scope.extensions['http.response.early_hint'], undefined)
    })
  })

withPython('the addresses of a web Request', { appTarget: 'scope_app:app' }, async (python) => {
  const socket = { remoteAddress: '192.0.2.1', remotePort: 5 }
  for (const input of ['http://h:81/', new Request('http://h:81/')]) {
    const scope = await (await python.fetch(input, { socket })).json()
    assert.deepEqual(scope.client, ['192.0.2.1', 5])
  }
  await assert.rejects(python.fetch('/', { socket: '192.0.2.1' }),
    { code: 'ERR_INVALID_OPTION', option: 'socket' })
})

withPython('the response has the url of the request', { appTarget: 'scope_app:app' },
  async (python) => {
    const listener = async (req, res) => {
      const { url } = await python.fetch(req)
      res.end(url)
    }
    await withServer(listener, async (url) => {
      assert.equal(await (await fetch(`${url}/x?y=1`)).text(), `${url}/x?y=1`)
    })
  })

withPython('limits of the handler', { ...example, maxBody: 1000, allowedHosts: ['127.0.0.1'] },
  async (python) => {
    await withServer(relay(python), async (url) => {
      const send = (body) => fetch(`${url}/upload`, { method: 'POST', body, duplex: 'half' })
      assert.equal((await send(Buffer.alloc(1000))).status, 200)
      const refused = await send(Buffer.alloc(1001))
      assert.deepEqual([refused.status, await refused.text()], [413, 'ERR_BODY_TOO_LARGE'])
      const other = await fetch(`${url.replace('127.0.0.1', 'localhost')}/me`)
      assert.equal(await other.text(), 'ERR_HOST_NOT_ALLOWED')
    })
  })

withPython('what cannot be replaced, and what is read already', example, async (python) => {
  const errors = []
  const listener = async (req, res) => {
    for (const init of [{ method: 'PUT' }, { headers: {} }, { body: 'x' }, { socket: {} }, 'x',
      { signal: 'soon' }]) {
      await python.fetch(req, init).catch(({ code, option }) => errors.push([code, option]))
    }
    req.resume()
    await once(req, 'end')
    await python.fetch(req).catch(({ code, status }) => errors.push([code, status]))
    res.end()
  }
  await withServer(listener, (url) => fetch(url, { method: 'POST', body: 'x' }))
  assert.deepEqual(errors, [
    ...['method', 'headers', 'body', 'socket', 'init', 'signal'].map(
      (name) => ['ERR_INVALID_OPTION', name]),
    ['ERR_INVALID_BODY', 500]
  ])
})

withPython('a request of HTTP/2, and a client that resets it', example, async (python) => {
  const server = http2.createServer(relay(python))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const client = http2.connect(`http://127.0.0.1:${server.address().port}`)
  try {
    const text = async (stream) => Buffer.concat(await stream.toArray()).toString()
    assert.equal(await text(client.request({ ':path': '/me' })), '{"client":"127.0.0.1"}')
    const upload = client.request({ ':path': '/upload', ':method': 'POST' })
    upload.end('12345')
    assert.equal(await text(upload), '5 bytes\n')
    const visitors = () => text(client.request({ ':path': '/visitors' }))
    const waiting = client.request({ ':path': '/wait' })
    waiting.on('error', () => {})
    await eventually(async () => assert.equal(await visitors(), '1'))
    waiting.close(http2.constants.NGHTTP2_CANCEL)
    await eventually(async () => assert.equal(await visitors(), '0'))
  } finally {
    client.close()
    await new Promise((resolve) => server.close(resolve))
  }
})

withPython('an early answer to a body of the web cut off the client', example, async (python) => {
  const body = () => new ReadableStream({
    start (controller) {
      this.count = 0
      this.cancelled = false
      controller.enqueue(Buffer.alloc(300_000))
    },
    pull (controller) {
      controller.enqueue(Buffer.alloc(10_000))
      if (++this.count === 20) {
        controller.close()
        read()
      }
    },
    cancel () { assert.fail('the body was cancelled') }
  })
  let read
  for (const send of [
    (init) => python.fetch(new Request('http://h/login', { ...init, duplex: 'half' })),
    (init) => python.fetch('/login', init),
    (init) => python.handleRequest(new Request('http://h/login', { ...init, duplex: 'half' })),
    (init) => python.handleRequest({ url: '/login', ...init })
  ]) {
    const isRead = new Promise((resolve) => { read = resolve })
    const response = await send({ method: 'POST', body: body() })
    assert.equal(response.status, 200)
    await isRead
  }
})

withPython('an early answer to a request of node:http as a body cut off the client', example,
  async (python) => {
    const server = createServer(async (req, res) => {
      const { status } = await python.handleRequest({ url: '/login', method: 'POST', body: req })
      res.writeHead(status).end()
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    try {
      const url = `http://127.0.0.1:${server.address().port}`
      const response = await fetch(url, { method: 'POST', body: Buffer.alloc(2_000_000) })
      assert.equal(response.status, 200)
    } finally {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  })
