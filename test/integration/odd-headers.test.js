/**
 * Odd names and values of headers, through everything that carries headers: the client gets what
 * HTTP can carry or an error, and the next request is served as if nothing had happened.
 */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, get } from 'node:http'
import http2 from 'node:http2'

import WebSocket from 'ws'

import { withPython } from '../support/harness.js'
import { openHttp2, request } from '../support/http2-frames.js'
import { rawExchange } from '../support/websocket.js'

const app = { appTarget: 'odd_headers_app:app', lifespan: 'off' }

const NAMES = ['x-odd', 'constructor', '__proto__', 'hasownproperty', 'toString', 'connection',
  'keep-alive', 'transfer-encoding', 'upgrade', 'te', 'host', 'content-length', 'set-cookie',
  'sec-websocket-protocol', 'sec-websocket-accept', 'link', ':status', ':path', 'proxy-connection',
  'http2-settings', '', ' ', 'a b', 'a:b', 'x\r\ny: z', 'x\0y', 'é', 'x'.repeat(1000)]

const VALUES = ['', ' ', '1', 'close', 'chunked', 'trailers', '</a>; rel=preload', 'a\r\nb: c',
  'a\nb', 'a\rb', 'a\0b', '\x7f', '\x01', 'caf\xe9', '\xff\xfe', '-1', '99999999999999999999']

/** A value of 100 KB is one character, repeated by the application. */
const LONG = { value: 'v', times: 100_000 }

const hex = (text) => Buffer.from(text, 'latin1').toString('hex')

/** Every name with a plain value, and a plain name with every value. */
const CASES = [
  ...NAMES.map((name) => ({ name, value: '1' })),
  ...NAMES.slice(0, 6).map((name) => ({ name, value: 'a\r\nx-split: 1' })),
  ...VALUES.map((value) => ({ name: 'x-odd', value })),
  { name: 'x-odd', ...LONG }
]

const query = ({ name, value, times = 1 }) =>
  `?name=${hex(name)}&value=${hex(value)}&times=${times}`

/** What came of a request: its status, or 'cut' if there was none. No other outcome is allowed. */
function outcome (status, headers) {
  assert.equal(headers?.['x-split'], undefined, 'a response was split')
  assert.equal(Object.prototype['x-odd'], undefined)
  assert.ok(status >= 200 && status <= 503, String(status))
  return status
}

/** @returns {Promise<number | 'cut'>} */
function overHttp1 (port, path) {
  return new Promise((resolve) => {
    const headers = { te: 'trailers' }
    const options = { port, path, agent: false, headers, maxHeaderSize: 2 ** 20 }
    const asked = get(options, (response) => {
      response.on('error', () => resolve('cut'))
      response.resume().on('end', () =>
        resolve(outcome(response.statusCode, { ...response.headers, ...response.trailers })))
    })
    asked.on('error', () => resolve('cut'))
  })
}

/** @returns {Promise<number | 'cut'>} */
function overHttp2 (session, path, fields = {}) {
  return new Promise((resolve) => {
    const stream = session.request({ ':path': path, te: 'trailers', ...fields },
      { endStream: fields[':method'] === undefined })
    let status = 'cut'
    stream.on('error', () => {})
    stream.on('response', (headers) => { status = outcome(headers[':status'], headers) })
    stream.on('trailers', (headers) => outcome(200, headers))
    stream.on('close', () => resolve(status))
    stream.resume()
    stream.on('end', () => stream.close())
    // Node as a client hangs when one header has more than 64 KiB, which nghttp2 cannot decode.
    const timer = setTimeout(() => session.destroy(), 2000)
    stream.on('close', () => clearTimeout(timer))
  })
}

/** @returns {Promise<number | 'cut'>} 101 if the WebSocket was accepted */
function overWebSocket (port, path) {
  return new Promise((resolve) => {
    const client = new WebSocket(`ws://127.0.0.1:${port}${path}`, { maxPayload: 1000 })
    client.on('upgrade', (response) => {
      outcome(200, response.headers)
      client.on('close', () => resolve(101))
    })
    client.on('unexpected-response', (_, response) => {
      response.resume()
      response.on('close', () => resolve(outcome(response.statusCode, response.headers)))
    })
    client.on('error', () => resolve('cut'))
  })
}

