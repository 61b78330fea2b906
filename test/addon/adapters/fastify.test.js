// The plugin for Fastify, with the real Fastify and the plugins that people use next to it.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { createGunzip, createGzip, gunzipSync, gzipSync } from 'node:zlib'

import cookie from '@fastify/cookie'
import websocket from '@fastify/websocket'
import Fastify from 'fastify'

import fastifyPython from '../../../addon/lib/adapters/fastify.js'
import { PythonHandler } from '../../../addon/lib/index.js'
import {
  APPS, VENV_PYTHON, eventually, leakTest, startPython
} from '../../support/harness.js'
import { openSocket, refusedSocket } from '../../support/websocket.js'

const options = (appTarget = 'passing_app:app') => ({
  docroot: APPS,
  appTarget,
  workers: 1,
  python: process.env.NODE_ASGI_TEST_PYTHON ?? VENV_PYTHON
})

/** Runs a test with a Fastify that is closed afterwards. */
function withFastify (name, run, fastifyOptions = {}) {
  leakTest(name, async (t) => {
    const fastify = Fastify({ forceCloseConnections: true, ...fastifyOptions })
    try {
      await run(fastify, t)
    } finally {
      await fastify.close()
    }
  })
}

withFastify('inject(), the prefix and the decorator', async (fastify) => {
  await fastify.register(fastifyPython, { prefix: '/api', python: options('extensions_app:app') })
  fastify.get('/mine', async () => 'mine')
  assert(fastify.python instanceof PythonHandler)
  const { statusCode, body } = await fastify.inject('/api/scope')
  assert.equal(statusCode, 200, body)
  const scope = JSON.parse(body)
  assert.deepEqual([scope.root_path, scope.path], ['/api', '/api/scope'])
  assert.equal((await fastify.inject('/mine')).body, 'mine')
  assert.equal((await fastify.inject('/apix')).statusCode, 404)
})

withFastify('prefixes of the scopes around it', async (fastify) => {
  await fastify.register(async (scope) => {
    await scope.register(fastifyPython, { prefix: '/api', python: options('extensions_app:app') })
  }, { prefix: '/v1' })
  const scope = (await fastify.inject('/v1/api/scope')).json()
  assert.deepEqual([scope.root_path, scope.path], ['/v1/api', '/v1/api/scope'])
})

withFastify('hooks of the scope run, also onSend, and no hooks of others', async (fastify) => {
  const ran = []
  await fastify.register(async (scope) => {
    await scope.register(cookie)
    for (const hook of ['onRequest', 'preHandler', 'onSend', 'onResponse']) {
      scope.addHook(hook, async () => { ran.push(hook) })
    }
    scope.addHook('onRequest', async (request, reply) => {
      if (request.headers['x-user'] === undefined) return reply.code(401).send('who?')
      request.user = { name: request.headers['x-user'] }
      reply.setCookie('seen', 'yes')
    })
    await scope.register(fastifyPython, {
      prefix: '/api',
      python: options('node_data_app:app'),
      scope: async (request) => ({ user: request.user })
    })
  })
  await fastify.register(async (scope) => {
    scope.addHook('onRequest', async () => { ran.push('of another scope') })
    scope.get('/other', async () => 'other')
  })
  const headers = { 'x-user': 'ada' }
  const response = await fastify.inject({ url: '/api', headers })
  assert.deepEqual(response.json(), { user: { name: 'ada' } })
  assert.match(String(response.headers['set-cookie']), /seen=yes/)
  assert.deepEqual(ran, ['onRequest', 'preHandler', 'onSend', 'onResponse'])
  const refused = await fastify.inject('/api')
  assert.deepEqual([refused.statusCode, refused.body], [401, 'who?'])
  assert.equal(fastify.python, undefined, 'the decorator belongs to its scope')
})

