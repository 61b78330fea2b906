import assert from 'node:assert/strict'
import { PassThrough, Readable } from 'node:stream'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'

import {
  BytesUpload, StreamUpload, discard, mayArrive, parseContent
} from '../../../addon/lib/stream/request-body.js'

/** The part of a RequestStream that uploads use: takes as many bytes as `room` allows. */
class Sink {
  constructor (room) {
    this.room = room
    this.taken = ''
    this.ended = false
    this.error = null
  }

  received () {}

  write (bytes, end) {
    assert.ok(!this.ended, 'write() after the end')
    const accepted = Math.min(bytes.length, this.room)
    this.room -= accepted
    this.taken += Buffer.from(bytes.subarray(0, accepted)).toString('latin1')
    if (end && accepted === bytes.length) this.ended = true
    return accepted
  }

  cancel (error) {
    this.error ??= error
  }
}

const parseBody = (value) => parseContent(value).body

function upload (source, room = Infinity) {
  const sink = new Sink(room)
  const body = parseBody(source)
  const sending = body instanceof Uint8Array
    ? new BytesUpload(sink, body)
    : new StreamUpload(sink, body)
  sending.begin()
  return { sink, sending, body }
}

test('no body', () => {
  for (const value of [undefined, null, '', Buffer.alloc(0)]) {
    assert.equal(parseBody(value), undefined)
  }
})

test('bytes of any kind', () => {
  const bytes = Uint8Array.from([104, 105])
  const view = new Uint8Array([0, 104, 105, 0]).subarray(1, 3)
  for (const value of ['hi', Buffer.from('hi'), bytes, bytes.buffer, view,
    new DataView(view.buffer, 1, 2), new Uint16Array(Buffer.from('hi').buffer.slice(0, 0))]) {
    const body = parseBody(value)
    if (value instanceof Uint16Array) assert.equal(body, undefined)
    else assert.equal(Buffer.from(body).toString(), 'hi')
  }
  assert.equal(Buffer.from(parseBody('ü')).toString('hex'), 'c3bc')
})

test('a value that cannot be a body is refused', () => {
  for (const value of [5, true, {}, () => {}, Symbol('x'), new Date()]) {
    assert.throws(() => parseBody(value), { code: 'ERR_INVALID_BODY' })
  }
})

test('a stream that was used up, or a web stream that is locked, is refused', async () => {
  const used = Readable.from(['x'])
  for await (const chunk of used) assert.equal(chunk, 'x')
  assert.throws(() => parseBody(used), { code: 'ERR_INVALID_BODY' })
  const destroyed = new PassThrough()
  destroyed.destroy()
  assert.throws(() => parseBody(destroyed), { code: 'ERR_INVALID_BODY' })
  const locked = new Blob(['x']).stream()
  locked.getReader()
  assert.throws(() => parseBody(locked), { code: 'ERR_INVALID_BODY' })
})

async function * generate () {
  yield 'a'
  yield Buffer.from('b')
  yield new Uint8Array([99]).buffer
}

for (const [kind, make] of Object.entries({
  'a Readable': () => Readable.from([Buffer.from('ab'), Buffer.from('c')]),
  'a web stream': () => new Blob(['abc']).stream(),
  'an async iterable': generate,
  'an iterable': () => ['a', 'b', Buffer.from('c')]
})) {
  test(`${kind} is sent to its end`, async () => {
    const { sink } = upload(make())
    while (!sink.ended) await turn()
    assert.equal(sink.taken, 'abc')
    assert.equal(sink.error, null)
  })
}

test('bytes go on when there is credit, and the end comes with the last of them', () => {
  const { sink, sending } = upload(Buffer.from('abcdef'), 2)
  assert.equal(sink.taken, 'ab')
  sink.room = 3
  sending.resume()
  assert.equal(sink.taken, 'abcde')
  assert.ok(!sink.ended)
  sink.room = 10
  sending.resume()
  sending.resume()
  assert.equal(sink.taken, 'abcdef')
  assert.ok(sink.ended)
})

test('a source is read no faster than there is credit', async () => {
  let pulled = 0
  const source = new Readable({
    highWaterMark: 4,
    read () { this.push(++pulled <= 100 ? 'abcd' : null) }
  })
  const { sink, sending } = upload(source, 6)
  for (let i = 0; i < 20; i++) await turn()
  assert.equal(sink.taken, 'abcdab')
  assert.ok(pulled < 6, `${pulled} chunks were pulled`)
  while (!sink.ended) {
    sink.room = 50
    sending.resume()
    await turn()
  }
  assert.equal(sink.taken, 'abcd'.repeat(100))
})

