import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import http2 from 'node:http2'

import middie from '@fastify/middie'
import connect from 'connect'
import express from 'express'
import fastify from 'fastify'
import Koa from 'koa'
import mount from 'koa-mount'
import WebSocket from 'ws'

import { Request } from '../../addon/lib/index.js'
import { createLog } from '../support/fake-binding.js'
import { eventually, leakTest, startPython, withPython, withServer } from '../support/harness.js'
import { openSocket } from '../support/websocket.js'

const app = { appTarget: 'extensions_app:app' }

/** The scope that the application sees. */
async function seen (url, headers = {}) {
  const request = http.get(url, { headers })
  const [response] = await once(request, 'response')
  const text = Buffer.concat(await response.toArray()).toString()
  assert.equal(response.statusCode, 200, text)
  return JSON.parse(text)
}

async function listening (server) {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return `http://127.0.0.1:${server.address().port}`
}

withPython('a prefix becomes root_path and stays part of path', app, async (python) => {
  const server = http.createServer((req, res) => res.end('"mine"'))
  python.attach(server, { prefix: '/py/' })
  const base = await listening(server)
  const scope = await seen(`${base}/py/scope?x`)
  assert.equal(scope.root_path, '/py')
  assert.equal(scope.path, '/py/scope')
  assert.equal(scope.raw_path, '/py/scope')
  assert.equal(await seen(`${base}/pyx/scope`), 'mine')
  assert.equal(await seen(`${base}/`), 'mine')
  server.closeAllConnections()
  server.close()
})

withPython('a percent-encoded prefix is decoded in root_path', app, async (python) => {
  const server = http.createServer()
  python.attach(server, { prefix: '/a%20b' })
  const base = await listening(server)
  const scope = await seen(`${base}/a%20b/scope`)
  assert.deepEqual([scope.root_path, scope.path, scope.raw_path],
    ['/a b', '/a b/scope', '/a%20b/scope'])
  server.closeAllConnections()
  server.close()
})

withPython('of several handlers on a server, the longest prefix wins', app, async (python) => {
  const other = startPython({ appTarget: 'websocket_app:app' })
  const server = http.createServer()
  python.attach(server, { prefix: '/a' })
  other.attach(server, { prefix: '/a/b' })
  const base = await listening(server)
  assert.equal((await seen(`${base}/a/scope`)).root_path, '/a')
  assert.deepEqual(await seen(`${base}/a/b/anything`), [])
  const nobody = http.get(`${base}/c`)
  const [response] = await once(nobody, 'response')
  assert.equal(response.statusCode, 404)
  response.resume()
  const refused = new WebSocket(`${base.replace('http', 'ws')}/c`)
  refused.on('error', () => {})
  const [, handshake] = await once(refused, 'unexpected-response')
  assert.equal(handshake.statusCode, 404)
  handshake.resume()
  await other.close()
  server.closeAllConnections()
  server.close()
})

withPython('a prefix becomes the root_path of a WebSocket, too',
  { appTarget: 'websocket_app:mounted' }, async (python) => {
    const server = http.createServer()
    python.attach(server, { prefix: '/deep' })
    const base = await listening(server)
    const client = await openSocket(`${base.replace('http', 'ws')}/deep/scope`)
    await client.closed
    const scope = JSON.parse(client.received[0])
    assert.deepEqual([scope.root_path, scope.path], ['/deep', '/deep/scope'])
    server.closeAllConnections()
    server.close()
  })

withPython("Express's baseUrl becomes root_path", app, async (python) => {
  // What Express does to a request below app.use('/mnt', …).
  const listener = (req, res) => {
    req.originalUrl = req.url
    req.baseUrl = '/mnt'
    req.url = req.url.slice('/mnt'.length)
    python.listener(req, res, () => assert.fail('next() was called'))
  }
  await withServer(listener, async (base) => {
    const scope = await seen(`${base}/mnt/scope`)
    assert.deepEqual([scope.root_path, scope.path], ['/mnt', '/mnt/scope'])
  })
})