withFastify('bodies reach Python, whatever parsers Fastify has', async (fastify) => {
  fastify.addContentTypeParser('text/csv', { parseAs: 'string' }, (_, body, done) => {
    done(new Error('parsed by the wrong one'))
  })
  await fastify.register(fastifyPython, { prefix: '/api', python: options() })
  fastify.post('/mine', async (request) => request.body)
  for (const [type, payload] of [
    ['application/json', '{"a": 1}'], ['application/json', '{broken'], ['text/csv', 'a,b'],
    ['text/plain', 'x'.repeat(3_000_000)], ['application/x-www-form-urlencoded', 'a=1'],
    ['image/png', Buffer.alloc(300_000)], [undefined, 'no type']
  ]) {
    const { body } = await fastify.inject({
      method: 'POST', url: '/api/length', payload, headers: type ? { 'content-type': type } : {}
    })
    assert.equal(body, String(payload.length), type)
  }
  const mine = await fastify.inject({ method: 'POST', url: '/mine', payload: { a: 1 } })
  assert.deepEqual(mine.json(), { a: 1 })
})

withFastify('a body that a hook has replaced', async (fastify) => {
  fastify.addHook('preParsing', async (request, _, payload) => {
    if (request.headers['content-encoding'] !== 'gzip') return payload
    delete request.headers['content-encoding']
    return payload.pipe(createGunzip())
  })
  await fastify.register(fastifyPython, { python: options() })
  const { body } = await fastify.inject({
    method: 'POST',
    url: '/length',
    payload: gzipSync('x'.repeat(5000)),
    headers: { 'content-encoding': 'gzip', 'content-type': 'text/plain' }
  })
  assert.equal(body, '5000')
})

withFastify('bodyLimit, with and without a length', async (fastify) => {
  await fastify.register(fastifyPython, { python: options(), bodyLimit: 1000 })
  const url = await fastify.listen({ port: 0, host: '127.0.0.1' })
  for (const [size, status] of [[1000, 200], [1001, 413]]) {
    const body = Buffer.alloc(size)
    for (const [each, duplex] of [[body, undefined], [new Blob([body]).stream(), 'half']]) {
      const response = await fetch(`${url}/length`, { method: 'POST', body: each, duplex })
      assert.equal(response.status, status, `${size} ${duplex}`)
    }
  }
})

withFastify('an answer before the end of an upload cut off the client', async (fastify) => {
  await fastify.register(fastifyPython, { python: options('early_app:app') })
  const url = await fastify.listen({ host: '127.0.0.1', port: 0 })
  const response = await fetch(`${url}/now`, { method: 'POST', body: Buffer.alloc(2_000_000) })
  assert.deepEqual([response.status, await response.text()], [413, 'rejected unread\n'])
})

withFastify('errors go to the error handler of Fastify, with code and status', async (fastify) => {
  const seen = []
  fastify.setErrorHandler((error, request, reply) => {
    seen.push([error.code, error.statusCode, error.cause?.message])
    return reply.code(error.statusCode).send(`mine: ${error.message}`)
  })
  await fastify.register(fastifyPython, { python: options() })
  const { statusCode, body } = await fastify.inject('/raises')
  assert.deepEqual([statusCode, body], [500, 'mine: Internal Server Error'])
  assert.deepEqual(seen, [['ERR_APP', 500, 'the application raised ValueError: no']])
  assert.equal((await fastify.inject('/missing')).statusCode, 404)
})

withFastify('clients got the traceback from the error handler of Fastify', async (fastify) => {
  await fastify.register(fastifyPython, { python: { ...options('nothing:app'), logger: false } })
  const { statusCode, body } = await fastify.inject('/')
  assert.equal(statusCode, 503)
  assert.deepEqual(JSON.parse(body), {
    statusCode: 503,
    code: 'ERR_APP_IMPORT',
    error: 'Service Unavailable',
    message: 'Service Unavailable'
  })
})

