/**
 * What the test suite of @platformatic/python-node 2.0 expects, in the words of this project. Left
 * out is the directory that it expects in root_path, which is against the specification of ASGI.
 */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { get } from 'node:http'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'

import { Headers, Python, Request, Response } from '../../addon/lib/index.js'
import { APPS, eventually, startPython, withPython, withServer } from '../support/harness.js'

const app = { appTarget: 'peer_app:app' }

const socketTo = (path, more) =>
  new Request({ method: 'GET', url: `http://example.com${path}`, websocket: true, ...more })

/** Sends a message and returns the answer. */
async function ask (request, response, message) {
  await request.write(message)
  return await response.next()
}

withPython('the constructor', app, async (python) => {
  assert.ok(python instanceof Python)
  assert.equal(python.docroot, APPS)
})

withPython('handleRequestSync()', app, async (python) => {
  const response = python.handleRequestSync(new Request({
    method: 'GET', url: '/hello', headers: { 'Content-Type': 'application/json', 'X-Custom': 'a' }
  }))
  assert.equal(response.status, 200)
  assert.equal(response.headers.get('Content-Type'), 'text/plain; charset=utf-8')
  assert.equal(response.body.toString(), 'Hello, world!')
})

withPython('handleRequest() with headers and a body', app, async (python) => {
  const response = await python.handleRequest(new Request({
    method: 'POST',
    url: '/request/more?foo=bar',
    headers: { 'Content-Type': 'application/json', Authorization: 'Bearer token' },
    body: Buffer.from('{"a":1}')
  }))
  assert.equal(response.headers.get('content-type'), 'application/json')
  const { method, path, body, headers } = JSON.parse(response.body.toString())
  assert.deepEqual([method, path, body], ['POST', '/request/more', '{"a":1}'])
  assert.equal(headers['content-type'], 'application/json')
  assert.equal(headers.authorization, 'Bearer token')
})

withPython('a path has no headers but its own', app, async (python) => {
  const ask = async (request) => (await python.handleRequest(request)).json()
  const bare = await ask(new Request({ method: 'GET', url: '/request' }))
  assert.deepEqual(bare.headers, {})
  assert.deepEqual(bare.server, ['localhost', 80])
  const client = { remoteAddress: '192.0.2.1', remotePort: 5 }
  assert.deepEqual((await ask({ url: '/request', socket: client })).server, ['localhost', 80])
  assert.deepEqual((await ask({ url: '/request', headers: { host: 'h' } })).headers, { host: 'h' })
  assert.deepEqual((await ask({ url: 'http://h:81/request' })).headers, { host: 'h:81' })
})

withPython('every status', app, async (python) => {
  for (const status of [200, 201, 400, 404, 500]) {
    const response = await python.handleRequest(new Request({ url: `/status/${status}` }))
    assert.equal(response.status, status)
    assert.equal(response.body.toString(), `Status: ${status}`)
  }
})

withPython('an exception rejects', app, async (python) => {
  for (const method of ['handleRequest', 'handleStream']) {
    await assert.rejects(python[method](new Request({ url: 'http://example.com/fail' })),
      /failed before the start/)
  }
  assert.equal((await python.handleRequest(new Request({ url: '/hello' }))).status, 200)
})

withPython('a streamed response', app, async (python) => {
  for (const [path, expected] of [
    ['/hello', 'Hello, world!'],
    ['/empty', ''],
    ['/chunks?count=3', 'chunk 0\nchunk 1\nchunk 2\n'],
    ['/chunks?count=100', Array.from({ length: 100 }, (_, i) => `chunk ${i}\n`).join('')]
  ]) {
    const response = await python.handleStream(new Request({ url: `http://example.com${path}` }))
    assert.equal(response.status, 200)
    let body = ''
    for await (const chunk of response) body += chunk.toString('utf8')
    assert.equal(body, expected)
    const buffered = await python.handleRequest(new Request({ url: path }))
    assert.equal(buffered.body.toString(), expected)
  }
})

withPython('next() returns the pieces of a response, then null', app, async (python) => {
  const response = await python.handleStream(new Request({ url: '/chunks?count=2' }))
  let body = ''
  for (let chunk = await response.next(); chunk !== null; chunk = await response.next()) {
    assert.ok(Buffer.isBuffer(chunk))
    body += chunk
  }
  assert.equal(body, 'chunk 0\nchunk 1\n')
  assert.equal(await response.next(), null)
  const mixed = await python.handleStream(new Request({ url: '/chunks?count=3' }))
  body = String(await mixed.next())
  for await (const chunk of mixed) body += chunk
  assert.equal(body, 'chunk 0\nchunk 1\nchunk 2\n')
  const buffered = await python.handleRequest(new Request({ url: '/hello' }))
  assert.equal(String(await buffered.next()), 'Hello, world!')
  assert.equal(await buffered.next(), null)
})

