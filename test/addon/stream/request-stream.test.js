import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'

import { RequestStream, isRepeatable } from '../../../addon/lib/stream/request-stream.js'
import { stopClock } from '../../support/time.js'

class Stream extends RequestStream {
  events = []
  onStart (status, headers, body, end) { this.events.push(['start', status, end]) }
  onBody (body, end) { this.events.push(['body', String(body), end]) }
  onTrailers (headers) { this.events.push(['trailers', headers]) }
  onFile (status, headers, file) { this.events.push(['file', file.name]) }
  onError (error) { this.events.push(['error', error.code]) }
}

/** A carrier with room for `room` bytes of a body. */
function carrier (room = Infinity) {
  return {
    room,
    said: [],
    write (id, bytes, end) {
      const taken = Math.min(bytes.length, this.room)
      this.room -= taken
      this.said.push(['write', String(bytes.subarray(0, taken)), end && taken === bytes.length])
      return taken
    },
    consumed (id, length) { this.said.push(['consumed', length]) },
    abort (id) { this.said.push(['abort', id]) }
  }
}

const failure = Object.assign(new Error('x'), { code: 'X' })

function opened (body, link = carrier()) {
  const stream = new Stream('', body)
  stream.opened(link, 1, 0)
  return { stream, link }
}

test('safe methods are repeatable, others only when the sender says so', () => {
  for (const method of [undefined, 'GET', 'HEAD', 'OPTIONS', 'TRACE']) {
    assert.equal(isRepeatable(method), true)
  }
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'get']) {
    assert.equal(isRepeatable(method), false)
    assert.equal(isRepeatable(method, true), true)
  }
})

test('the consumer sees one end, whatever comes after it', () => {
  for (const [end, first] of [
    [(stream) => stream.respond(200, '', undefined, true), ['start', 200, true]],
    [(stream) => stream.respondFile(200, '', { name: '/f' }), ['file', '/f']],
    [(stream) => stream.fail(failure), ['error', 'X']],
    [(stream) => stream.cancel(failure), ['error', 'X']]
  ]) {
    const { stream } = opened()
    let closed = 0
    end(stream)
    stream.respond(500, '', undefined, true)
    stream.receive(Buffer.from('late'), true)
    stream.receiveTrailers('')
    stream.respondFile(200, '', { close () { closed++ } })
    stream.fail(failure)
    stream.cancel(failure)
    assert.deepEqual(stream.events, [first])
    assert.equal(closed, 1)
  }
})

test('a body waits for credit', () => {
  const { stream, link } = opened(Buffer.from('0123456789'), carrier(4))
  link.room = 3
  stream.credit()
  link.room = 10
  stream.credit()
  stream.credit()
  assert.deepEqual(link.said, [['write', '0123', false], ['write', '456', false],
    ['write', '789', true]])
})

test('cancel() tells the worker that has the request, or leaves the queue', () => {
  const { stream, link } = opened()
  stream.cancel(failure)
  assert.deepEqual(link.said, [['abort', 1]])
  const waiting = new Stream('', undefined)
  let removed = 0
  waiting.queued({ remove: () => { removed++ } })
  waiting.cancel(failure)
  assert.equal(removed, 1)
  assert.deepEqual(waiting.events, [['error', 'X']])
})

test('a request goes to another worker only if it is repeatable and has no response yet', () => {
  const cases = [
    [true, () => {}, true],
    [false, () => {}, false],
    [true, (stream) => stream.respond(200, '', undefined, false), false],
    [true, (stream) => stream.fail(failure), false]
  ]
  for (const [repeatable, before, expected] of cases) {
    const stream = new Stream('', Buffer.from('body'))
    stream.repeatable = repeatable
    stream.opened(carrier(2), 1, 0)
    before(stream)
    assert.equal(stream.takeBack(), expected)
    if (!expected) continue
    const second = carrier()
    stream.opened(second, 7, 0)
    assert.deepEqual(second.said, [['write', 'body', true]], 'all of the body again')
    assert.equal(stream.repeats, 1)
  }
})

test('a body that arrives in pieces cannot be repeated', () => {
  const stream = new Stream('', new PassThrough())
  stream.repeatable = true
  stream.opened(carrier(), 1, 0)
  assert.equal(stream.takeBack(), false)
  stream.cancel(failure)
})

test('the end of a request destroys the source of its body', () => {
  const source = new PassThrough()
  const { stream } = opened(source)
  stream.respond(200, '', undefined, true)
  assert.equal(source.destroyed, true)
})

test('the time limit ends with the start of the response', (t) => {
  const clock = stopClock(t)
  const slow = new Stream('', undefined)
  const quick = new Stream('', undefined)
  for (const stream of [slow, quick]) {
    assert.equal(stream.limit({ timeout: 100 }), true)
    stream.opened(carrier(), 1, 0)
  }
  quick.respond(200, '', undefined, false)
  clock.pass(100)
  assert.deepEqual(slow.events, [['error', 'ERR_REQUEST_TIMEOUT']])
  assert.deepEqual(quick.events, [['start', 200, false]])
})

test('a request times out although its response has arrived while Node was blocked', (t) => {
  const clock = stopClock(t)
  const stream = new Stream('', undefined)
  stream.limit({ timeout: 100 })
  stream.opened(carrier(), 1, 0)
  clock.pass(100, () => stream.respond(200, '', undefined, false))
  assert.deepEqual(stream.events, [['start', 200, false]])
})

test('a signal aborts a request, before it begins and later, but not after its end', () => {
  const aborted = new Stream('', undefined)
  assert.equal(aborted.limit({ signal: AbortSignal.abort(failure) }), false)
  assert.deepEqual(aborted.events, [['error', 'X']])

  const controller = new AbortController()
  const running = new Stream('', undefined)
  const done = new Stream('', undefined)
  const link = carrier()
  for (const stream of [running, done]) {
    stream.limit({ signal: controller.signal })
    stream.opened(link, 1, 0)
  }
  done.respond(200, '', undefined, true)
  controller.abort(failure)
  assert.deepEqual(running.events, [['error', 'X']])
  assert.deepEqual(done.events, [['start', 200, true]])
  assert.deepEqual(link.said, [['abort', 1]])
})

test('an event stream kept the headers of its request until it ended', () => {
  const stream = new Stream('GET\0http\x001.1\0/events\0\0\0\0\0\0\0\0\0\0\0cookie\0c=1', undefined)
  stream.opened(carrier(), 1, 0)
  stream.respond(200, '', undefined, false)
  assert.equal(stream.head, 'GET\0\0\0/events')
})