withPython('rootPath with a proxy that strips it, one that keeps it, and a mount behind both',
  { ...app, rootPath: '/api' }, async (python) => {
    const server = http.createServer(python.listener)
    const base = await listening(server)
    for (const path of ['/scope', '/api/scope']) {
      const scope = await seen(base + path)
      assert.deepEqual([scope.root_path, scope.path], ['/api', '/api/scope'], path)
    }
    const mounted = http.createServer()
    python.attach(mounted, { prefix: '/v1' })
    const below = await listening(mounted)
    const scope = await seen(`${below}/v1/scope`)
    assert.deepEqual([scope.root_path, scope.path], ['/api/v1', '/api/v1/scope'])
    for (const each of [server, mounted]) {
      each.closeAllConnections()
      each.close()
    }
  })

const FORGED = {
  'x-forwarded-for': '6.6.6.6', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'evil'
}

withPython('forwarded headers are ignored unless the proxy is trusted', app, async (python) => {
  await withServer(python.listener, async (base) => {
    for (const headers of [FORGED, { forwarded: 'for=6.6.6.6;proto=https;host=evil' }]) {
      const scope = await seen(`${base}/scope`, headers)
      assert.equal(scope.client[0], '127.0.0.1')
      assert.equal(scope.scheme, 'http')
      assert.equal(scope.host, new URL(base).host)
    }
  })
})

withPython('a trusted proxy sets client, scheme and host, also behind other trusted ones',
  {
    ...app,
    trustProxy: ['loopback', '10.0.0.0/8'],
    proxyHeaders: ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host']
  }, async (python) => {
    await withServer(python.listener, async (base) => {
      const check = async (headers, client, scheme, host) => {
        const scope = await seen(`${base}/scope`, headers)
        assert.deepEqual([scope.client?.[0], scope.scheme, scope.host], [client, scheme, host],
          JSON.stringify(headers))
      }
      const own = new URL(base).host
      await check({}, '127.0.0.1', 'http', own)
      await check(FORGED, '6.6.6.6', 'https', 'evil')
      await check({ 'x-forwarded-proto': 'https' }, '127.0.0.1', 'https', own)
      // The first entry comes from an unknown party.
      await check({ 'x-forwarded-for': '1.1.1.1, 2.2.2.2, 10.1.2.3' }, '2.2.2.2', 'http', own)
      await check({ 'x-forwarded-for': '[2001:db8::1]:444' }, '2001:db8::1', 'http', own)
      await check({ forwarded: 'for=1.1.1.1;proto=https;host=a' }, '127.0.0.1', 'http', own)
    })
    const server = http2.createServer()
    python.attach(server)
    const session = http2.connect(await listening(server))
    const stream = session.request({ ':path': '/scope', ...FORGED })
    const scope = JSON.parse(Buffer.concat(await stream.toArray()))
    assert.deepEqual([scope.client[0], scope.scheme, scope.host], ['6.6.6.6', 'https', 'evil'])
    session.destroy()
    server.close()
  })

withPython('a proxy that sends Forwarded (RFC 7239)',
  { ...app, trustProxy: 'loopback', proxyHeaders: ['forwarded'] }, async (python) => {
    await withServer(python.listener, async (base) => {
      const check = async (forwarded, ...expected) => {
        const { client, scheme, host } = await seen(`${base}/scope`, { ...FORGED, forwarded })
        assert.deepEqual([client?.[0], scheme, host], expected, forwarded)
      }
      const own = new URL(base).host
      await check('for=1.1.1.1, for="2.2.2.2:90";proto=https;host=a.example, for=127.0.0.1',
        '2.2.2.2', 'https', 'a.example')
      await check('for="[2001:db8::7]";proto=https', '2001:db8::7', 'https', own)
      await check('not; a = header', '127.0.0.1', 'http', own)
      await check('for=unknown', '127.0.0.1', 'http', own)
    })
  })

