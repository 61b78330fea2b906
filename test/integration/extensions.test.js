import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import http from 'node:http'
import http2 from 'node:http2'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

import { assertFacts } from '../support/facts.js'
import { eventually, withPython, withServer } from '../support/harness.js'

const app = { appTarget: 'extensions_app:app' }
const warnings = []
const logger = { debug () {}, info () {}, warn: (text) => { warnings.push(text) }, error () {} }
const BYTES = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
const CONTENT = Buffer.concat(Array(4000).fill(BYTES))
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex')

/** Sends a request with node:http; returns the response with hints and trailers. */
async function ask (base, path, options = {}, body = '') {
  const request = http.request(base + path, options)
  const hints = []
  request.on('information', (info) => hints.push(info))
  request.end(body)
  const [response] = await once(request, 'response')
  const content = Buffer.concat(await response.toArray())
  return {
    status: response.statusCode,
    headers: response.headers,
    trailers: response.trailers,
    hints,
    content
  }
}

async function withHttp2 (python, run) {
  const server = http2.createServer()
  python.attach(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const session = http2.connect(`http://127.0.0.1:${server.address().port}`)
  try {
    return await run(session, server)
  } finally {
    session.destroy()
    server.close()
  }
}

async function ask2 (session, headers) {
  const stream = session.request(headers)
  const trailers = {}
  stream.on('trailers', (fields) => Object.assign(trailers, fields))
  const closed = once(stream, 'close')
  const [head] = await once(stream, 'response')
  const content = Buffer.concat(await stream.toArray())
  await closed
  return { head, trailers, content }
}

withPython('each client is offered the extensions that it supports', app, async (python) => {
  const always = ['http.response.pathsend', 'http.response.zerocopysend']
  const offered = (content) => Object.keys(JSON.parse(content).extensions)
  await withServer(python.listener, async (base) => {
    assert.deepEqual(offered((await ask(base, '/scope')).content),
      [...always, 'http.response.early_hint'])
    assert.deepEqual(offered((await ask(base, '/scope', { headers: { te: 'trailers' } })).content),
      [...always, 'http.response.trailers', 'http.response.early_hint'])
    const { hostname, port } = new URL(base)
    const old = connect(Number(port), hostname)
    old.write('GET /scope HTTP/1.0\r\n\r\n')
    const text = Buffer.concat(await old.toArray()).toString()
    assert.deepEqual(offered(text.slice(text.indexOf('{'))), always)
  })
  await withHttp2(python, async (session) => {
    const { content } = await ask2(session, { ':path': '/scope' })
    assert.deepEqual(offered(content),
      [...always, 'http.response.early_hint', 'http.response.push'])
  })
  assert.deepEqual(offered((await python.handleRequest({ url: '/scope' })).body), always)
})

withPython('trailers arrive over HTTP/1.1, HTTP/2 and without a network', app, async (python) => {
  const expected = { 'x-sum': '1', 'x-more': '2' }
  await withServer(python.listener, async (base) => {
    const asked = await ask(base, '/trailers', { headers: { te: 'trailers' } })
    assert.equal(asked.content.toString(), 'content')
    assert.deepEqual({ ...asked.trailers }, expected)
    const notAsked = await ask(base, '/trailers')
    assert.equal(notAsked.content.toString(), 'content')
    assert.deepEqual({ ...notAsked.trailers }, {})
  })
  await withHttp2(python, async (session) => {
    const { trailers, content } = await ask2(session, { ':path': '/trailers', te: 'trailers' })
    assert.equal(content.toString(), 'content')
    assert.equal(trailers['x-sum'], '1')
  })
  const request = { url: '/trailers', headers: { te: 'trailers' } }
  const whole = await python.handleRequest(request)
  assert.equal(whole.text(), 'content')
  assert.deepEqual(whole.trailers.toJSON(), expected)
  const streamed = await python.handleStream(request)
  assert.equal(Buffer.concat(await streamed.body.toArray()).toString(), 'content')
  assert.deepEqual(streamed.trailers.toJSON(), expected)
})

withPython('early hints that a client did not read filled the memory of Node', app,
  async (python) => {
    const count = 40_000
    let sent = 0
    python.on('stdout', (line) => { sent = Number(line) })
    await withServer(python.listener, async (base) => {
      const { port } = new URL(base)
      const client = connect(Number(port), '127.0.0.1').pause()
      client.write(`GET /many_hints?n=${count} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
      await eventually(() => assert.ok(sent > 0))
      let before = -1
      while (sent !== before) {
        before = sent
        await sleep(500)
      }
      // What the buffers of the system and the window of the stream take.
      assert.ok(sent < count / 2, `${sent} hints were sent`)
      let text = ''
      for await (const chunk of client) text = (text + chunk.toString('latin1')).slice(-100)
      assert.match(text, /after hints/)
    })
  })

withPython('a warning for each invalid hint filled the log', { ...app, logger },
  async (python) => {
    warnings.length = 0
    await withServer(python.listener, async (base) => {
      assert.equal((await ask(base, '/invalid_hints')).content.toString(), 'after hints')
    })
    const about = warnings.filter((text) => text.includes('early hint'))
    assert.equal(about.length, 1, about.join('\n'))
  })

withPython('early hints arrive before the response', app, async (python) => {
  await withServer(python.listener, async (base) => {
    const { hints, content } = await ask(base, '/early_hint')
    assert.equal(content.toString(), 'after hints')
    assert.deepEqual(hints.map(({ statusCode, headers }) => [statusCode, headers.link]),
      [[103, '</style.css>; rel=preload; as=style, </app.js>; rel=preload; as=script']])
  })
  assert.equal((await python.handleRequest({ url: '/early_hint' })).text(), 'after hints')
})

withPython('pathsend sends a file, with ranges', app, async (python) => {
  await withServer(python.listener, async (base) => {
    const whole = await ask(base, '/pathsend')
    assert.equal(whole.status, 200)
    assert.equal(sha256(whole.content), sha256(CONTENT))
    assert.equal(whole.headers['content-length'], String(CONTENT.length))
    assert.equal(whole.headers['content-type'], 'application/x-test')
    assert.equal(whole.headers['accept-ranges'], 'bytes')
    const range = (value, more = {}) =>
      ask(base, '/pathsend', { headers: { range: value, ...more } })
    const part = await range('bytes=10-19')
    assert.equal(part.status, 206)
    assert.deepEqual(part.content, CONTENT.subarray(10, 20))
    assert.equal(part.headers['content-range'], `bytes 10-19/${CONTENT.length}`)
    assert.deepEqual((await range('bytes=-5')).content, CONTENT.subarray(-5))
    assert.deepEqual((await range(`bytes=${CONTENT.length - 3}-`)).content, CONTENT.subarray(-3))
    const beyond = await range(`bytes=${CONTENT.length}-`)
    assert.equal(beyond.status, 416)
    assert.equal(beyond.headers['content-range'], `bytes */${CONTENT.length}`)
    assert.equal((await range('bytes=0-1,5-6')).status, 200)
    assert.equal((await range('lines=0-1')).status, 200)
    assert.equal((await range('bytes=0-1', { 'if-range': '"v1"' })).status, 206)
    assert.equal((await range('bytes=0-1', { 'if-range': '"v0"' })).status, 200)
    const head = await ask(base, '/pathsend', { method: 'HEAD' })
    assert.equal(head.headers['content-length'], String(CONTENT.length))
    assert.equal(head.content.length, 0)
    for (const fault of ['missing', 'folder', 'longer']) {
      assert.equal((await ask(base, `/pathsend?${fault}`)).status, 500, fault)
    }
    // Starlette's FileResponse may send a relative path.
    const relative = await ask(base, '/pathsend?relative')
    assert.equal(sha256(relative.content), sha256(CONTENT))
  })
  const whole = await python.handleRequest({ url: '/pathsend' })
  assert.equal(sha256(whole.body), sha256(CONTENT))
  const streamed = await python.handleStream({ url: '/pathsend' })
  assert.equal(sha256(Buffer.concat(await streamed.body.toArray())), sha256(CONTENT))
  await assert.rejects(python.handleRequest({ url: '/pathsend?missing' }),
    { code: 'ERR_APP', type: 'FileNotFoundError', message: /\.missing/ })
  await withHttp2(python, async (session) => {
    const { head, content } = await ask2(session, { ':path': '/pathsend', range: 'bytes=1-2' })
    assert.equal(head[':status'], 206)
    assert.deepEqual(content, CONTENT.subarray(1, 3))
  })
})

withPython('a small file is sent whole, and in parts', app, async (python) => {
  const small = CONTENT.subarray(0, 1000)
  const url = '/pathsend?small'
  assert.deepEqual((await python.handleRequest({ url })).body, small)
  await withServer(python.listener, async (base) => {
    const whole = await ask(base, url)
    assert.deepEqual(
      [whole.status, whole.headers['content-length'], whole.headers['accept-ranges']],
      [200, '1000', 'bytes'])
    assert.deepEqual(whole.content, small)
    const part = await ask(base, url, { headers: { range: 'bytes=10-19' } })
    assert.deepEqual([part.status, part.headers['content-length']], [206, '10'])
    assert.deepEqual(part.content, small.subarray(10, 20))
    const head = await ask(base, url, { method: 'HEAD' })
    assert.deepEqual([head.headers['content-length'], head.content.length], ['1000', 0])
  })
})

withPython('pathsend of an empty file gives an empty body', app, async (python) => {
  const url = '/pathsend?empty'
  const streamed = await python.handleStream({ url })
  assert.equal(Buffer.concat(await streamed.body.toArray()).length, 0)
  assert.equal((await python.handleRequest({ url })).body.length, 0)
  assert.equal(python.handleRequestSync({ url }).body.length, 0)
  await withServer(python.listener, async (base) => {
    const { status, headers, content } = await ask(base, url)
    assert.deepEqual([status, headers['content-length'], content.length], [200, '0', 0])
  })
})

withPython('handleRequestSync() supports pathsend', app, async (python) => {
  const { status, headers, body } = python.handleRequestSync({ url: '/pathsend' })
  assert.deepEqual([status, headers.get('content-type'), sha256(body)],
    [200, 'application/x-test', sha256(CONTENT)])
  for (const fault of ['missing', 'folder']) {
    assert.throws(() => python.handleRequestSync({ url: `/pathsend?${fault}` }),
      { code: 'ERR_APP' }, fault)
  }
})

withPython('a client that leaves during pathsend leaves no file open', app,
  async (python) => {
    await withServer(python.listener, async (base) => {
      for (let i = 0; i < 20; i++) {
        const request = http.get(`${base}/pathsend`)
        const [response] = await once(request, 'response')
        response.on('error', () => {})
        response.once('data', () => response.destroy())
        await once(response, 'close')
      }
    })
  })

withPython('zerocopysend sends pieces of an open file as part of the body', app, async (python) => {
  const expected = Buffer.concat([Buffer.from('before '), CONTENT, Buffer.from(' after\n')])
  const whole = await python.handleRequest({ url: '/zerocopysend' })
  assert.equal(sha256(whole.body), sha256(expected))
  await withServer(python.listener, async (base) => {
    const { content } = await ask(base, '/zerocopysend')
    assert.equal(sha256(content), sha256(expected))
  })
  const head = await python.handleRequest({ url: '/zerocopysend', method: 'HEAD' })
  assert.equal(head.body.length, 0)
})

withPython('a push makes a request of its own, if the client supports it', app, async (python) => {
  await withHttp2(python, async (session) => {
    const pushed = new Promise((resolve) => {
      session.on('stream', (stream, headers) => {
        stream.on('push', async (head) => {
          resolve({ promised: headers, head, content: Buffer.concat(await stream.toArray()) })
        })
      })
    })
    const { content } = await ask2(session, { ':path': '/push' })
    assert.equal(content.toString(), 'main')
    const { promised, head, content: second } = await pushed
    assert.equal(promised[':path'], '/pushed?x=1')
    assert.equal(head[':status'], 200)
    assert.equal(head['x-p'], 'yes')
    assert.equal(second.toString(), 'pushed x=1')
  })
  await withServer(python.listener, async (base) => {
    assert.equal((await ask(base, '/push')).content.toString(), 'main')
  })
})

withPython('100 Continue is sent only when the app reads the body', app,
  async (python) => {
    const server = http.createServer()
    python.attach(server)
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const base = `http://127.0.0.1:${server.address().port}`
    const send = (path) => {
      const request = http.request(base + path, {
        method: 'POST',
        headers: { expect: '100-continue', 'content-length': 300_000 }
      })
      request.flushHeaders()
      return request
    }
    const upload = send('/upload')
    let continued = false
    upload.on('continue', () => {
      continued = true
      upload.end(Buffer.alloc(300_000))
    })
    await eventually(async () => {
      const { content } = await ask(base, '/notes_')
      assert.deepEqual(JSON.parse(content), ['asked'])
    })
    assert.equal(continued, false)
    const [response] = await once(upload, 'response')
    assert.equal((await response.toArray()).join(''), '300000')
    const refused = send('/refuses')
    refused.on('continue', () => assert.fail('the app does not read this body'))
    const [refusal] = await once(refused, 'response')
    assert.equal(refusal.statusCode, 413)
    assert.equal(refusal.headers.connection, 'close')
    refusal.resume()
    refused.destroy()
    server.closeAllConnections()
    server.close()
  })

withPython('invalid use of an extension raises an error that names it', app, async (python) => {
  const errors = (await python.handleRequest({ url: '/wrong' })).json()
  const message = (name) => `http.response.${name}`
  const expected = [
    ['RuntimeError', message('pathsend'), message('start')],
    ['RuntimeError', message('trailers'), "'trailers'"],
    ['RuntimeError', message('zerocopysend'), 'body'],
    ['ValueError', 'link', "b'a\\nb'"],
    ['ValueError', message('push'), "'path'"],
    ['ValueError', message('pathsend'), "'a\\x00b'"],
    ['ValueError', message('zerocopysend'), 'regular file'],
    ['RuntimeError', message('early_hint')],
    ['RuntimeError', message('pathsend'), message('start')]
  ]
  assert.equal(errors.length, expected.length)
  for (const [i, facts] of expected.entries()) assertFacts(errors[i], facts)
})
