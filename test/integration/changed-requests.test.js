/** What middleware in front of `python.listener` does to a request. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import http2 from 'node:http2'
import { gunzipSync, gzipSync } from 'node:zlib'

import connect from 'connect'
import express from 'express'
import fastify from 'fastify'
import Koa from 'koa'
import koaBodyParser from 'koa-bodyparser'
import multer from 'multer'
import WebSocket from 'ws'

import { startPython, withPython, withServer } from '../support/harness.js'
import { createLog } from '../support/fake-binding.js'

const app = { appTarget: 'kinds_app:app' }

async function send (base, path, { method = 'POST', headers = {}, body } = {}) {
  const request = http.request(base + path, { method, headers, agent: false })
  request.end(body)
  const [response] = await once(request, 'response')
  return { status: response.statusCode, body: Buffer.concat(await response.toArray()) }
}

/** The headers that the application sees, in order. */
async function seen (base, headers) {
  const request = http.request(`${base}/headers`, { headers, agent: false })
  request.end()
  const [response] = await once(request, 'response')
  return String(Buffer.concat(await response.toArray())).split('\n')
}

withPython('a header that middleware had deleted or replaced reached Python', app,
  async (python) => {
    /** @type {(headers: any) => void} */
    let change = () => {}
    const server = express()
    server.use((req, res, next) => {
      change(req.headers)
      next()
    })
    server.use(python.listener)
    await withServer(server, async (base) => {
      const sent = [
        'Host', 'h', 'X-User', 'root', 'Accept', 'a', 'x-user', 'admin', 'X-More', '1',
        'Authorization', 'Basic forged', 'Cookie', 'a=1', 'Cookie', 'b=2', 'x-more', '2',
        'connection', 'close'
      ]
      const expected = (...removed) => sent
        .map((name, i) => `${name.toLowerCase()}: ${sent[i + 1]}`)
        .filter((line, i) => i % 2 === 0 && !removed.some((name) => line.startsWith(name)))
      const check = async (changes, lines) => {
        change = changes
        assert.deepEqual(await seen(base, sent), lines)
      }
      await check(() => {}, expected())
      await check((headers) => { headers['x-user'] += '' }, expected())
      await check((headers) => { delete headers['x-user'] }, expected('x-user'))
      await check((headers) => { headers['x-user'] = undefined }, expected('x-user'))
      await check((headers) => { headers['x-user'] = 'root' },
        expected().filter((line) => line !== 'x-user: admin'))
      await check((headers) => { headers.authorization = 'Bearer real' },
        expected().map((line) => line.replace('Basic forged', 'Bearer real')))
      await check((headers) => { headers['X-User'] = 'known' },
        expected().map((line) => line.replace(': root', ': known'))
          .filter((line) => line !== 'x-user: admin'))
      await check((headers) => { headers['x-added'] = ['1', '2'] },
        [...expected(), 'x-added: 1', 'x-added: 2'])
      await check((headers) => { headers.cookie = 'c=3' },
        [...expected('cookie').slice(0, 6), 'cookie: c=3', ...expected('cookie').slice(6)])
      await check((headers) => {
        for (const name of Object.keys(headers)) delete headers[name]
      }, [''])
      await check((headers) => { headers.accept = 5 },
        expected().map((line) => line === 'accept: a' ? 'accept: 5' : line))
    })
  })