withPython('a WebSocket over HTTP/2 works like any other', { appTarget: 'websocket_app:app' },
  async (python) => {
    const server = http2.createServer()
    python.attach(server)
    const session = http2.connect(await listening(server))
    await once(session, 'remoteSettings')
    assert.equal(session.remoteSettings.enableConnectProtocol, true)
    const ask = (path, more = {}) => session.request({
      ':method': 'CONNECT',
      ':protocol': 'websocket',
      ':path': path,
      'sec-websocket-version': '13',
      ...more
    })
    const stream = ask('/echo')
    const [head] = await once(stream, 'response')
    assert.equal(head[':status'], 200)
    const client = new WebSocket(null, undefined, { autoPong: true })
    client._isServer = false
    client.setSocket(stream, Buffer.alloc(0), { maxPayload: 0, skipUTF8Validation: false })
    const received = []
    client.on('message', (data) => received.push(data.toString()))
    const big = 'z'.repeat(600_000)
    client.send('over two')
    client.send(big)
    await eventually(() => assert.deepEqual(received, ['over two', big]))
    client.send('close')
    const [code, reason] = await once(client, 'close')
    assert.deepEqual([code, reason.toString()], [4001, 'bye ☃'])
    const statusOf = async (refused) => {
      const [answer] = await once(refused, 'response')
      refused.resume()
      return answer[':status']
    }
    assert.equal(await statusOf(ask('/refuse')), 403)
    assert.equal(await statusOf(ask('/deny')), 418)
    assert.equal(await statusOf(ask('/echo', { 'sec-websocket-version': '8' })), 400)
    assert.equal(await statusOf(ask('/echo', { ':protocol': 'connect-udp' })), 501)
    const scoped = ask('/scope', { 'sec-websocket-protocol': 'chat, b' })
    const [chosen] = await once(scoped, 'response')
    assert.equal(chosen['sec-websocket-protocol'], 'chat')
    assert.deepEqual(chosen['set-cookie'], ['a=1', 'b=2'])
    scoped.resume()
    session.destroy()
    server.close()
  })

/** @type {Record<string, (python: any) => any>} */
const frameworks = {
  Express: (python) => express().use('/mnt', python.listener),
  'Express in Express': (python) =>
    express().use('/mnt', express().use('/', express.Router().use(python.listener))),
  'a wildcard of Express': (python) => express().use('/mnt/{*path}', python.listener),
  'a wildcard of Express, with the prefix': (python) => express().use('/{*path}', (req, res) =>
    python.listener(req, res, { prefix: '/mnt' })),
  'a wildcard of @fastify/middie, with the prefix': async (python) => {
    const server = fastify()
    await server.register(middie)
    server.use('/{*path}', (req, res) => python.listener(req, res, { prefix: '/mnt' }))
    await server.ready()
    return server.routing
  },
  connect: (python) => connect().use('/mnt', python.listener),
  'connect in connect': (python) => connect().use('/mnt', connect().use(python.listener)),
  '@fastify/middie': async (python) => {
    const server = fastify()
    await server.register(middie)
    server.use('/mnt', python.listener)
    await server.ready()
    return server.routing
  },
  'koa-mount': (python) => new Koa().use(mount('/mnt', (context) => {
    context.respond = false
    python.listener(context.req, context.res, { prefix: '/mnt/' })
  })).callback(),
  'a listener that leaves the url alone': (python) => (req, res) =>
    python.listener(req, res, { prefix: '/mnt' })
}

for (const [name, make] of Object.entries(frameworks)) {
  withPython(`the prefix of a mount in ${name} was lost`, app, async (python) => {
    await withServer(await make(python), async (base) => {
      for (const query of ['', '?x=/mnt/scope', '?/']) {
        const scope = await seen(`${base}/mnt/scope${query}`)
        assert.deepEqual([scope.root_path, scope.path, scope.raw_path],
          ['/mnt', '/mnt/scope', '/mnt/scope'], query)
      }
    })
  })
}

