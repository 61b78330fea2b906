import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import http from 'node:http'
import { Readable } from 'node:stream'
import { mock } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import { Request } from '../../addon/lib/index.js'
import { RequestStream } from '../../addon/lib/stream/request-stream.js'
import { eventually, withPython, withServer } from '../support/harness.js'

const echo = { appTarget: 'echo_app:app' }
const upload = { appTarget: 'upload_app:app' }
const stream = { appTarget: 'stream_app:app' }

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex')

async function * pieces (bytes, size) {
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size)
}

withPython('all kinds of request bodies arrive complete', echo, async (python) => {
  const bytes = randomBytes(300_000)
  const bodies = {
    Buffer: bytes,
    Uint8Array: new Uint8Array(bytes),
    ArrayBuffer: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
    Readable: Readable.from(pieces(bytes, 70_001), { objectMode: false }),
    'async iterable': pieces(bytes, 999),
    'web stream': Readable.toWeb(Readable.from(pieces(bytes, 5000)))
  }
  for (const [kind, body] of Object.entries(bodies)) {
    const response = await python.handleRequest({ method: 'POST', url: '/buffered', body })
    assert.equal(sha256(response.body), sha256(bytes), kind)
  }
  const text = await python.handleRequest({ method: 'POST', url: '/', body: 'grüße ☃' })
  assert.equal(text.body.toString(), 'grüße ☃')
  for (const body of [undefined, null, '', Buffer.alloc(0)]) {
    const empty = await python.handleRequest({ method: 'POST', url: '/', body })
    assert.equal(empty.body.length, 0)
  }
})

withPython('JavaScript was told of credit that no body waited for', echo, async (python) => {
  const credit = mock.method(RequestStream.prototype, 'credit')
  const arrivals = new EventEmitter()
  const piece = Buffer.alloc(32 * 1024)
  // Never has more than one piece on the way, so the window never closes.
  async function * echoed () {
    for (let i = 0; i < 32; i++) {
      const arrived = once(arrivals, 'piece')
      yield piece
      await arrived
    }
  }
  const { body } = await python.handleStream({ method: 'POST', url: '/', body: echoed() })
  let length = 0
  for await (const bytes of body) {
    length += bytes.length
    if (length % piece.length === 0) arrivals.emit('piece')
  }
  credit.mock.restore()
  assert.equal(length, 32 * piece.length)
  assert.equal(credit.mock.callCount(), 0)
})

withPython('handleRequest() and fetch() accept a web Request', echo, async (python) => {
  const request = () => new globalThis.Request('http://example.org/buffered',
    { method: 'POST', body: 'from the web', headers: { 'content-type': 'text/x' } })
  const plain = await python.handleRequest(request())
  assert.equal(plain.body.toString(), 'from the web')
  const response = await python.fetch(request())
  assert.equal(response.status, 200)
  assert.equal(response.headers.get('content-type'), 'text/x')
  assert.equal(await response.text(), 'from the web')
})

/** Every call that can send a body, each returning the JSON of the response. */
const SENDERS = {
  handleRequest: async (python, request) => (await python.handleRequest(request)).json(),
  handleStream: async (python, request) => {
    const { body } = await python.handleStream(request)
    return JSON.parse(Buffer.concat(await body.toArray()))
  },
  'handleRequest with a web Request': async (python, { url, ...init }) =>
    (await python.handleRequest(new globalThis.Request(`http://h${url}`, init))).json(),
  'fetch with a path': async (python, { url, ...init }) => (await python.fetch(url, init)).json(),
  'fetch with a Request': async (python, { url, ...init }) =>
    (await python.fetch(new globalThis.Request(`http://h${url}`, init))).json()
}