withPython('a body that is known, and one that is written', app, async (python) => {
  const url = 'http://example.com/request'
  const known = await python.handleStream(new Request({
    method: 'POST', url, headers: { 'Content-Type': 'text/plain' }, body: Buffer.from('Hello!')
  }))
  assert.equal(known.headers.get('content-type'), 'application/json')
  assert.equal(JSON.parse(String(await known.next())).body, 'Hello!')
  const request = new Request({ method: 'POST', url })
  for (const piece of ['Hello ', Buffer.from('from '), 'pieces']) await request.write(piece)
  await request.end()
  const written = await python.handleStream(request)
  assert.equal(JSON.parse(String(await written.next())).body, 'Hello from pieces')
})

withPython('an exception in the middle of a response', app, async (python) => {
  const response = await python.handleStream(new Request({ url: '/fail-late' }))
  assert.equal(response.status, 200)
  let body = ''
  await assert.rejects(async () => {
    for await (const chunk of response) body += chunk
  }, /failed in the middle/)
  assert.equal(body, 'chunk 1\nchunk 2\n')
})

withPython('1000 requests at once', app, async (python) => {
  const responses = await Promise.all(Array.from({ length: 1000 }, (_, i) =>
    python.handleRequest(new Request({ url: `/hello?request=${i}` }))))
  for (const { status, body } of responses) {
    assert.equal(status, 200)
    assert.equal(body.toString(), 'Hello, world!')
  }
})

withPython('requests of all kinds at once', app, async (python) => {
  const results = await Promise.all(Array.from({ length: 40 }, async (_, i) => {
    const size = [1, 10, 100, 1000, 10_000][i % 5]
    switch (i % 4) {
      case 0: return (await python.handleRequest(new Request({ url: '/hello' }))).status === 200
      case 1: {
        const { body } = await python.handleRequest(new Request({ url: '/chunks' }))
        return body.toString().split('\n').length === 6
      }
      case 2: return await python.handleRequest(new Request({ url: '/fail' }))
        .then(() => false, () => true)
      default: {
        const request = { method: 'POST', url: '/request', body: Buffer.alloc(size, 'x') }
        const response = await python.handleRequest(new Request(request))
        return JSON.parse(response.body.toString()).body.length === size
      }
    }
  }))
  assert.deepEqual([...new Set(results)], [true])
})

withPython('several handlers at once', app, async () => {
  const handlers = Array.from({ length: 4 }, (_, i) =>
    startPython(i % 2 === 0 ? app : { appTarget: 'status_app:app' }))
  const statuses = await Promise.all(handlers.flatMap((handler, i) =>
    Array.from({ length: 10 }, async () =>
      (await handler.handleRequest(new Request({ url: i % 2 ? '/201' : '/status/201' }))).status)))
  assert.deepEqual([...new Set(statuses)], [201])
})

withPython('a WebSocket by Request: text and bytes', app, async (python) => {
  const request = socketTo('/echo')
  const response = await python.handleStream(request)
  for (const message of ['Hello', 'second', '', 'grüße ☃']) {
    assert.equal((await ask(request, response, message)).toString(), message)
  }
  const bytes = Buffer.from([1, 2, 0, 255])
  assert.deepEqual(await ask(request, response, bytes), bytes)
  await request.end()
})

withPython('a WebSocket by Request: the application decides what to answer', app,
  async (python) => {
    for (const [path, ...exchange] of [
      ['/upper', ['hello', 'HELLO']], ['/ping', ['ping', 'pong'], ['hello', 'hello']]
    ]) {
      const request = socketTo(path)
      const response = await python.handleStream(request)
      for (const [message, answer] of exchange) {
        assert.equal(String(await ask(request, response, message)), answer)
      }
      await request.end()
    }
  })

withPython('a WebSocket by Request: next() returns null when the application closes', app,
  async (python) => {
    const request = socketTo('/close')
    const response = await python.handleStream(request)
    assert.equal(await response.next(), null)
    await sleep(10)
    await assert.rejects(request.write('more'), { code: 'ERR_INVALID_BODY' })
    const collected = await python.handleRequest(socketTo('/close'))
    assert.equal(collected.body.length, 0)
  })