withFastify('over a connection: streaming, HEAD, 204, cookies and a client that leaves',
  async (fastify) => {
    const python = startPython({ appTarget: 'kinds_app:app' })
    await fastify.register(fastifyPython, { prefix: '/kinds', python, decorator: 'kinds' })
    await fastify.register(fastifyPython, { prefix: '/slow', python: options() })
    const url = await fastify.listen({ port: 0, host: '127.0.0.1' })
    const head = await fetch(`${url}/kinds/large`, { method: 'HEAD' })
    assert.equal((await head.arrayBuffer()).byteLength, 0)
    const controller = new AbortController()
    const pending = fetch(`${url}/slow/waits`, { signal: controller.signal })
    await eventually(() => assert.equal(fastify.python.stats().inFlight, 1))
    controller.abort()
    await assert.rejects(pending)
    await eventually(() => assert.equal(fastify.python.stats().inFlight, 0))
    // A handler that was given is not closed with Fastify.
    await fastify.close()
    assert.equal((await python.handleRequest({ url: '/large' })).status, 200)
    await assert.rejects(fastify.python.handleRequest({ url: '/' }), { code: 'ERR_CLOSED' })
    await python.close()
  })

/** Gets a target as it is written, with these Host headers. */
async function getRaw (url, path, hosts) {
  const { hostname, port } = new URL(url)
  const headers = hosts.flatMap((host) => ['Host', host])
  const [response] = await once(request({ hostname, port, path, headers, agent: false }).end(),
    'response')
  return { status: response.statusCode, text: (await response.toArray()).join('') }
}

withFastify('the Host header of a client chose the path', async (fastify) => {
  await fastify.register(fastifyPython, { prefix: '/api', python: options('scope_app:app') })
  const url = await fastify.listen({ port: 0, host: '127.0.0.1' })
  const seen = async (target, host) => {
    const { text } = await getRaw(url, target, [host])
    const { path, query_string: query, headers } = JSON.parse(text)
    return [path, query, headers.filter(([name]) => name === 'host').map(([, value]) => value)]
  }
  for (const host of ['evil/private?', 'evil#', 'a b', 'user@evil']) {
    assert.deepEqual(await seen('/api/x?y', host), ['/api/x', 'y', [host]])
  }
  // As to a proxy.
  assert.deepEqual(await seen('http://other/api/x', 'evil'), ['/api/x', '', ['evil']])
})

withFastify('a request with two hosts, or another than those allowed, was served',
  async (fastify) => {
    await fastify.register(fastifyPython, {
      python: { ...options('scope_app:app'), allowedHosts: ['example.com'] }
    })
    const url = await fastify.listen({ port: 0, host: '127.0.0.1' })
    const status = async (...hosts) => (await getRaw(url, '/', hosts)).status
    assert.equal(await status('example.com'), 200)
    assert.equal(await status('evil.com'), 421)
    assert.equal(await status('example.com', 'evil.com'), 400)
  })

withFastify('the application replaced headers to which a hook had something to add',
  async (fastify) => {
    fastify.addHook('onRequest', async (request, reply) => {
      reply.header('vary', 'Origin').header('link', '</a>').header('x-frame-options', 'SAMEORIGIN')
      reply.header('set-cookie', 'node=1')
    })
    await fastify.register(fastifyPython, { python: options('kinds_app:app') })
    const { headers } = await fastify.inject('/combined')
    assert.equal(headers.vary, 'Origin, accept-encoding')
    assert.deepEqual(headers.link, ['</a>', '</py.css>; rel=preload'])
    assert.equal(headers['x-frame-options'], 'DENY')
    assert.deepEqual(headers['set-cookie'], ['node=1', 'py=1', 'py=2'])
  })

withFastify('a prefix with parameters gave the application a wrong path', async (fastify) => {
  await assert.rejects(async () => {
    await fastify.register(fastifyPython, { prefix: '/:tenant', python: options() })
  }, { code: 'ERR_INVALID_OPTION', option: 'prefix' })
})

withFastify("the client's address is Fastify's", async (fastify) => {
  await fastify.register(fastifyPython, { python: options('scope_app:app') })
  const scope = (await fastify.inject({
    url: '/',
    headers: { 'x-forwarded-for': '192.0.2.7', 'x-forwarded-proto': 'https', host: 'example.com' }
  })).json()
  assert.deepEqual(scope.client, ['192.0.2.7', 0])
  assert.equal(scope.scheme, 'https')
  assert.deepEqual(scope.headers.filter(([name]) => name === 'host'), [['host', 'example.com']])
}, { trustProxy: true })