// A WSGI application reads no form without content-length.
withPython('forms arrive whatever call sends them', { appTarget: 'flask_app:app' },
  async (python) => {
    const form = new FormData()
    form.append('name', 'lämp')
    form.append('tag', 'a')
    form.append('tag', 'b')
    form.append('photo', new Blob([Buffer.alloc(200_000)], { type: 'image/png' }), 'lämp.png')
    for (const [name, send] of Object.entries(SENDERS)) {
      assert.deepEqual(await send(python, { method: 'POST', url: '/form', body: form }), {
        fields: { name: ['lämp'], tag: ['a', 'b'] }, files: { photo: ['lämp.png', 200_000] }
      }, name)
      const body = new URLSearchParams([['name', 'lämp'], ['tag', 'a'], ['tag', 'b']])
      assert.deepEqual(await send(python, { method: 'POST', url: '/form', body }), {
        fields: { name: ['lämp'], tag: ['a', 'b'] }, files: {}
      }, name)
      const blob = new Blob(['{"a":1}'], { type: 'application/json' })
      assert.deepEqual(await send(python, { method: 'POST', url: '/upload', body: blob }),
        { size: 7, type: 'application/json' }, name)
    }
    const sync = python.handleRequestSync({
      method: 'POST', url: '/form', body: new URLSearchParams({ a: '1' })
    })
    assert.deepEqual(sync.json().fields, { a: ['1'] })
  })

withPython('a body can be written while the response arrives', echo, async (python) => {
  const request = new Request({ method: 'POST', url: '/' })
  await request.write('one ')
  const { status, body } = await python.handleStream(request)
  assert.equal(status, 200)
  const iterator = body[Symbol.asyncIterator]()
  assert.equal((await iterator.next()).value.toString(), 'one ')
  await request.write('two')
  assert.equal((await iterator.next()).value.toString(), 'two')
  await request.end()
  assert.equal((await iterator.next()).done, true)
})

withPython('handleStream() resolves at the start of the response', stream, async (python) => {
  const response = await python.handleStream({ url: '/slow?n=3&ms=50' })
  assert.equal(response.headers.get('content-type'), 'application/octet-stream')
  let text = ''
  for await (const chunk of response) text += chunk
  assert.equal(text, 'a'.repeat(10) + 'b'.repeat(10) + 'c'.repeat(10))
})

const disconnect = { appTarget: 'disconnect_app:app' }

withPython('destroying a response body disconnects the app', disconnect, async (python) => {
  const response = await python.handleStream({ url: '/stream?id=s' })
  response.body.destroy()
  await eventually(async () => {
    assert.equal((await python.handleRequest({ url: '/seen' })).json().s, 'disconnect')
  })
})

for (const size of [1, 1000, 65536, 65537, 1_000_003]) {
  withPython(`an echo of ${size} bytes through small rings`,
    { ...echo, requestRing: 262144, responseRing: 262144 }, async (python) => {
      const bytes = randomBytes(size)
      const response = await python.handleStream(
        { method: 'POST', url: '/', body: pieces(bytes, 50_000) })
      const hash = createHash('sha256')
      for await (const chunk of response) hash.update(chunk)
      assert.equal(hash.digest('hex'), sha256(bytes))
    })
}

// Lost wake-ups show only under back-pressure on full rings, and only now and then.
withPython('concurrent echoes through full rings, repeatedly',
  { ...echo, requestRing: 262144, responseRing: 262144 }, async (python) => {
    const bytes = randomBytes(4 * 1024 * 1024)
    const expected = sha256(bytes)
    for (let round = 0; round < 6; round++) {
      await Promise.all(Array.from({ length: 6 }, async (_, i) => {
        const response = await python.handleStream(
          { method: 'POST', url: '/', body: pieces(bytes, 30_000 + i * 17_000) })
        const hash = createHash('sha256')
        for await (const chunk of response) hash.update(chunk)
        assert.equal(hash.digest('hex'), expected)
      }))
    }
  })

withPython('an unread response buffers one window and delays no other', upload, async (python) => {
  const slow = await python.handleStream({ url: `/download?bytes=${64 * 1024 * 1024}` })
  await sleep(100)
  assert.ok(slow.body.readableLength <= 262144, `${slow.body.readableLength} bytes are buffered`)
  for (let i = 0; i < 20; i++) {
    assert.equal((await python.handleRequest({ url: '/ping' })).body.toString(), 'pong')
  }
  let count = 0
  for await (const chunk of slow) count += chunk.length
  assert.equal(count, 64 * 1024 * 1024)
})