withPython('a header that middleware had deleted or replaced reached Python over HTTP/2', app,
  async (python) => {
    let change = () => {}
    const server = http2.createServer((req, res) => {
      change(req.headers)
      python.listener(req, res)
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const authority = `127.0.0.1:${server.address().port}`
    const client = http2.connect(`http://${authority}`)
    const check = async (changes, lines) => {
      change = changes
      const stream = client.request({
        ':path': '/headers', 'x-user': ['root', 'admin'], accept: 'a', cookie: ['a=1', 'b=2']
      })
      const text = String(Buffer.concat(await stream.toArray()))
      assert.deepEqual(text.split('\n').sort(), lines.sort())
    }
    const rest = ['accept: a', 'cookie: a=1; b=2']
    const host = `host: ${authority}`
    await check(() => {}, [host, 'x-user: root', 'x-user: admin', ...rest])
    await check((headers) => { delete headers['x-user'] }, [host, ...rest])
    await check((headers) => { headers['x-user'] = 'root' }, [host, 'x-user: root', ...rest])
    await check((headers) => {
      headers.host = 'inside'
      headers['x-user'] = 'x'
    }, ['host: inside', 'x-user: x', ...rest])
    client.destroy()
    server.close()
  })

withPython('a header that was deleted before an upgrade reached Python',
  { appTarget: 'websocket_app:mounted' }, async (python) => {
    await withServer(python.listener, async (base, server) => {
      server.on('upgrade', (req, socket, head) => {
        delete req.headers['x-user']
        req.headers['x-known'] = 'yes'
        python.upgrade(req, socket, head)
      })
      const client = new WebSocket(`${base.replace('http', 'ws')}/scope`, {
        headers: { 'X-User': 'root' }
      })
      const [data] = await once(client, 'message')
      const { headers } = JSON.parse(data)
      const names = headers.map(([name]) => name)
      assert.ok(names.includes('x-known') && !names.includes('x-user'), String(names))
    })
  })

withPython('a body without its content-length, which middleware has deleted', app,
  async (python) => {
    const server = connect().use((req, res, next) => {
      delete req.headers['content-length']
      next()
    }).use(python.listener)
    await withServer(server, async (base) => {
      const { status, body } = await send(base, '/body', { body: 'still here' })
      assert.deepEqual([status, String(body)], [200, 'still here'])
    })
  })

const JSON_TYPE = { 'content-type': 'application/json' }
const FORM_TYPE = { 'content-type': 'application/x-www-form-urlencoded' }
const MULTIPART = [
  '--b', 'content-disposition: form-data; name="a"', '', 'value', '--b--', ''
].join('\r\n')

const inExpress = (...middleware) => (python) => {
  const server = express()
  for (const each of middleware) server.use(each)
  server.use(python.listener)
  return server
}

const wholeBody = (req, res, next) => {
  req.on('data', () => {})
  req.on('end', next)
}

const keepRaw = (req, res, bytes) => { req.rawBody = bytes }

/** Parsers that leave nothing of which the bytes could be made again. */
const lost = {
  'express.json()': [inExpress(express.json()), JSON_TYPE, '{"a": 1}'],
  'express.urlencoded()': [inExpress(express.urlencoded()), FORM_TYPE, 'a=1'],
  multer: [inExpress(multer().any()), { 'content-type': 'multipart/form-data; boundary=b' },
    MULTIPART],
  "req.on('data')": [inExpress(wholeBody), {}, 'text'],
  'koa-bodyparser': [(python) => new Koa().use(koaBodyParser()).use((context) => {
    context.respond = false
    python.listener(context.req, context.res)
  }).callback(), JSON_TYPE, '{"a": 1}'],
  "Fastify's parser": [async (python) => {
    const server = fastify()
    server.all('*', (request, reply) => {
      reply.hijack()
      python.listener(request.raw, reply.raw)
    })
    await server.ready()
    return server.routing
  }, JSON_TYPE, '{"a": 1}'],
  'express.text() of another charset': [inExpress(express.text({ type: '*/*' })),
    { 'content-type': 'text/plain; charset=latin1' }, Buffer.from([0xe9, 0x61])]
}

for (const [name, [make, headers, body]] of Object.entries(lost)) {
  withPython(`a body that ${name} had read reached Python empty`, app, async () => {
    const logger = createLog()
    const python = startPython({ ...app, logger })
    await python.ready
    await withServer(await make(python), async (base) => {
      const path = '/body'
      const { status } = await send(base, path, { headers, body })
      assert.equal(status, 500)
      const line = logger.lines.find((each) => each.startsWith('error '))
      assert.match(line, /POST \/body: .*before.*rawBody/)
      assert.equal((await send(base, path, { method: 'GET' })).status, 200)
    })
    await python.close()
  })
}

/** Whoever has read the body has kept it, or has not taken it away. */
const kept = {
  'express.json() with rawBody': [inExpress(express.json({ verify: keepRaw })), JSON_TYPE,
    '{"a": 1.0}'],
  'express.raw()': [inExpress(express.raw({ type: '*/*' })), {}, Buffer.from([0, 255, 10, 13])],
  'express.text()': [inExpress(express.text({ type: '*/*' })), { 'content-type': 'text/plain' },
    'tèxt'],
  'a large body in express.raw()': [inExpress(express.raw({ type: '*/*', limit: '9mb' })), {},
    Buffer.alloc(700_000, 'abc')],
  'a parser for another type': [inExpress(express.json()), FORM_TYPE, 'a=1'],
  "a listener that counts, req.on('data')": [inExpress((req, res, next) => {
    req.on('data', () => {})
    next()
  }), {}, Buffer.alloc(700_000, 'abc')],
  'a request that is paused': [inExpress((req, res, next) => {
    req.pause()
    setTimeout(next, 5)
  }), {}, 'paused']
}

for (const [name, [make, headers, body]] of Object.entries(kept)) {
  withPython(`the whole body reaches Python behind ${name}`, app, async (python) => {
    await withServer(await make(python), async (base) => {
      const sized = { ...headers, 'content-length': Buffer.byteLength(body) }
      for (const each of [sized, { ...headers, 'transfer-encoding': 'chunked' }]) {
        if (name === 'express.text()' && each !== sized) continue
        const answer = await send(base, '/body', { headers: each, body })
        assert.equal(answer.status, 200)
        assert.ok(answer.body.equals(Buffer.from(body)), name)
      }
      assert.equal(String((await send(base, '/body', { body: '' })).body), '')
    })
  })
}

const decoding = (encoding, ...more) => inExpress((req, res, next) => {
  req.setEncoding(encoding)
  next()
}, ...more)

withPython('a body that req.setEncoding() had decoded never got to Python, or not as it was', app,
  async () => {
    const logger = createLog()
    const python = startPython({ ...app, logger })
    await python.ready
    const text = Buffer.from('tèxt')
    const binary = Buffer.from([0xe9, 0x61, 0xff, 0])
    const read = (req, res, next) => {
      req.on('data', () => {})
      next()
    }
    const check = async (make, body, expected) => {
      await withServer(make(python), async (base) => {
        const framings = [{ 'content-length': body.length }, { 'transfer-encoding': 'chunked' }]
        for (const headers of framings) {
          const answer = await send(base, '/body', { headers, body })
          assert.equal(answer.status, expected)
          if (expected === 200) assert.ok(answer.body.equals(body), String(answer.body))
        }
      })
    }
    for (const more of [[], [read]]) {
      for (const encoding of ['latin1', 'hex', 'base64']) {
        await check(decoding(encoding, ...more), binary, 200)
      }
      await check(decoding('utf8', ...more), text, 200)
      await check(decoding('utf8', ...more), binary, 500)
      await check(decoding('ascii', ...more), text, 500)
    }
    const errors = logger.lines.filter((line) => line.startsWith('error '))
    assert.equal(errors.length, 8)
    for (const line of errors) assert.match(line, /POST \/body: .*setEncoding.*mount Python before/)
    await python.close()
  })

const unzip = (req, res, next) => {
  const pieces = []
  req.on('data', (piece) => pieces.push(piece))
  req.on('end', () => {
    req.rawBody = gunzipSync(Buffer.concat(pieces))
    delete req.headers['content-encoding']
    req.headers['content-length'] = String(req.rawBody.length)
    next()
  })
}

const collect = (req, res, next) => {
  const pieces = []
  req.on('data', (piece) => pieces.push(piece))
  req.on('end', () => {
    req.rawBody = Buffer.concat(pieces)
    next()
  })
}

/** A text that is as long as its compressed form. */
function incompressible () {
  for (let n = 1; ; n++) {
    const text = Buffer.from(`${'a'.repeat(n)}0123456789ABCDEFGHIJKLMNOPQRSTUVW`)
    if (gzipSync(text).length === text.length) return text
  }
}

withPython('a decompressed body reached Python with a content-encoding', app,
  async (python) => {
    const text = incompressible()
    const body = gzipSync(text)
    const headers = {
      'content-type': 'text/plain', 'content-encoding': 'gzip', 'content-length': body.length
    }
    const check = async (make, status, expected) => {
      await withServer(make(python), async (base) => {
        const answer = await send(base, '/body', { headers, body })
        assert.equal(answer.status, status)
        if (expected !== undefined) assert.ok(answer.body.equals(expected))
      })
    }
    await check(inExpress(express.raw({ type: '*/*' })), 500)
    await check(inExpress(express.text({ type: '*/*' })), 500)
    await check(inExpress(express.raw({ type: '*/*', verify: keepRaw })), 500)
    await check(inExpress(collect), 200, body)
    await check(inExpress(unzip), 200, text)
  })

withPython('a body for which the request waits while something else reads it', app, async () => {
  const python = startPython({ ...app, concurrency: 1 })
  await python.ready
  const server = inExpress((req, res, next) => {
    req.on('data', () => {})
    next()
  })(python)
  await withServer(server, async (base) => {
    const bodies = await Promise.all(Array.from({ length: 20 }, (_, i) =>
      send(base, '/body', { body: Buffer.alloc(100_000, String(i % 10)) })))
    for (const { status, body } of bodies) assert.deepEqual([status, body.length], [200, 100_000])
  })
  await python.close()
})
