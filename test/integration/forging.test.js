/**
 * A worker that has been taken over and forges frames: each costs it its life, and never Node's.
 */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import http2 from 'node:http2'
import { connect } from 'node:net'

import { loadBinding } from '../../addon/lib/binding.js'
import { withPython, withServer } from '../support/harness.js'

const { eventTypes: type, limits } = loadBinding()

const app = {
  appTarget: 'forging_app:app',
  lifespan: 'off',
  retry: 0,
  restart: { min: 1, max: 1, limit: 100 }
}

// ---- frames

const PART = 5
const REQUEST = 16

/** One value in msgpack: an unsigned integer, a boolean, or bytes. */
function pack (value) {
  if (typeof value === 'boolean') return Buffer.of(value ? 0xc3 : 0xc2)
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(5, 0xce)
    bytes.writeUInt32BE(value, 1)
    return bytes
  }
  const bytes = Buffer.from(value, 'latin1')
  const prefix = Buffer.alloc(5, 0xc6)
  prefix.writeUInt32BE(bytes.length, 1)
  return Buffer.concat([prefix, bytes])
}

const frame = (...values) => Buffer.concat([Buffer.of(0x90 + values.length), ...values.map(pack)])

const S = 1 // the first stream of each worker
const HEADERS = 'x\0y'
const response = (headers = HEADERS, status = 200, end = false) =>
  frame(type.RESPONSE_START, S, status, headers, '', end)
const body = (bytes, stream = S) => frame(type.BODY, stream, bytes, false)
const trailers = (headers = HEADERS) => frame(type.TRAILERS, S, headers)
const file = (headers = HEADERS) => frame(type.FILE, S, 200, headers)
const hint = (links) => frame(type.EARLY_HINT, S, links)
const push = (path, headers = '') => frame(type.PUSH, S, path, headers)
const accept = (subprotocol = '', headers = '') => frame(type.ACCEPT, S, subprotocol, headers)
const close = (code, reason = '') => frame(type.CLOSE, S, code, reason)
const error = (message) => frame(type.APP_ERROR, S, 'Error', message, '', false)

/** In the form that forging_app takes them. */
const inHex = (frames) => frames.map((bytes) => bytes.toString('hex')).join('.')

// ---- what HTTP cannot carry

const LONG = 'x'.repeat(100_000)
const BAD_HEADERS = {
  'a name without a value': 'x',
  'an empty name': '\0y',
  'a name in upper case': 'X-Y\0z',
  'a pseudo-header': ':status\x00200',
  'a space in a name': 'x y\0z',
  'a colon in a name': 'x:\0z',
  'latin-1 in a name': 'x\xe9\0y',
  'a line break in a name': 'x\r\ny\0z',
  'a line break in a value': 'x\0y\r\nset-cookie: z',
  'a line feed in a value': 'x\0y\nz',
  'a control character in a value': 'x\0y\x01',
  'DEL in a value': 'x\0y\x7f',
  'a bad name after a good one': 'x\0y\0 \0z',
  'too many headers': Array(16_000).fill('x\0y').join('\0')
}