withPython('a WebSocket by Request: headers and subprotocols', app, async (python) => {
  const request = socketTo('/echo', {
    headers: {
      'Sec-WebSocket-Protocol': 'chat', 'Sec-WebSocket-Version': '13', Origin: 'http://example.com'
    }
  })
  const response = await python.handleStream(request)
  assert.equal(response.status, 101)
  assert.equal(String(await ask(request, response, 'test')), 'test')
  await request.end()
})

withPython('a WebSocket by Request: many at once', app, async (python) => {
  await Promise.all(Array.from({ length: 10 }, async (_, i) => {
    const request = socketTo('/echo')
    const opening = python.handleStream(request)
    // Before it is open.
    await request.write(`connection ${i}`)
    assert.equal(String(await (await opening).next()), `connection ${i}`)
    await request.end()
  }))
})

withPython('a WebSocket by Request: long messages, and many before the first is read', app,
  async (python) => {
    const request = socketTo('/echo')
    const response = await python.handleStream(request)
    const long = 'x'.repeat(1024 * 1024)
    assert.equal(String(await ask(request, response, long)), long)
    for (let i = 0; i < 5; i++) await request.write(`fast ${i}`)
    for (let i = 0; i < 5; i++) assert.equal(String(await response.next()), `fast ${i}`)
    await request.end('last')
    const rest = []
    for await (const chunk of response) rest.push(String(chunk))
    assert.ok(rest.length <= 1)
  })

withPython('a WebSocket by Request: write() waits for an application that does not read', app,
  async (python) => {
    const request = socketTo('/echo')
    const response = await python.handleStream(request)
    let written = 0
    const writing = (async () => {
      for (; written < 100; written++) await request.write('x'.repeat(100_000))
    })()
    await sleep(200)
    // Nobody reads the echo, so the application waits, and so does the writer.
    assert.ok(written < 50, `${written} messages were written`)
    for (let i = 0; i < 100; i++) assert.equal((await response.next()).length, 100_000)
    await writing
    await request.end()
  })

withPython('a WebSocket by Request: refused, aborted, and lost with its worker', app,
  async (python) => {
    await assert.rejects(python.handleStream(socketTo('/refuse')),
      { code: 'ERR_WEBSOCKET_REFUSED', status: 403 })
    await assert.rejects(python.handleStream(socketTo('/echo'), AbortSignal.abort()),
      { name: 'AbortError' })
    const request = socketTo('/echo')
    const response = await python.handleStream(request)
    process.kill(python.stats().workers[0].pid, 'SIGKILL')
    await assert.rejects(response.next(), { code: 'ERR_WORKER_CRASHED' })
    await assert.rejects(request.write('x'), { code: 'ERR_INVALID_BODY' })
  })

withPython('a WebSocket by Request: what cannot be meant', app, async (python) => {
  const request = socketTo('/echo')
  await python.handleStream(request)
  await assert.rejects(python.handleStream(request), { code: 'ERR_INVALID_BODY' })
  await request.end()
  await assert.rejects(request.write('more'), { code: 'ERR_INVALID_BODY' })
  await assert.rejects(python.handleStream(socketTo('/echo', { body: 'x' })),
    { code: 'ERR_INVALID_BODY' })
  assert.throws(() => python.handleRequestSync(socketTo('/echo')), { code: 'ERR_INVALID_OPTION' })
  await assert.rejects(python.fetch(socketTo('/echo')), { code: 'ERR_INVALID_OPTION' })
  await assert.rejects(python.handleRequest({ url: '/', websocket: 'yes' }),
    { code: 'ERR_INVALID_OPTION', option: 'websocket' })
  const again = await python.connect(socketTo('/echo'))
  again.close()
})

withPython('an ordinary request to an application of WebSockets', app, async (python) => {
  const response = await python.handleRequest(
    new Request({ url: 'http://example.com/echo', websocket: false }))
  assert.equal(response.status, 426)
  assert.equal(response.body.toString(), 'Upgrade Required')
})

withPython('a server that passes on what it gets', app, async (python) => {
  const pass = async (req, res) => {
    const { method, headers } = req
    const url = `http://${headers.host}${req.url}`
    if (headers.upgrade?.toLowerCase() !== 'websocket') {
      const response = await python.handleRequest(new Request({ method, url, headers }))
      res.writeHead(response.status, Object.fromEntries(response.headers.entries()))
      res.end(response.body)
      return
    }
    const request = new Request({ method, url, headers, websocket: true })
    const response = await python.handleStream(request)
    res.end(await ask(request, response, 'through Node'))
    await request.end()
  }
  await withServer(pass, async (base) => {
    const [answer] = await once(get(`${base}/echo`, {
      headers: {
        upgrade: 'websocket',
        connection: 'Upgrade',
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
        'sec-websocket-version': '13'
      }
    }), 'response')
    assert.equal(Buffer.concat(await answer.toArray()).toString(), 'through Node')
    const plain = await fetch(`${base}/echo`)
    assert.deepEqual([plain.status, await plain.text()], [426, 'Upgrade Required'])
  })
})