// bench/memory.js does this with 1 GiB; the window is the same for 16 MiB.
withPython('an upload runs at the pace of a slow reader', upload, async (python) => {
  const piece = Buffer.alloc(65536, 7)
  const total = 16 * 1024 * 1024
  let produced = 0
  async function * source () {
    while (produced < total) {
      produced += piece.length
      yield piece
    }
  }
  const answer = python.handleRequest(
    { method: 'POST', url: `/upload?rate=${32 * 1024 * 1024}`, body: source() })
  await sleep(100)
  assert.ok(produced < total / 2, `${produced} of ${total} bytes were read from the source`)
  const peak = { rss: 0 }
  const base = process.memoryUsage.rss()
  const watch = setInterval(() => { peak.rss = Math.max(peak.rss, process.memoryUsage.rss()) }, 5)
  const response = await answer
  clearInterval(watch)
  assert.equal(response.json().bytes, total)
  assert.ok(peak.rss - base < 32 * 1024 * 1024, `grew by ${peak.rss - base} bytes`)
})

withPython('over HTTP, a slow client slows the application down', upload, async (python) => {
  await withServer(python.listener, async (origin) => {
    const bytes = 32 * 1024 * 1024
    const response = await new Promise((resolve, reject) => {
      http.get(`${origin}/download?bytes=${bytes}`, resolve).on('error', reject)
    })
    assert.equal(response.headers['content-length'], String(bytes))
    await sleep(100)
    assert.equal(await (await fetch(`${origin}/ping`)).text(), 'pong')
    let count = 0
    for await (const chunk of response) count += chunk.length
    assert.equal(count, bytes)
  })
})

withPython('over HTTP, a chunked upload arrives complete', upload, async (python) => {
  await withServer(python.listener, async (origin) => {
    const bytes = randomBytes(5_000_000)
    const body = Readable.toWeb(Readable.from(pieces(bytes, 12_345)))
    const response = await fetch(`${origin}/upload`, { method: 'POST', body, duplex: 'half' })
    assert.equal((await response.json()).sha256, sha256(bytes))
  })
})

const early = { appTarget: 'early_app:app' }

withPython('an answer before the body was read keeps the connection', early, async (python) => {
  await withServer(python.listener, async (origin) => {
    const big = Buffer.alloc(3_000_000)
    for (let i = 0; i < 3; i++) {
      const now = await fetch(`${origin}/now`, { method: 'POST', body: big })
      assert.equal(now.status, 413)
      assert.equal(await now.text(), 'rejected unread\n')
      const later = await fetch(`${origin}/later`, { method: 'POST', body: big })
      assert.equal(await later.text(), 'early,then read 3000000')
    }
  })
})

withPython('a failing source fails its request and disconnects', disconnect, async (python) => {
  async function * broken () {
    yield Buffer.from('x')
    throw new Error('the source broke')
  }
  await assert.rejects(python.handleRequest({ method: 'POST', url: '/wait?id=b', body: broken() }),
    /the source broke/)
  await eventually(async () => {
    assert.equal((await python.handleRequest({ url: '/seen' })).json().b, 'disconnect')
  })
})

withPython('empty pieces and server-sent events arrive as sent', stream, async (python) => {
  const empty = await python.handleRequest({ url: '/empty-pieces' })
  assert.equal(empty.body.toString(), 'onetwo')
  await withServer(python.listener, async (origin) => {
    const response = await fetch(`${origin}/sse?n=3&ms=60`)
    assert.equal(response.headers.get('content-type'), 'text/event-stream')
    const events = []
    for await (const chunk of response.body) events.push(Buffer.from(chunk).toString())
    assert.deepEqual(events, [0, 1, 2].map((i) => `id: ${i}\ndata: event ${i}\n\n`))
  })
})
