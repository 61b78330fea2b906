import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import http2 from 'node:http2'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { settle } from '../../support/fake-binding.js'
import { fakeHandler } from '../../support/fake-handler.js'

/** Serves a fake application; returns its parts and the port. */
async function serve (t, app, { options, create = http.createServer, wrap, listen } = {}) {
  const parts = fakeHandler(t, options, { app })
  const { listener } = parts.python
  const server = create(wrap === undefined ? listener : wrap(listener))
  server.listen(...(listen ?? [0, '127.0.0.1']))
  t.after(() => {
    server.closeAllConnections?.()
    server.close()
  })
  await once(server, 'listening')
  await parts.python.ready
  return { ...parts, server, port: server.address().port }
}

/** Sends raw bytes; returns everything that is received until the connection ends. */
async function raw (port, ...pieces) {
  const socket = net.connect(port, '127.0.0.1')
  let answer = ''
  let error = null
  socket.on('data', (chunk) => { answer += chunk.toString('latin1') })
  socket.on('error', (reason) => { error = reason })
  const closed = new Promise((resolve) => socket.once('close', resolve))
  for (const piece of pieces) {
    socket.write(piece)
    await settle()
  }
  await closed
  return { answer, error }
}

const get = (path = '/', headers = '') =>
  `GET ${path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n${headers}\r\n`

const collect = (request, then) => {
  const look = () => { if (request.ended) then(request) }
  request.onBody = look
  look()
}

test('the request line, the headers and the addresses reach the application', async (t) => {
  const { fake, port } = await serve(t, (request) => request.respond(200, 'ok'))
  const socket = net.connect(port, '127.0.0.1')
  await once(socket, 'connect')
  const { localPort } = socket
  const closed = once(socket.resume(), 'close')
  socket.end('GET /a%20b/%fc?q=1&r HTTP/1.0\r\nX-A: 1\r\nx-b: 2\r\nX-A: 3\r\n\r\n')
  await closed
  const [request] = fake.requests
  assert.equal(request.method, 'GET')
  assert.equal(request.scheme, 'http')
  assert.equal(request.httpVersion, '1.0')
  assert.equal(request.path, '/a%20b/%fc')
  assert.equal(request.query, 'q=1&r')
  assert.deepEqual(request.headers, ['X-A', '1', 'x-b', '2', 'X-A', '3'])
  assert.deepEqual([request.clientHost, request.clientPort, request.serverHost, request.serverPort],
    ['127.0.0.1', String(localPort), '127.0.0.1', String(port)])
})

test('a target in absolute form', async (t) => {
  const { fake, port } = await serve(t, (request) => request.respond(200, 'ok'))
  await raw(port, get('http://other.example/p?q'))
  await raw(port, get('http://other.example'))
  assert.deepEqual(fake.requests.map(({ path, query }) => [path, query]), [['/p', 'q'], ['/', '']])
})

test('a server on a unix socket', async (t) => {
  const path = join(tmpdir(), `listener-${process.pid}.sock`)
  const { fake } = await serve(t, (request) => request.respond(200, 'ok'), { listen: [path] })
  const req = http.get({ socketPath: path, path: '/' })
  const [res] = await once(req, 'response')
  res.resume()
  await once(res, 'end')
  const [request] = fake.requests
  assert.deepEqual([request.clientHost, request.clientPort, request.serverHost, request.serverPort],
    ['', '', path, ''])
})

test('a response in one piece gets a length, and repeated headers stay separate', async (t) => {
  const { port } = await serve(t, (request) =>
    request.respond(201, 'hello', ['set-cookie', 'a=1', 'set-cookie', 'b=2']))
  const { answer } = await raw(port, get())
  assert.match(answer, /^HTTP\/1\.1 201 Created\r\n/)
  assert.match(answer, /set-cookie: a=1\r\nset-cookie: b=2\r\n/)
  assert.match(answer, /content-length: 5\r\n/)
  assert.doesNotMatch(answer, /transfer-encoding/i)
  assert.match(answer, /\r\n\r\nhello$/)
})

test('headers that middleware has set are kept, and repeated ones stay separate', async (t) => {
  const { port } = await serve(t, (request) =>
    request.respond(200, '', ['set-cookie', 'a=1', 'set-cookie', 'b=2']), {
    wrap: (listener) => (req, res) => {
      res.setHeader('x-powered-by', 'tests')
      listener(req, res)
    }
  })
  const { answer } = await raw(port, get())
  assert.match(answer, /x-powered-by: tests\r\n/)
  assert.match(answer, /set-cookie: a=1\r\nset-cookie: b=2\r\n/)
})

