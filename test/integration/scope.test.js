import assert from 'node:assert/strict'
import http from 'node:http'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { withPython, withServer } from '../support/harness.js'

const scopeApp = { appTarget: 'scope_app:app' }

async function scopeOf (python, request) {
  const response = await python.handleRequest(request)
  assert.equal(response.status, 200)
  return JSON.parse(response.body.toString())
}

const EXTENSIONS = { 'http.response.pathsend': {}, 'http.response.zerocopysend': {} }

withPython('the scope has the keys and types that ASGI specifies', scopeApp, async (python) => {
  const scope = await scopeOf(python, {
    method: 'PUT',
    url: 'https://example.org:8443/a%20b/%E2%98%83%2Fc?q=%20x&y',
    headers: { 'X-One': 'first', accept: '*/*' },
    body: 'x'
  })
  assert.equal(scope.type, 'http')
  assert.deepEqual(scope.asgi, { version: '3.0', spec_version: '2.5' })
  assert.equal(scope.http_version, '1.1')
  assert.equal(scope.method, 'PUT')
  assert.equal(scope.scheme, 'https')
  assert.equal(scope.path, '/a b/☃/c')
  assert.equal(scope.raw_path, '/a%20b/%E2%98%83%2Fc')
  assert.equal(scope.query_string, 'q=%20x&y')
  assert.equal(scope.root_path, '')
  assert.deepEqual(scope.extensions, EXTENSIONS)
  assert.deepEqual(scope.server, ['example.org', 8443])
  const headers = new Map(scope.headers)
  assert.equal(headers.get('x-one'), 'first')
  assert.equal(headers.get('host'), 'example.org:8443')
  assert.equal(headers.get('content-length'), '1')
  assert.equal(scope._types.headers, 'list')
  assert.equal(scope._types.raw_path, 'bytes')
  assert.equal(scope._types.query_string, 'bytes')
  assert.equal(scope._types.path, 'str')
})

withPython('cached headers and addresses are not mixed up', scopeApp, async (python) => {
  // More than the worker caches, in an order in which they evict each other. Some pairs of name and
  // value are equal when joined.
  const requests = Array.from({ length: 1000 }, (_, i) => i * 7 % 400).map((n) => ({
    url: '/',
    headers: { [`x-${n}`]: '1', [`x-${n % 20}1`]: `${n}`, 'x-long': `${n}`.repeat(80) },
    socket: {
      remoteAddress: `10.0.${n % 3}.${n % 200}`,
      remotePort: n + 1,
      localAddress: '::1',
      localPort: 1
    }
  }))
  const scopes = await Promise.all(requests.map((request) => scopeOf(python, request)))
  for (const [i, { headers, socket }] of requests.entries()) {
    assert.deepEqual(scopes[i].headers, Object.entries(headers))
    assert.deepEqual(scopes[i].client, [socket.remoteAddress, socket.remotePort])
    assert.deepEqual(scopes[i].server, ['::1', 1])
  }
})

withPython('invalid UTF-8 in the path is replaced, raw_path is kept', scopeApp, async (python) => {
  const scope = await scopeOf(python, { url: '/%ff/%41%zz%4' })
  assert.equal(scope.path, '/\ufffd/A%zz%4')
  assert.equal(scope.raw_path, '/%ff/%41%zz%4')
})

withPython('each scope has its own dicts', scopeApp, async (python) => {
  await scopeOf(python, { url: '/' })
  const scope = await scopeOf(python, { url: '/' })
  assert.deepEqual(scope.asgi, { version: '3.0', spec_version: '2.5' })
  assert.deepEqual(scope.extensions, EXTENSIONS)
})

withPython('repeated headers stay separate and in order', scopeApp, async (python) => {
  const scope = await scopeOf(python, {
    url: '/',
    headers: [['B', '1'], ['a', '2'], ['b', '3'], ['A', 'gr\u00fc\u00df']]
  })
  const own = scope.headers.filter(([name]) => name === 'a' || name === 'b')
  assert.deepEqual(own, [['b', '1'], ['a', '2'], ['b', '3'], ['a', 'grüß']])
})

const mounted = { ...scopeApp, rootPath: '/api' }

withPython('rootPath is root_path and the start of the path', mounted, async (python) => {
  const bare = await scopeOf(python, { url: '/x' })
  assert.equal(bare.root_path, '/api')
  assert.equal(bare.path, '/api/x')
  assert.equal(bare.raw_path, '/api/x')
  const full = await scopeOf(python, { url: '/api/x' })
  assert.equal(full.path, '/api/x')
  const alike = await scopeOf(python, { url: '/apix' })
  assert.equal(alike.path, '/api/apix')
})

withPython('over HTTP, the scope has client and server', scopeApp, async (python) => {
  await withServer(python.listener, async (origin) => {
    const scope = await (await fetch(`${origin}/p?q=1`, { headers: { 'X-A': '1' } })).json()
    const port = Number(new URL(origin).port)
    assert.equal(scope.scheme, 'http')
    assert.equal(scope.http_version, '1.1')
    assert.equal(scope.query_string, 'q=1')
    assert.deepEqual(scope.server, ['127.0.0.1', port])
    assert.equal(scope.client[0], '127.0.0.1')
    assert.equal(typeof scope.client[1], 'number')
    assert.deepEqual(scope.headers.filter(([name]) => name === 'x-a'), [['x-a', '1']])
  })
})

withPython('over a Unix socket, server is [path, None]', scopeApp, async (python) => {
  const folder = await mkdtemp(join(tmpdir(), 'node-asgi-'))
  const path = join(folder, 'socket')
  const server = http.createServer(python.listener)
  await new Promise((resolve) => server.listen(path, resolve))
  try {
    const scope = await new Promise((resolve, reject) => {
      http.get({ socketPath: path, path: '/' }, (response) => {
        response.setEncoding('utf8')
        let text = ''
        response.on('data', (chunk) => { text += chunk })
        response.on('end', () => resolve(JSON.parse(text)))
      }).on('error', reject)
    })
    assert.deepEqual(scope.server, [path, null])
    assert.equal(scope.client, null)
  } finally {
    await new Promise((resolve) => server.close(resolve))
    await rm(folder, { recursive: true })
  }
})

withPython('over HTTP/1.0, http_version is 1.0', scopeApp, async (python) => {
  await withServer(python.listener, async (origin) => {
    const net = await import('node:net')
    const socket = net.connect(Number(new URL(origin).port), '127.0.0.1')
    socket.write('GET /old HTTP/1.0\r\n\r\n')
    let text = ''
    for await (const chunk of socket) text += chunk
    const scope = JSON.parse(text.slice(text.indexOf('\r\n\r\n')))
    assert.equal(scope.http_version, '1.0')
    assert.equal(scope.path, '/old')
  })
})

withPython('over HTTP/2, http_version is 2 and host is a header', scopeApp, async (python) => {
  const http2 = await import('node:http2')
  const server = http2.createServer(python.listener)
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const client = http2.connect(`http://127.0.0.1:${server.address().port}`)
  try {
    const stream = client.request({ ':path': '/two?x', 'x-a': 'b' })
    let text = ''
    for await (const chunk of stream) text += chunk
    const scope = JSON.parse(text)
    assert.equal(scope.http_version, '2')
    assert.equal(scope.path, '/two')
    assert.deepEqual(scope.headers.filter(([name]) => name.startsWith(':')), [])
    assert.equal(new Map(scope.headers).get('host'), `127.0.0.1:${server.address().port}`)
  } finally {
    client.close()
    await new Promise((resolve) => server.close(resolve))
  }
})
