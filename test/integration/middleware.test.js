/** The middleware that people use, in front of an application with responses of every kind. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import http2 from 'node:http2'
import { createGunzip, gunzipSync } from 'node:zlib'

import compression from 'compression'
import connect from 'connect'
import express from 'express'
import session from 'express-session'
import fastify from 'fastify'
import Koa from 'koa'
import morgan from 'morgan'
import responseTime from 'response-time'

import { eventually, withPython } from '../support/harness.js'

const app = { appTarget: 'kinds_app:app' }
const LARGE = Array.from({ length: 40_000 },
  (_, i) => `line ${String(i).padStart(6, '0')} of a large text\n`).join('')

/** Serves a listener; an uncaught exception fails the test. */
async function serving (listener, run) {
  const uncaught = []
  process.setUncaughtExceptionCaptureCallback((error) => uncaught.push(error))
  const server = http.createServer(listener)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  try {
    await run(server.address().port)
  } finally {
    server.closeAllConnections()
    server.close()
    process.setUncaughtExceptionCaptureCallback(null)
  }
  assert.deepEqual(uncaught, [])
}

async function ask (port, path, { method = 'GET', headers = {}, body } = {}) {
  const request = http.request({
    port, path, method, host: '127.0.0.1', headers: { 'accept-encoding': 'gzip', ...headers }
  })
  request.end(body)
  const [response] = await once(request, 'response')
  const chunks = []
  let failure = null
  try {
    for await (const chunk of response) chunks.push(chunk)
  } catch (error) {
    failure = error
  }
  let content = Buffer.concat(chunks)
  if (failure === null && response.headers['content-encoding'] === 'gzip' && content.length > 0) {
    content = gunzipSync(content)
  }
  return { status: response.statusCode, headers: response.headers, text: String(content), failure }
}

/** Waits for the first event of a stream that does not end, then leaves. */
async function firstEvents (port, path) {
  const request = http.get({
    port, path, host: '127.0.0.1', headers: { 'accept-encoding': 'gzip' }
  })
  const [response] = await once(request, 'response')
  const isZipped = response.headers['content-encoding'] === 'gzip'
  const source = isZipped ? response.pipe(createGunzip()) : response
  let text = ''
  for await (const chunk of source) {
    text += chunk
    if (text.includes('data: 2')) break
  }
  request.destroy()
  return text
}

/** Replaces the methods of the response as carelessly as some middleware does. */
function careless (req, res, next) {
  const { write, end, writeHead, on } = res
  res.write = (...args) => { write.apply(res, args) }
  res.end = (...args) => { end.apply(res, args) }
  res.writeHead = (...args) => { writeHead.apply(res, args) }
  res.on = (...args) => { on.apply(res, args) }
  next()
}

/** Next.js and on-headers 1.0: a writeHead() that takes no flat list of headers. */
function pairsOnly (req, res, next) {
  const { writeHead } = res
  res.writeHead = function (status, ...rest) {
    const headers = rest.at(-1)
    if (Array.isArray(headers)) {
      for (const pair of headers) res.setHeader(pair[0], pair[1])
      rest.pop()
    }
    res.setHeader('x-seen-type', String(res.getHeader('content-type')))
    return writeHead.call(res, status)
  }
  next()
}

const inExpress = (...middleware) => (python) => {
  const server = express()
  for (const each of middleware) server.use(each)
  server.use(python.listener)
  return server
}

const quietMorgan = () => morgan('combined', { stream: { write () {} } })
const sessions = () => session({ secret: 's', resave: true, saveUninitialized: true })

const servers = {
  'compression()': inExpress(compression({ threshold: 0 })),
  'express-session': inExpress(sessions()),
  'response-time': inExpress(responseTime()),
  'response-time without Express': (python) => {
    const measure = responseTime()
    return (req, res) => measure(req, res, () => python.listener(req, res))
  },
  morgan: inExpress(quietMorgan()),
  'all of them': inExpress(quietMorgan(), responseTime(), sessions(), compression()),
  'compression() in connect': (python) => connect().use(compression()).use(python.listener),
  'careless middleware': inExpress(careless),
  'a writeHead() that takes pairs': inExpress(pairsOnly),
  Koa: (python) => {
    const koa = new Koa()
    koa.use((context) => {
      context.respond = false
      python.listener(context.req, context.res)
    })
    return koa.callback()
  },
  "Fastify's reply.raw": async (python) => {
    const server = fastify()
    server.all('*', (request, reply) => {
      reply.hijack()
      python.listener(request.raw, reply.raw)
    })
    await server.ready()
    return server.routing
  }
}