/** Attaches a handler to a server while `run` runs; nothing may throw meanwhile. */
async function attached (python, server, run) {
  const problems = []
  const onProblem = (error) => problems.push(error)
  process.on('uncaughtException', onProblem)
  python.attach(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  try {
    await run(server.address().port)
  } finally {
    process.off('uncaughtException', onProblem)
    server.closeAllConnections?.()
    server.close()
  }
  assert.deepEqual(problems, [])
}

const PATHS = ['/response', '/trailers', '/hint', '/push']

withPython('odd headers of an application, over HTTP/1.1', app, async (python) => {
  await attached(python, createServer(), async (port) => {
    for (const path of PATHS) {
      for (const odd of CASES) await overHttp1(port, path + query(odd))
      assert.equal(await overHttp1(port, path + query({ name: 'x-odd', value: '1' })), 200, path)
    }
  })
  assert.equal(python.stats().workers[0].id, 1)
})

withPython('odd headers of an application, over HTTP/2', app, async (python) => {
  // As on the command line. With less, Node closes the connection after a head that is too long.
  const server = http2.createServer({ maxSendHeaderBlockLength: 2 ** 19 })
  await attached(python, server, async (port) => {
    let session
    const connect = () => {
      session = http2.connect(`http://127.0.0.1:${port}`, { settings: { maxHeaderListSize: 2 ** 20 } })
      session.on('error', () => {})
      session.on('stream', (pushed) => pushed.on('error', () => {}).resume())
    }
    connect()
    for (const path of PATHS) {
      for (const odd of CASES) {
        if (session.destroyed || session.closed) connect()
        await overHttp2(session, path + query(odd))
      }
      if (session.destroyed || session.closed) connect()
      const plain = query({ name: 'x-odd', value: '1' })
      assert.equal(await overHttp2(session, path + plain), 200, path)
    }
    session.destroy()
  })
  assert.equal(python.stats().workers[0].id, 1)
})

withPython('odd headers of an application, for WebSockets', app, async (python) => {
  await attached(python, createServer(), async (port) => {
    for (const [path, expected] of [['/accept', 101], ['/deny', 403]]) {
      for (const odd of CASES) await overWebSocket(port, path + query(odd))
      assert.equal(await overWebSocket(port, path + query({ name: 'x-odd', value: '1' })), expected)
    }
  })
  assert.equal(python.stats().workers[0].id, 1)
})

withPython('odd headers of an application, in process', app, async (python) => {
  for (const path of PATHS) {
    for (const odd of CASES) {
      const url = path + query(odd)
      const response = await python.handleRequest({ url }).catch((error) => error)
      assert.ok(response.status === 200 || /^ERR_(APP|INVALID_RESPONSE)$/.test(response.code),
        `${path} ${JSON.stringify(odd)}: ${response.code}`)
    }
  }
  for (const odd of CASES) {
    const connection = await python.connect('/accept' + query(odd)).catch((error) => error)
    assert.ok(connection.headers !== undefined || /^ERR_/.test(connection.code))
    connection.close?.()
  }
  assert.equal(python.stats().workers[0].id, 1)
})

const headersSeen = (text) => JSON.parse(text).map((pair) =>
  pair.map((part) => Buffer.from(part, 'hex').toString('latin1')))

withPython('odd headers of a client', app, async (python) => {
  await attached(python, createServer(), async (port) => {
    for (const { name, value, times = 1 } of CASES) {
      const answer = await rawExchange(`http://127.0.0.1:${port}`,
        `GET /seen HTTP/1.1\nHost: h\n${name}: ${value.repeat(Math.min(times, 10_000))}\n` +
        'Connection: close\n\n')
      const status = Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 400)
      assert.ok([200, 400, 417, 431, 501].includes(status), `${JSON.stringify(name)}: ${status}`)
    }
    const plain = await rawExchange(`http://127.0.0.1:${port}`,
      'GET /seen HTTP/1.1\nHost: h\n__proto__: 1\nconstructor: 2\nConnection: close\n\n')
    const seen = headersSeen(plain.slice(plain.indexOf('[')).split('\r\n')[0])
    for (const pair of [['__proto__', '1'], ['constructor', '2']]) {
      assert.ok(seen.some(([name, value]) => name === pair[0] && value === pair[1]), pair[0])
    }
  })
  await attached(python, http2.createServer(), async (port) => {
    for (const { name, value } of CASES) {
      const socket = await openHttp2(port)
      socket.write(request(1, '/seen', { fields: { [name]: value } }))
      setTimeout(() => socket.destroy(), 30)
      await once(socket, 'close')
    }
    const session = http2.connect(`http://127.0.0.1:${port}`)
    assert.equal(await overHttp2(session, '/seen'), 200)
    session.destroy()
  })
  for (const { name, value, times = 1 } of CASES) {
    const headers = [name, value.repeat(times)]
    const response = await python.handleRequest({ url: '/seen', headers }).catch((error) => error)
    assert.ok(response.status === 200 || /^ERR_(INVALID_HEADER|HEADERS_TOO)/.test(response.code),
      `${JSON.stringify(name)}: ${response.code}`)
  }
  assert.equal(python.stats().workers[0].id, 1)
})