test('HEAD, 204 and 304 get no content-length', async (t) => {
  const { port } = await serve(t, (request) => request.respond(Number(request.path.slice(1)), ''))
  for (const head of [get('/200').replace('GET', 'HEAD'), get('/204'), get('/304')]) {
    const { answer } = await raw(port, head)
    assert.doesNotMatch(answer, /content-length|transfer-encoding/i)
  }
})

test('a response in pieces is chunked, and its head does not wait for a body', async (t) => {
  const { fake, port } = await serve(t, (request) => request.start(200, ['a', 'b']))
  const req = http.get({ port, path: '/' })
  const [res] = await once(req, 'response')
  assert.equal(res.headers['transfer-encoding'], 'chunked')
  const [request] = fake.requests
  const pieces = res[Symbol.asyncIterator]()
  request.send('one')
  assert.equal(String((await pieces.next()).value), 'one')
  request.send('two', true)
  assert.equal(String((await pieces.next()).value), 'two')
  assert.ok((await pieces.next()).done)
  assert.ok(res.complete)
})

test('a small body and its head go to the application in one frame', async (t) => {
  const seen = []
  const { port } = await serve(t, (request) => {
    seen.push([request.body, request.ended])
    collect(request, () => request.respond(200, request.body))
  })
  const { answer } = await raw(port,
    'POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello')
  assert.match(answer, /\r\n\r\nhello$/)
  assert.deepEqual(seen, [['hello', true]])
})

test('the application does not wait for a body that arrives late', async (t) => {
  const seen = []
  const { port } = await serve(t, (request) => {
    seen.push([request.body, request.ended])
    collect(request, () => request.respond(200, request.body))
  })
  const { answer } = await raw(port,
    'POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhe', 'l', 'lo')
  assert.match(answer, /\r\n\r\nhello$/)
  assert.deepEqual(seen, [['', false]])
})

test('long and chunked bodies', async (t) => {
  const { port } = await serve(t, (request) =>
    collect(request, () => request.respond(200, String(request.body.length))))
  const long = 'x'.repeat(10_000)
  const head = 'POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n'
  const { answer } = await raw(port, `${head}Content-Length: ${long.length}\r\n\r\n${long}`)
  assert.match(answer, /\r\n\r\n10000$/)
  const chunked = await raw(port, `${head}Transfer-Encoding: chunked\r\n\r\n`,
    '3\r\nabc\r\n', '2\r\nde\r\n0\r\n\r\n')
  assert.match(chunked.answer, /\r\n\r\n5$/)
})

test('several requests on one connection', async (t) => {
  const { port } = await serve(t, (request) =>
    collect(request, () => request.respond(200, `<${request.body}>`)))
  const post = (body, more = '') =>
    `POST / HTTP/1.1\r\nHost: h\r\n${more}Content-Length: ${body.length}\r\n\r\n${body}`
  const { answer } = await raw(port,
    post('one') + post('') + post('x'.repeat(1000)) + post('end', 'Connection: close\r\n'))
  assert.deepEqual(answer.match(/<.*?>/g), ['<one>', '<>', `<${'x'.repeat(1000)}>`, '<end>'])
})

test('a response before the end of the request body leaves the connection usable', async (t) => {
  const { port } = await serve(t, (request) => request.respond(413, '<too much>'))
  const { answer } = await raw(port,
    'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 500\r\n\r\n' + 'x'.repeat(100),
    'x'.repeat(400) + get())
  assert.deepEqual(answer.match(/HTTP\/1.1 413/g).length, 2)
})

test('a client that reads slowly slows the application down', async (t) => {
  const piece = 'x'.repeat(1 << 20)
  const given = 64 * piece.length
  const { fake, port } = await serve(t, (request) => {
    request.start(200)
    for (let i = 0; i < 64; i++) request.send(piece)
  })
  const socket = net.connect(port, '127.0.0.1')
  socket.pause()
  socket.write(get())
  while (fake.requests.length === 0) await settle()
  await settle(50)
  assert.ok(fake.requests[0].consumed < given / 2, `${fake.requests[0].consumed} of ${given}`)
  socket.resume()
  while (fake.requests[0].consumed < given) await settle()
  fake.requests[0].send('end', true)
  await once(socket, 'close')
})

test('a client that disconnects is a disconnect for the application', async (t) => {
  const { fake, port, log } = await serve(t, () => {})
  const socket = net.connect(port, '127.0.0.1')
  socket.write(get())
  while (fake.requests.length === 0) await settle()
  socket.destroy()
  while (!fake.requests[0].aborted) await settle()
  assert.deepEqual(log.lines, [])
})