for (const [name, make] of Object.entries(servers)) {
  withPython(`responses of every kind pass through ${name}`, app, async (python) => {
    await serving(await make(python), async (port) => {
      const small = await ask(port, '/small')
      assert.deepEqual([small.status, small.text, small.failure], [200, 'small', null])
      assert.equal(small.headers['content-type'], 'text/plain')
      for (const kind of ['large', 'pieces', 'file']) {
        const { status, text, failure } = await ask(port, `/${kind}`)
        assert.deepEqual([status, text === LARGE, failure], [200, true, null], kind)
      }
      assert.match(await firstEvents(port, '/events'), /data: 0[^]*data: 2/)
      const head = await ask(port, '/large', { method: 'HEAD' })
      assert.deepEqual([head.status, head.text, head.failure], [200, '', null])
      const unchanged = await ask(port, '/304')
      assert.deepEqual([unchanged.status, unchanged.text], [304, ''])
      assert.equal(unchanged.headers.etag, '"1"')
      const error = await ask(port, '/error')
      assert.deepEqual([error.status, error.text], [500, 'Internal Server Error\n'])
      // The middleware may still hold everything back at that time.
      const late = await ask(port, '/late-error').catch((failure) => ({ failure }))
      assert.equal(late.failure?.code, 'ECONNRESET', 'half a response looked complete')
      const slow = http.get({ port, path: '/pieces', host: '127.0.0.1' })
      const [response] = await once(slow, 'response')
      response.on('error', () => {})
      response.once('data', () => slow.destroy())
      await eventually(() => assert.equal(python.stats().inFlight, 0))
    })
  })
}

withPython('compression() ended Node when the client read slowly', app, async (python) => {
  await serving(inExpress(compression({ level: 0 }))(python), async (port) => {
    const request = http.get({
      port, path: '/pieces', host: '127.0.0.1', headers: { 'accept-encoding': 'gzip' }
    })
    const [response] = await once(request, 'response')
    const chunks = []
    for await (const chunk of response) {
      chunks.push(chunk)
      if (chunks.length < 5) await new Promise((resolve) => setTimeout(resolve, 20))
    }
    assert.equal(String(gunzipSync(Buffer.concat(chunks))), LARGE)
  })
})

const setBefore = (res) => {
  res.setHeader('Set-Cookie', 'node=1')
  res.setHeader('Vary', 'Origin')
  res.setHeader('Link', '</node.css>; rel=preload')
  res.setHeader('Server-Timing', ['node;dur=1', 'more;dur=2'])
  res.setHeader('X-Frame-Options', 'SAMEORIGIN')
}

withPython('cookies and lists that Node had set before were replaced', app, async (python) => {
  const before = (req, res, next) => {
    setBefore(res)
    next()
  }
  await serving(inExpress(before)(python), async (port) => {
    const { headers } = await ask(port, '/combined')
    assert.deepEqual(headers['set-cookie'], ['node=1', 'py=1', 'py=2'])
    assert.equal(headers.vary, 'Origin, accept-encoding')
    assert.equal(headers.link, '</node.css>; rel=preload, </py.css>; rel=preload')
    assert.equal(headers['server-timing'], 'node;dur=1, more;dur=2, py;dur=1')
    assert.equal(headers['x-frame-options'], 'DENY')
    const error = await ask(port, '/error')
    assert.deepEqual(error.headers['set-cookie'], ['node=1'])
    assert.equal(error.headers['x-frame-options'], 'SAMEORIGIN')
    assert.equal(error.headers['content-type'], 'text/plain; charset=utf-8')
  })
  const server = http2.createServer((req, res) => {
    setBefore(res)
    python.listener(req, res)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const client = http2.connect(`http://127.0.0.1:${server.address().port}`)
  const [headers] = await once(client.request({ ':path': '/combined' }), 'response')
  assert.deepEqual(headers['set-cookie'], ['node=1', 'py=1', 'py=2'])
  assert.equal(headers.vary, 'Origin, accept-encoding')
  assert.equal(headers['x-frame-options'], 'DENY')
  client.destroy()
  server.close()
})
