/** The middleware that people use, in front of an application with responses of every kind. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import http2 from 'node:http2'
import { text } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'

import compression from 'compression'
import connect from 'connect'
import express from 'express'
import session from 'express-session'
import fastify from 'fastify'
import Koa from 'koa'
import morgan from 'morgan'
import responseTime from 'response-time'

import { withPython } from '../support/harness.js'
import { LARGE, ask, checkKinds, serving } from '../support/kinds.js'

const app = { appTarget: 'kinds_app:app' }

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
      await checkKinds(python, port)
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

withPython('a length that Node had set before stayed on a body of another length', app,
  async (python) => {
    const listener = (req, res) => {
      res.setHeader('Content-Length', '7')
      res.setHeader('Transfer-Encoding', 'chunked')
      python.listener(req, res)
    }
    const check = async (ask) => {
      assert.deepEqual(await ask('/small'), { status: 200, length: '5', body: 'small' })
      assert.deepEqual(await ask('/pieces'), { status: 200, length: undefined, body: LARGE })
      assert.deepEqual(await ask('/304'), { status: 304, length: undefined, body: '' })
    }
    await serving(listener, (port) => check(async (path) => {
      const [response] = await once(http.get({ port, path, host: '127.0.0.1' }), 'response')
      const { statusCode: status, headers } = response
      assert.ok(!(headers['content-length'] && headers['transfer-encoding']))
      return { status, length: headers['content-length'], body: await text(response) }
    }))
    const server = http2.createServer(listener)
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const client = http2.connect(`http://127.0.0.1:${server.address().port}`)
    await check(async (path) => {
      const stream = client.request({ ':path': path })
      const [headers] = await once(stream, 'response')
      return {
        status: headers[':status'], length: headers['content-length'], body: await text(stream)
      }
    })
    client.destroy()
    server.close()
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