/** Name: the frames, and what the error says of them. */
const REQUESTS = {
  'a record that is not a frame': [[Buffer.of(0xc0)], /not a frame/],
  'a frame for workers': [[frame(REQUEST, S)], /type 16\b/],
  'missing fields': [[frame(type.RESPONSE_START, S)], /type 34\b.*fields/],
  'an unknown stream': [[body('x', 99)], /body on stream 99\b.*not open/],
  'a response twice': [[response(), response()], /second response on stream 1\b/],
  'a body before its response': [[body('x')], /body on stream 1 before its response/],
  'a window that is overrun': [
    [response(), ...Array(5).fill(body('x'.repeat(limits.chunk)))],
    /stream 1\b.*window of 262144\b/],
  'credit for nothing': [[frame(type.CREDIT, S, 1_000_000)], /credit on stream 1\b/],
  'the end of a request that goes on': [[frame(type.CLOSED, S)], /stream 1\b.*not aborted/],
  'an accept': [[accept()], /accept on stream 1\b.*not a WebSocket/],
  'a close': [[close(1000)], /close on stream 1\b.*not a WebSocket/],
  'a file without a descriptor': [[file()], /file on stream 1\b.*descriptor/],
  'the file of another stream': [[file()], /file on stream 1\b.*descriptor/, '/other-file'],
  'two files at once': [[file()], /file on stream 1\b.*descriptor/, '/many-files'],
  'the end of parts that are no frame': [[frame(PART, 'x', true)], /not a frame/],
  'a part in a part': [[frame(PART, frame(PART, 'x', true).toString('latin1'), true)], /type 5\b/],
  'a frame between parts': [[frame(PART, 'x', false), response()], /type 34\b.*last part/],
  'a hint after the response': [[response(), hint('x')], /early hint on stream 1 after its resp/],
  'a hint without links': [[hint('')], /early hint on stream 1\b.*links/],
  'a hint with a line break': [[hint('</a>; rel=x\r\ny: z')], /early hint on stream 1\b.*links/],
  'a push without a path': [[push('')], /push on stream 1\b.*path/],
  'a push of another site': [[push('http://example.com/')], /push on stream 1\b.*path/],
  'a push with a space': [[push('/a b')], /push on stream 1\b.*path/],
  'a push with a NUL': [[push('/a\0b')], /push on stream 1\b.*path/],
  'an error that is too long': [[error(LONG)], /error on stream 1\b.*too long/]
}
for (const status of [0, 42, 100, 101, 199, 1000, 65536, 0xffffffff]) {
  REQUESTS[`status ${status}`] =
    [[response('', status)], new RegExp(`status ${status} on stream 1\\b.*200 to 999`)]
}
for (const [name, headers] of Object.entries(BAD_HEADERS)) {
  REQUESTS[`a response with ${name}`] = [[response(headers)], /response on stream 1\b.*headers/]
}

const SOCKETS = {
  'a file': [[file()], /file on stream 1\b.*WebSocket/],
  trailers: [[response(), trailers()], /trailers on stream 1\b.*WebSocket/],
  'a push': [[push('/')], /push on stream 1\b.*WebSocket/],
  'a message before the accept':
    [[frame(type.MESSAGE, S, 'x', false, true)], /message on stream 1\b.*not an open WebSocket/],
  'an accept twice': [[accept(), accept()], /second accept on stream 1\b/],
  'a subprotocol with a space': [[accept('a b')], /accept on stream 1\b.*subprotocol/],
  'a subprotocol with a line break': [[accept('a\r\nb: c')], /accept on stream 1\b.*subprotocol/],
  'a reason that is too long': [[close(1000, 'x'.repeat(124))], /124 bytes on stream 1\b.*123/],
  'a reason that grows': [[accept(), close(1000, '\xff'.repeat(100))], /stream 1\b.*not UTF-8/],
  'a reason that is cut': [[accept(), close(1000, 'x\xe2\x82')], /stream 1\b.*not UTF-8/]
}
for (const code of [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 2500, 2999, 5000, 65535, 0xffffffff]) {
  SOCKETS[`close code ${code}`] = [[accept(), close(code)], new RegExp(`code ${code} on stream 1`)]
}

/** The other frames with headers. The check is the same, so a few rows are enough. */
const CARRIERS = {
  trailers: (headers) => [response(), trailers(headers)],
  'a file': (headers) => [file(headers)],
  'a push': (headers) => [push('/', headers)]
}
for (const name of ['a name without a value', 'a pseudo-header', 'a line break in a value']) {
  for (const [what, frames] of Object.entries(CARRIERS)) {
    const message = new RegExp(`${what.replace('a ', '')} on stream 1\\b.*headers`)
    REQUESTS[`${what} with ${name}`] = [frames(BAD_HEADERS[name]), message]
  }
  SOCKETS[`an accept with ${name}`] =
    [[accept('', BAD_HEADERS[name])], /accept on stream 1\b.*headers/]
}

withPython('a forged frame for a request ends its worker', app, async (python) => {
  for (const [name, [frames, message, path]] of Object.entries(REQUESTS)) {
    await assert.rejects(
      python.handleRequest({ method: 'POST', url: path ?? '/', body: inHex(frames) }),
      { code: 'ERR_WORKER_PROTOCOL', message }, name)
  }
})

withPython('a forged frame for a WebSocket ends its worker', app, async (python) => {
  for (const [name, [frames, message]] of Object.entries(SOCKETS)) {
    const closed = async () => {
      const socket = await python.connect(`/?${inHex(frames)}`)
      for await (const message of socket) assert.fail(String(message))
    }
    await assert.rejects(closed, { code: 'ERR_WORKER_PROTOCOL', message }, name)
  }
})