test('the end waits for the bytes before it', async () => {
  const { sink, sending } = upload(Readable.from([Buffer.from('abc')]), 1)
  for (let i = 0; i < 5; i++) await turn()
  assert.deepEqual([sink.taken, sink.ended], ['a', false])
  sink.room = 5
  sending.resume()
  for (let i = 0; i < 5; i++) await turn()
  assert.deepEqual([sink.taken, sink.ended], ['abc', true])
})

test('an error of the source is the error of the request', async () => {
  const failure = new Error('disk on fire')
  const source = Readable.from((async function * () {
    yield 'a'
    throw failure
  })())
  const { sink } = upload(source)
  while (sink.error === null) await turn()
  assert.equal(sink.error, failure)
})

test('a source that closes before its end is an error', async () => {
  const source = new PassThrough()
  const { sink } = upload(source)
  source.write('a')
  await turn()
  source.destroy()
  await turn()
  assert.equal(sink.error.code, 'ERR_INVALID_BODY')
})

test('a source that failed while the request was in the queue', () => {
  const source = new PassThrough()
  const body = parseBody(source)
  source.on('error', () => {})
  source.destroy(new Error('gone'))
  const sink = new Sink(10)
  new StreamUpload(sink, body).begin()
  assert.equal(sink.error.message, 'gone')
})

test('a piece that is neither a string nor bytes is an error', async () => {
  const { sink } = upload([Buffer.from('a'), 7])
  while (sink.error === null) await turn()
  assert.equal(sink.error.code, 'ERR_INVALID_BODY')
  assert.match(sink.error.message, /number/)
})

test('an encoding of the source is honoured', async () => {
  const source = Readable.from([Buffer.from([0xe9])], { objectMode: false })
  source.setEncoding('latin1')
  const { sink } = upload(source)
  while (!sink.ended) await turn()
  assert.equal(sink.taken, 'é')
})

test('after stop() nothing is sent, and an error of the source is nobody\'s', async () => {
  const source = new PassThrough()
  const { sink, sending } = upload(source)
  sending.stop()
  sending.stop()
  source.write('late')
  source.destroy(new Error('late'))
  for (let i = 0; i < 5; i++) await turn()
  assert.equal(sink.taken, '')
  assert.equal(sink.error, null)
})

test('the error of a body that was never sent ended Node', async () => {
  // A listener of the test itself would hide it: 'error' without one throws.
  const readable = new Readable({ read () {} })
  parseBody(readable)
  assert.ok(readable.listenerCount('error') > 0)
  let fail
  const web = new ReadableStream({
    start (controller) { fail = (error) => controller.error(error) }
  })
  const body = parseBody(web)
  fail(new Error('gone'))
  while (!body.destroyed) await turn()
  for (let i = 0; i < 5; i++) await turn()
  assert.equal(body.errored.message, 'gone')
})

test('pieces of a web stream were refused that other bodies may have', async () => {
  const { sink } = upload(ReadableStream.from(['a', Buffer.from('b'), new Uint8Array([99]).buffer]))
  while (!sink.ended && sink.error === null) await turn()
  assert.deepEqual([sink.error, sink.taken], [null, 'abc'])
  const { sink: other } = upload(ReadableStream.from(['a', 5]))
  while (!other.ended && other.error === null) await turn()
  assert.equal(other.error.code, 'ERR_INVALID_BODY')
})

test('the rest of a body that may come from a client is read, one piece in a turn', async () => {
  let pulled = 0
  let isCancelled = false
  const body = parseBody(new ReadableStream({
    pull (controller) {
      controller.enqueue(Buffer.from('x'))
      if (++pulled === 100) controller.close()
    },
    cancel () { isCancelled = true }
  }))
  assert.ok(mayArrive(body))
  discard(body)
  let turns = 0
  while (!body.destroyed) {
    await turn()
    turns++
  }
  assert.deepEqual([pulled, isCancelled], [100, false])
  assert.ok(turns >= 50, `an endless body would leave no time for anything else: ${turns} turns`)
})

test('the rest of a body is read for 30 seconds at most', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let cancel
  const cancelled = new Promise((resolve) => { cancel = resolve })
  const body = parseBody(new ReadableStream({ cancel }))
  discard(body)
  t.mock.timers.tick(29_999)
  await turn()
  assert.equal(body.destroyed, false)
  t.mock.timers.tick(1)
  await cancelled
})

test('files and generators come from no client', () => {
  for (const source of [new PassThrough(), ['a'], (async function * () { yield 'a' })()]) {
    assert.equal(mayArrive(parseBody(source)), false)
  }
})