test('a client that disconnects in the middle of its body', async (t) => {
  const { fake, port } = await serve(t, () => {})
  const socket = net.connect(port, '127.0.0.1')
  socket.write('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 500\r\n\r\nabc')
  while (fake.requests.length === 0) await settle()
  socket.destroy()
  while (!fake.requests[0].aborted) await settle()
})

test('an exception before the start is a 500, with details only in the log', async (t) => {
  const { port, log } = await serve(t, (request) =>
    request.raise('ValueError', 'secret', 'Traceback: secret'))
  const { answer } = await raw(port, get('/path'))
  assert.match(answer, /^HTTP\/1\.1 500 Internal Server Error\r\n/)
  assert.match(answer, /\r\n\r\nInternal Server Error\n$/)
  assert.doesNotMatch(answer, /secret/)
  assert.match(log.lines.join('\n'),
    /^error .*GET \/path: .*ValueError: secret.*\n {2}\| Traceback: secret/)
})

for (const [what, version, headers] of [
  ['a chunked response', '1.1', []],
  ['a response with a length', '1.1', ['content-length', '100']],
  ['a response that ends with the connection', '1.0', []]
]) {
  test(`an exception in ${what} never looks like a clean end`, async (t) => {
    const { port } = await serve(t, (request) => {
      request.start(200, headers)
      request.send('part')
      setImmediate(() => setImmediate(() => request.raise('E', 'm', 'Traceback', true)))
    })
    const { answer, error } = await raw(port, get().replace('1.1', version))
    if (version === '1.0') {
      assert.equal(error?.code, 'ECONNRESET')
    } else {
      assert.match(answer, /^HTTP\/1\.1 200/)
      assert.doesNotMatch(answer, /\r\n0\r\n\r\n$/)
    }
  })
}

test('an earlier write bypassed middleware that holds back the end of a response', async (t) => {
  const { port, server } = await serve(t, (request) =>
    request.respond(200, 'héllo', ['content-length', '6']))
  const calls = []
  server.prependListener('request', (req, res) => {
    const { end, write } = res
    res.write = (...args) => calls.push('write') && write.apply(res, args)
    res.end = (chunk, ...rest) => {
      calls.push(chunk)
      return end.call(res, chunk, ...rest)
    }
  })
  const { answer } = await raw(port, get())
  assert.match(answer, /\r\n\r\nh\xc3\xa9llo$/)
  assert.deepEqual(calls, [Buffer.from('héllo')])
})

test('what was sent before an exception was lost when both came in one drain', async (t) => {
  const { port } = await serve(t, (request) => {
    request.start(200, ['content-length', '100'], 'part')
    request.raise('E', 'm', 'Traceback', true)
  })
  const { answer } = await raw(port, get())
  assert.match(answer, /^HTTP\/1\.1 200 [^]*\r\n\r\npart$/)
})

for (const [status, reason, options, act] of [
  [502, 'Bad Gateway', {}, (request, worker) => worker.exit(null, 9)],
  [504, 'Gateway Timeout', { timeouts: { request: 5 } }, () => {}]
]) {
  test(`an error answered with ${status}`, async (t) => {
    const { port } = await serve(t, act, { options })
    const { answer } = await raw(port, get())
    assert.ok(answer.startsWith(`HTTP/1.1 ${status} ${reason}\r\n`), answer)
  })
}

test('503 when the queue is full, and after close', async (t) => {
  const { port, python, log } = await serve(t, () => {},
    { options: { concurrency: 1, maxQueue: 0 } })
  const controller = new AbortController()
  const first = python.handleRequest({ url: '/' }, { signal: controller.signal })
  first.catch(() => {})
  assert.match((await raw(port, get())).answer, /^HTTP\/1\.1 503 /)
  controller.abort()
  await python.close()
  assert.match((await raw(port, get())).answer, /^HTTP\/1\.1 503 /)
  assert.ok(log.lines.every((line) => line.startsWith('warn ')))
})

test('a response that HTTP cannot carry is a 500', async (t) => {
  const { port, log } = await serve(t, (request) => {
    const [, status, more] = request.path.split('/')
    if (more === 'stream') request.start(Number(status), ['x', 'a\nb'])
    else request.respond(Number(status), 'body', ['x', 'a\nb'])
  })
  for (const path of ['/200', '/204', '/200/stream', '/99', '/1000']) {
    const { answer } = await raw(port, get(path))
    assert.match(answer, /^HTTP\/1\.1 500 Internal Server Error\r\n/, path)
  }
  assert.equal(log.lines.filter((line) => line.includes('cannot carry')).length, 5)
})