withPython('a url that middleware has rewritten is not below a mount', app, async (python) => {
  const server = connect().use((req, res, next) => {
    req.url = '/scope'
    next()
  }).use(python.listener)
  await withServer(server, async (base) => {
    const scope = await seen(`${base}/elsewhere`)
    assert.deepEqual([scope.root_path, scope.path], ['', '/scope'])
    const query = await seen(`${base}/a?b=/scope`)
    assert.deepEqual([query.root_path, query.path], ['', '/scope'])
  })
})

withPython('a url that middleware had decoded reached Python garbled', app, async (python) => {
  const server = connect().use((req, res, next) => {
    req.url = decodeURI(req.url)
    next()
  }).use(python.listener)
  await withServer(server, async (base) => {
    const scope = await seen(`${base}/%E6%97%A5%C3%A9/scope`)
    assert.deepEqual([scope.path, scope.raw_path], ['/日é/scope', '/%E6%97%A5%C3%A9/scope'])
  })
})

withPython('a request with the whole URL was not below its prefix', app, async (python) => {
  const target = http.createServer(connect().use('/via', python.listener))
  python.attach(target, { prefix: '/py' })
  await listening(target)
  try {
    for (const [path, mount] of [['/py/scope', '/py'], ['/via/scope', '/via']]) {
      const request = http.get({ port: target.address().port, path: `http://a.b${path}?x=1` })
      const [response] = await once(request, 'response')
      const scope = JSON.parse(Buffer.concat(await response.toArray()))
      assert.deepEqual([scope.root_path, scope.path], [mount, path])
    }
  } finally {
    target.closeAllConnections()
    target.close()
  }
})

withPython('a prefix for requests without a network', app, async (python) => {
  for (const url of ['/scope?x', '/mnt/scope?x']) {
    for (const answer of [
      (await python.handleRequest({ url, prefix: '/mnt' })).text(),
      (await python.handleRequest(new Request({ url, prefix: '/mnt/' }))).text(),
      await (await python.fetch(new globalThis.Request(`http://h${url}`), { prefix: '/mnt' })).text()
    ]) {
      const scope = JSON.parse(answer)
      assert.deepEqual([scope.root_path, scope.path], ['/mnt', '/mnt/scope'])
    }
  }
  await assert.rejects(python.handleRequest({ url: '/', prefix: 'mnt' }),
    { code: 'ERR_INVALID_OPTION', option: 'prefix' })
  assert.throws(() => python.listener({}, {}, { prefix: 'mnt' }), { code: 'ERR_INVALID_OPTION' })
})

withPython('a prefix that was removed before an upgrade',
  { appTarget: 'websocket_app:mounted' }, async (python) => {
    await withServer(python.listener, async (base, server) => {
      server.on('upgrade', (req, socket, head) => {
        const prefix = req.url.startsWith('/by-url') ? undefined : '/given'
        req.originalUrl = req.url
        req.url = req.url.replace(/^.[^/]*/, '')
        if (prefix !== undefined) delete req.originalUrl
        python.upgrade(req, socket, head, { prefix })
      })
      for (const prefix of ['/by-url', '/given']) {
        const client = await openSocket(`${base.replace('http', 'ws')}${prefix}/scope`)
        await client.closed
        const scope = JSON.parse(client.received[0])
        assert.deepEqual([scope.root_path, scope.path], [prefix, `${prefix}/scope`])
      }
      const given = await python.connect({ url: '/scope', prefix: '/given' })
      const { value } = await given[Symbol.asyncIterator]().next()
      assert.equal(JSON.parse(value).root_path, '/given')
    })
  })

leakTest('the log named a request without the path that its mount had removed', async () => {
  const logger = createLog()
  const python = startPython({ appTarget: 'kinds_app:app', logger })
  const server = express().use('/mnt', python.listener)
  await withServer(server, async (base) => {
    for (const path of ['/mnt/error', '/mnt/late-error', '/mnt/invalid']) {
      const before = logger.lines.length
      await once(http.get(base + path), 'response').then(([response]) => response.toArray())
        .catch(() => {})
      await eventually(() => assert.ok(
        logger.lines.slice(before).some((line) => line.includes(` ${path}: `)),
        `${path}\n${logger.lines.join('\n')}`))
    }
  })
  await python.close()
})
