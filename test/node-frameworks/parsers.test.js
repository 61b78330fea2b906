/** Bodies that a parser of a framework has read before `python.listener` got the request. */

import assert from 'node:assert/strict'

import { createLog } from '../support/fake-binding.js'
import { withServer } from '../support/harness.js'
import { ask } from '../support/kinds.js'
import { load, withFrameworks } from './installed.js'
import { createNest } from './nest-app.js'

const JSON_BODY = { headers: { 'content-type': 'application/json' }, body: '{"a": 1.0}' }
const FORM = { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'a=1&b=%20' }
const TEXT = { headers: { 'content-type': 'text/plain' }, body: 'plain' }
const BYTES = { headers: { 'content-type': 'application/octet-stream' }, body: '\0\r\nbytes' }
const MULTIPART = {
  headers: { 'content-type': 'multipart/form-data; boundary=b' },
  body: [
    '--b', 'content-disposition: form-data; name="a"', '', 'value',
    '--b', 'content-disposition: form-data; name="f"; filename="f.txt"', '', 'file', '--b--', ''
  ].join('\r\n')
}

/** @param {(fastify: any) => unknown} [prepare] */
const inFastify = (prepare = () => {}) => async (python) => {
  const fastify = (await load('fastify'))()
  await prepare(fastify)
  fastify.all('*', (request, reply) => {
    reply.hijack()
    python.listener(request.raw, reply.raw)
  })
  await fastify.ready()
  return fastify.routing
}

const inKoa = (...names) => async (python) => {
  const Koa = await load('koa')
  const koa = new Koa()
  for (const make of names) koa.use(await make())
  koa.use((context) => {
    context.respond = false
    python.listener(context.req, context.res)
  })
  return koa.callback()
}

/** Nest with a controller, or with the middleware of a module, in front of Python. */
const inNest = (platform, options, part) => async (python) => {
  const nest = await createNest(platform, options, {
    // The middleware is below a wildcard, which is no mount.
    [part]: (req, res) => python.listener(req.raw ?? req, res.raw ?? res, { prefix: '' })
  })
  await nest.init()
  await nest.getHttpAdapter().getInstance().ready?.()
  const [listener] = nest.getHttpServer().listeners('request')
  return listener
}

/** For each: how it is made, the bodies that it loses, and those that reach the application. */
const SERVERS = {
  "Fastify's own parsers": [inFastify(), [JSON_BODY, TEXT], []],
  '@fastify/formbody': [
    inFastify(async (fastify) => fastify.register(await load('@fastify/formbody'))),
    [JSON_BODY, FORM], []
  ],
  '@fastify/multipart with attachFieldsToBody': [
    inFastify(async (fastify) =>
      fastify.register(await load('@fastify/multipart'), { attachFieldsToBody: true })),
    [MULTIPART, JSON_BODY], []
  ],
  '@fastify/multipart, which reads only when it is asked': [
    inFastify(async (fastify) => fastify.register(await load('@fastify/multipart'))),
    [JSON_BODY], [MULTIPART]
  ],
  "Fastify's parsers, but raw.rawBody": [
    inFastify((fastify) => fastify.addContentTypeParser('*', { parseAs: 'buffer' },
      (request, bytes, done) => {
        request.raw.rawBody = bytes
        done(null, bytes)
      })),
    [JSON_BODY], [BYTES, FORM, MULTIPART]
  ],
  '@koa/multer': [inKoa(async () => (await load('@koa/multer'))().any()), [MULTIPART],
    [JSON_BODY, FORM, TEXT, BYTES]],
  'koa-body': [
    inKoa(async () => (await import('koa-body')).koaBody({ multipart: true })),
    [JSON_BODY, FORM, TEXT, MULTIPART], [BYTES]
  ],
  'Nest on Express': [inNest('Nest on Express', {}, 'controller'), [JSON_BODY, FORM],
    [TEXT, BYTES, MULTIPART]],
  'Nest on Express with rawBody': [
    inNest('Nest on Express', { rawBody: true }, 'controller'), [],
    [JSON_BODY, FORM, TEXT, BYTES, MULTIPART]
  ],
  'Nest on Express without parsers': [
    inNest('Nest on Express', { bodyParser: false }, 'controller'), [],
    [JSON_BODY, FORM, TEXT, BYTES, MULTIPART]
  ],
  'Nest on Express, middleware of a module': [
    inNest('Nest on Express', {}, 'middleware'), [JSON_BODY, FORM], [TEXT, BYTES, MULTIPART]
  ],
  'Nest on Fastify': [inNest('Nest on Fastify', {}, 'controller'), [JSON_BODY, FORM, TEXT], []],
  'Nest on Fastify with rawBody, which request.raw does not have': [
    inNest('Nest on Fastify', { rawBody: true }, 'controller'), [JSON_BODY, FORM, TEXT], []
  ],
  'Nest on Fastify, middleware of a module': [
    inNest('Nest on Fastify', {}, 'middleware'), [], [JSON_BODY, FORM, TEXT, BYTES, MULTIPART]
  ]
}

for (const [name, [make, lost, kept]] of Object.entries(SERVERS)) {
  const logger = createLog()
  const app = { appTarget: 'kinds_app:app', logger }
  withFrameworks(`bodies that have been read: ${name}`, app, async (python) => {
    await withServer(await make(python), async (base) => {
      const { port } = new URL(base)
      const send = ({ headers, body }) => ask(port, '/body', { method: 'POST', headers, body })
      for (const sent of lost) {
        const type = sent.headers['content-type']
        assert.equal((await send(sent)).status, 500, type)
        const line = logger.lines.findLast((each) => each.startsWith('error '))
        assert.match(line, /POST \/body: .*before.*rawBody/, type)
      }
      for (const sent of kept) {
        const { status, text } = await send(sent)
        assert.deepEqual([status, text], [200, sent.body], sent.headers['content-type'])
      }
      assert.equal((await ask(port, '/small')).text, 'small')
    })
  })
}