withFastify('WebSockets next to @fastify/websocket, through the same hooks', async (fastify) => {
  for (const when of ['before', 'after']) {
    if (when === 'after') await fastify.register(websocket)
    if (when === 'before') {
      await fastify.register(async (scope) => {
        scope.addHook('onRequest', async (request, reply) => {
          if (request.headers['x-user'] === undefined) return reply.code(401).send('who?')
          request.user = request.headers['x-user']
        })
        await scope.register(fastifyPython, {
          prefix: '/api', python: options(), scope: (request) => ({ user: request.user })
        })
      })
    }
  }
  fastify.register(async (scope) => {
    scope.get('/mine', { websocket: true }, (socket) => {
      socket.on('message', (data) => socket.send(`mine ${data}`))
    })
  })
  const url = (await fastify.listen({ port: 0, host: '127.0.0.1' })).replace('http', 'ws')
  for (const user of ['ada', 'bob']) {
    const client = await openSocket(`${url}/api/chat`, [], { headers: { 'x-user': user } })
    client.send('hello')
    await eventually(() => assert.equal(client.received.length, 2))
    assert.deepEqual(JSON.parse(client.received[0]),
      { path: '/api/chat', root_path: '/api', node: { user } })
    assert.equal(client.received[1], 'hello')
    client.close()
    await client.closed
  }
  const refused = await refusedSocket(`${url}/api/chat`)
  assert.deepEqual([refused.status, refused.body], [401, 'who?'])
  const mine = await openSocket(`${url}/mine`)
  mine.send('hello')
  await once(mine, 'message')
  await eventually(() => assert.deepEqual(mine.received, ['mine hello']))
  mine.close()
  await mine.closed
})

withFastify('open WebSockets do not keep Fastify from closing', async (fastify) => {
  await fastify.register(fastifyPython, { python: options() })
  const url = (await fastify.listen({ port: 0, host: '127.0.0.1' })).replace('http', 'ws')
  const client = await openSocket(`${url}/chat`)
  await fastify.close()
  assert.deepEqual(await client.closed, [1012, ''])
})

leakTest("the log of Python goes to Fastify's logger", async () => {
  const lines = []
  const stream = { write: (line) => lines.push(JSON.parse(line)) }
  const fastify = Fastify({ logger: { stream } })
  await fastify.register(fastifyPython, { python: options('print_app:app'), logLevel: 'silent' })
  await fastify.inject('/stdout')
  await eventually(() => assert(lines.some(({ msg, worker }) => msg === 'two' && worker === 1)))
  await fastify.close()
})

leakTest('why Python did not start was lost in a Fastify without a logger', async (t) => {
  const error = t.mock.method(console, 'error', () => {})
  const fastify = Fastify()
  await fastify.register(fastifyPython, { python: options('nothing:app') })
  await eventually(() => assert.match(String(error.mock.calls[0]?.arguments), /'nothing'/))
  await fastify.close()
})

withFastify('an option of the handler beside `python` was refused without advice', async () => {
  await assert.rejects(async () => { await Fastify().register(fastifyPython, { appTarget: 'x' }) },
    { message: /put the options of the handler into python: \{ appTarget \}/ })
})

withFastify('mistakes in the options', async (fastify) => {
  for (const wrong of [{ docroot: '.' }, { handler: {} }, { bodyLimit: 'x' }, { scope: 7 },
    { python: { workerz: 1 } }]) {
    await assert.rejects(async () => { await Fastify().register(fastifyPython, wrong) },
      { code: 'ERR_INVALID_OPTION' })
  }
})

withFastify('responses that Fastify compresses arrive whole', async (fastify) => {
  fastify.addHook('onSend', async (request, reply, payload) => {
    reply.header('content-encoding', 'gzip').removeHeader('content-length')
    return payload.pipe(createGzip())
  })
  await fastify.register(fastifyPython, { python: options('kinds_app:app') })
  const response = await fastify.inject('/large')
  assert.equal(response.statusCode, 200)
  assert(gunzipSync(response.rawPayload).length > 100_000)
})

leakTest('the package exports the plugin', async () => {
  const { exports } = JSON.parse(
    readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'))
  assert.match(exports['./fastify'].default, /adapters\/fastify\.js$/)
  assert.equal((await import('node-asgi/fastify')).default, fastifyPython)
})