test('the response was ended by something else', async (t) => {
  const { port, fake } = await serve(t, (request) => {
    if (request.path === '/start') request.start(200)
    request.send('x')
    request.send('y', true)
  }, {
    wrap: (listener) => (req, res) => {
      listener(req, res)
      res.writeHead(418)
      res.end('teapot')
    }
  })
  const { answer } = await raw(port, get('/start'))
  assert.match(answer, /^HTTP\/1\.1 418 .*teapot/s)
  await settle()
  assert.equal(fake.requests[0].channel.requests.size, 0)
})

test('an exception in the handling of a response ended the process', async (t) => {
  const uncaught = []
  process.setUncaughtExceptionCaptureCallback((error) => uncaught.push(error))
  t.after(() => process.setUncaughtExceptionCaptureCallback(null))
  const { port, log, python } = await serve(t, (request) => {
    if (request.path.endsWith('/long')) {
      request.start(200)
      request.send('part')
      request.send('', true)
    } else {
      request.respond(200, 'ok')
    }
  }, {
    wrap: (listener) => (req, res) => {
      const method = req.url.split('/')[1]
      if (method in res) res[method] = () => { throw new Error(`${method} is broken`) }
      listener(req, res)
    }
  })
  for (const method of ['writeHead', 'write', 'end', 'setHeader', 'flushHeaders']) {
    for (const end of ['', '/long']) await raw(port, get(`/${method}${end}`))
  }
  for (const method of ['writeHead', 'write', 'end']) {
    const isIt = (line) => line.includes(`GET /${method}`) && line.includes(`${method} is broken`)
    assert.ok(log.lines.some((line) => line.startsWith('error ') && isIt(line)), method)
  }
  assert.match((await raw(port, get())).answer, /^HTTP\/1\.1 200 /)
  assert.equal(python.stats().inFlight, 0)
  assert.deepEqual(uncaught, [])
})

test('http2: pseudo headers, host and cookies become what ASGI asks for', async (t) => {
  const { fake, port } = await serve(t, (request) =>
    collect(request, () => request.respond(200, request.body,
      ['set-cookie', 'a=1', 'set-cookie', 'b=2', 'connection', 'keep-alive'])),
  { create: http2.createServer })
  const session = http2.connect(`http://127.0.0.1:${port}`)
  t.after(() => session.close())
  const stream = session.request(
    { ':method': 'POST', ':path': '/p?q', cookie: ['c=1', 'd=2'], a: 'b' })
  stream.end('hello')
  const [headers] = await once(stream, 'response')
  assert.equal(headers[':status'], 200)
  assert.deepEqual(headers['set-cookie'], ['a=1', 'b=2'])
  assert.equal(headers.connection, undefined)
  const chunks = await stream.toArray()
  assert.equal(Buffer.concat(chunks).toString(), 'hello')
  const [request] = fake.requests
  assert.equal(request.httpVersion, '2')
  assert.equal(request.path, '/p')
  assert.equal(request.clientHost, '127.0.0.1')
  assert.deepEqual(request.headers.slice(0, 2), ['host', `127.0.0.1:${port}`])
  assert.deepEqual(request.headers.slice(-2), ['cookie', 'c=1; d=2'])
  assert.ok(!request.headers.some((name) => name.startsWith(':')))
  session.close()
})

test('http2: an exception after the start resets the stream', async (t) => {
  const { port } = await serve(t, (request) => {
    request.start(200)
    request.send('part')
    request.raise('E', 'm', 'Traceback', true)
  }, { create: http2.createServer })
  const session = http2.connect(`http://127.0.0.1:${port}`)
  const stream = session.request({ ':path': '/' })
  await assert.rejects(stream.toArray(), { code: 'ERR_HTTP2_STREAM_ERROR' })
  session.close()
})

test('http2: an exception before the start is a 500, and a reset is a disconnect', async (t) => {
  const { fake, port } = await serve(t, (request) => {
    if (request.path === '/raise') request.raise('E', 'm', 'Traceback')
  }, { create: http2.createServer })
  const session = http2.connect(`http://127.0.0.1:${port}`)
  const stream = session.request({ ':path': '/raise' })
  const [headers] = await once(stream, 'response')
  assert.equal(headers[':status'], 500)
  stream.resume()
  await once(stream, 'close')
  const reset = session.request({ ':path': '/hang' })
  reset.on('error', () => {})
  while (fake.requests.length < 2) await settle()
  reset.close(http2.constants.NGHTTP2_CANCEL)
  while (!fake.requests[1].aborted) await settle()
  session.close()
})