withPython('every member of the reference', app, async (python) => {
  const request = new Request({
    method: 'POST',
    url: 'https://example.com/api/users?page=2',
    headers: { 'Content-Type': 'application/json', Accept: ['text/html', 'text/xml'] },
    body: Buffer.from('{}'),
    docroot: '/srv'
  })
  assert.deepEqual([request.method, request.url], ['POST', 'https://example.com/api/users?page=2'])
  assert.deepEqual([request.path, request.docroot, String(request.body)],
    ['/api/users', '/srv', '{}'])
  Object.assign(request, { method: 'PUT', url: '/b', body: Buffer.from('new'), docroot: '/d' })
  request.headers = new Headers({ a: '1' })
  request.headers.set('Authorization', 'Bearer')
  assert.deepEqual([request.method, request.path, request.docroot, String(request.body)],
    ['PUT', '/b', '/d', 'new'])
  assert.equal(request.headers.get('authorization'), 'Bearer')
  assert.deepEqual(request.toJSON().headers, { a: '1', authorization: 'Bearer' })

  const response = new Response({
    status: 201,
    headers: { 'Content-Type': 'text/plain' },
    body: Buffer.from('made'),
    log: Buffer.from('line'),
    exception: 'Error'
  })
  assert.deepEqual([response.status, String(response.body), String(response.log),
    response.exception], [201, 'made', 'line', 'Error'])
  response.status = 404
  response.body = Buffer.from('gone')
  response.headers.set('Cache-Control', 'no-store')
  assert.deepEqual([response.toJSON().status, String(await response.next())], [404, 'gone'])
  const empty = new Response()
  assert.deepEqual([empty.log.length, empty.exception, await empty.next()], [0, null, null])

  const headers = new Headers({ Accept: ['a', 'b'], 'X-Y': 'c' })
  assert.deepEqual(
    [headers.get('accept'), headers.getAll('Accept'), headers.getLine('ACCEPT'), headers.size],
    ['b', ['a', 'b'], 'a,b', 3])
  assert.deepEqual([headers.get('none'), headers.getAll('none'), headers.getLine('none')],
    [null, [], null])
  assert.deepEqual([headers.set('x', ['1', '2']), headers.add('x', '3'), headers.has('X'),
    headers.delete('x'), headers.delete('x')], [true, true, true, true, false])
  const seen = []
  headers.forEach((value, name, all) => seen.push([name, value, all === headers]))
  assert.deepEqual(seen, [['accept', 'a', true], ['accept', 'b', true], ['x-y', 'c', true]])
  assert.deepEqual([headers.keys(), headers.values()], [['accept', 'x-y'], ['a', 'b', 'c']])
  assert.deepEqual(headers.entries(), [['accept', 'a'], ['accept', 'b'], ['x-y', 'c']])
  assert.deepEqual(headers.toJSON(), { accept: ['a', 'b'], 'x-y': 'c' })
  headers.clear()
  assert.equal(headers.size, 0)

  // null stands for nothing.
  assert.equal((await python.handleRequest({ url: '/hello' }, null)).status, 200)
  assert.equal((await python.handleStream({ url: '/empty' }, null)).status, 200)
})

withPython('a WebSocket stayed open when nobody read its messages any more', app,
  async (python) => {
    const ways = {
      'not begun': async (body) => body.destroy(),
      'with an error': async (body) => body.destroy(new Error('enough')),
      'while it waits for a message': async (body) => {
        body.resume()
        await new Promise((resolve) => setImmediate(resolve))
        body.destroy()
      },
      'after a message': async (body) => {
        body.resume()
        await once(body, 'data')
        body.destroy()
      }
    }
    const sources = {
      'of a response': async (request) => (await python.handleStream(request)).body,
      'of a connection': async () => {
        const connection = await python.connect('/echo')
        connection.send('hello')
        return Readable.from(connection)
      }
    }
    for (const [from, open] of Object.entries(sources)) {
      for (const [how, end] of Object.entries(ways)) {
        const request = socketTo('/echo')
        request.write('hello')
        const body = await open(request)
        body.on('error', () => {})
        const closed = new Promise((resolve) => body.once('close', resolve))
        await end(body)
        await closed
        await eventually(() => assert.equal(python.stats().inFlight, 0, `${from}, ${how}`))
      }
    }
  })