withPython('a frame for which nobody rings is found', app, async (python) => {
  // Its event loop is blocked, so nothing but the frame itself can tell Node.
  const { status } = await python.handleRequest(
    { method: 'POST', url: '/silent', body: inHex([response(HEADERS, 234, true)]) })
  assert.equal(status, 234)
})

// ---- what only one version of HTTP, or only ws, refuses

const ODD_HEADERS = {
  'connection headers': 'connection\0close\0keep-alive\0x\0upgrade\0h2c\0http2-settings\0x',
  'transfer-encoding': 'transfer-encoding\0chunked',
  te: 'te\0gzip',
  'content-length twice': 'content-length\x001\0content-length\x002',
  'a content-length that is not a number': 'content-length\0x',
  'single headers twice': 'content-type\0a\0content-type\0b\0etag\0c\0etag\0d',
  'names of Object.prototype': '__proto__\0x\0constructor\0y\0hasownproperty\0z',
  'a trailer': 'trailer\0x',
  'empty values': 'x\0\0y\0',
  'latin-1 values': 'x\0\xe9\xff',
  'a long value': `x\0${LONG}`,
  'many headers': Array.from({ length: 3000 }, (_, i) => `x${i}\0y`).join('\0')
}
const ODD = {}

for (const [name, headers] of Object.entries(ODD_HEADERS)) {
  ODD[`a response with ${name}`] = [response(headers, 200, true)]
  ODD[`trailers with ${name}`] = [response(), trailers(headers)]
  ODD[`a push with ${name}`] = [push('/pushed', headers), response('', 200, true)]
  // These frames travel in the URL, whose length is limited.
  if (headers.length < 1000) ODD[`an accept with ${name}`] = [accept('', headers), close(1000)]
}
for (const links of ['x', '<', '</a>; rel=preload\0', ',', LONG]) {
  ODD[`the link ${links.slice(0, 9)}`] = [hint(links), response('', 200, true)]
}
for (const status of [204, 304, 600, 999]) {
  ODD[`status ${status}`] = [response('', status), body('x'), trailers('')]
}
ODD['an accept with a subprotocol that nobody offered'] = [accept('other'), close(1001, 'x')]
ODD['a push of nothing'] = [push('/'), push('/?'), push('/#'), response('', 200, true)]

const isSocket = (name) => name.startsWith('an accept')

/** Waits until a connection or stream is closed. A WebSocket would wait for an answer. */
async function closed (stream) {
  const timer = setTimeout(() => stream.destroy(), 200)
  await new Promise((resolve) => stream.on('close', resolve))
  clearTimeout(timer)
}

withPython('odd frames over HTTP/1.1 harm nobody but their client', app, async (python) => {
  await withServer(python.listener, async (base, server) => {
    server.on('upgrade', python.upgrade)
    const ask = async (...lines) => {
      const socket = connect(Number(new URL(base).port), '127.0.0.1')
      socket.on('error', () => {})
      socket.write(lines.join('\r\n'))
      socket.resume()
      await closed(socket)
    }
    for (const [name, frames] of Object.entries(ODD)) {
      const text = inHex(frames)
      if (!isSocket(name)) {
        await ask('POST / HTTP/1.1', 'Host: x', 'TE: trailers', 'Connection: close, te',
          `Content-Length: ${text.length}`, '', text)
        continue
      }
      await ask(`GET /?${text} HTTP/1.1`, 'Host: x', 'Connection: upgrade', 'Upgrade: websocket',
        'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==', '', '')
    }
  })
})

withPython('odd frames over HTTP/2 harm nobody but their client', app, async (python) => {
  const server = http2.createServer({ settings: { enableConnectProtocol: true } })
  python.attach(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  for (const [name, frames] of Object.entries(ODD)) {
    const text = inHex(frames)
    const session = http2.connect(`http://127.0.0.1:${server.address().port}`)
    session.on('error', () => {})
    session.on('stream', (stream) => stream.on('error', () => {}).resume())
    await once(session, 'remoteSettings')
    const stream = isSocket(name)
      ? session.request({
        ':method': 'CONNECT',
        ':protocol': 'websocket',
        ':path': `/?${text}`,
        'sec-websocket-version': '13'
      })
      : session.request({ ':method': 'POST', ':path': '/', te: 'trailers' }, { endStream: false })
    stream.on('error', () => {}).resume()
    if (!isSocket(name)) stream.end(text)
    await closed(stream)
    session.destroy()
  }
  await new Promise((resolve) => server.close(resolve))
})
