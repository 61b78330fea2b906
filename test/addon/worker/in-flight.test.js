import assert from 'node:assert/strict'
import { test } from 'node:test'

import { RequestStream } from '../../../addon/lib/stream/request-stream.js'
import { SocketStream } from '../../../addon/lib/stream/socket-stream.js'
import { Batch, InFlight } from '../../../addon/lib/worker/in-flight.js'

const TYPES = Object.fromEntries(['RESPONSE_START', 'BODY', 'MESSAGE', 'ACCEPT', 'CLOSE',
  'TRAILERS', 'FILE', 'EARLY_HINT', 'PUSH', 'CONTINUE', 'CREDIT', 'APP_ERROR', 'CLOSED', 'READY']
  .map((name, i) => [name, i + 1]))

/** The requests in flight of a worker, and what was said to its channel. */
function make ({ chunk = 4, grace = Infinity, noFiles = false } = {}) {
  const said = []
  let lastId = 0
  const channel = new Proxy({}, {
    get: (_, name) => (...args) => {
      said.push([name, ...args])
      if (name === 'request' || name === 'connect') {
        if (args[0] === 'refused') {
          throw Object.assign(new Error('refused'), { code: 'ERR_INVALID_URL' })
        }
        return ++lastId
      }
      if (name === 'takeFile') {
        if (noFiles) throw Object.assign(new Error('EMFILE'), { code: 'ERR_NO_RESOURCES' })
        return -1
      }
      return name === 'write' || name === 'message' ? args[1].length : undefined
    }
  })
  const errors = []
  const binding = { limits: { chunk, messageOverhead: 64 }, eventTypes: TYPES }
  const requests = new InFlight(channel, binding, grace,
    { onAppError: (error) => errors.push(error), onAborted: () => {} })
  /** Delivers one event, with the bytes of its body. */
  const event = (type, id, first, second, body, last) => requests.take(
    [TYPES[type], id, first, second, body?.length, last], 0, new Batch(body))
  return { requests, said, errors, event }
}

class Stream extends RequestStream {
  events = []
  onStart (status, headers, body, end) { this.events.push(['start', status, String(body), end]) }
  onBody (body, end) { this.events.push(['body', String(body), end]) }
  onTrailers (headers) { this.events.push(['trailers', headers]) }
  onFile (status, headers, file) { this.events.push(['file', status, file.close()]) }
  onError (error) { this.events.push(['error', error.code]) }
}

class Socket extends SocketStream {
  events = []
  onAccept (subprotocol) { this.events.push(['accept', subprotocol]) }
  onMessage (bytes, text, end) { this.events.push(['message', String(bytes), text, end]) }
  onClose (code, reason) { this.events.push(['close', code, reason]) }
  onError (error) { this.events.push(['error', error.code]) }
}

const send = (requests, body, head = 'GET') => {
  const stream = new Stream(head, body)
  requests.send(stream)
  return stream
}

test('an exception in the handling of an event ended the process', () => {
  const { requests, event, said } = make()
  const failing = send(requests)
  failing.onStart = () => { throw new TypeError('mistake') }
  assert.equal(event('RESPONSE_START', failing.id, 200, '', Buffer.from('x'), false), true)
  assert.deepEqual(failing.events, [['error', undefined]])
  assert.deepEqual(said.at(-1), ['abort', failing.id])
  const other = send(requests)
  other.onBody = () => { throw new TypeError('mistake') }
  event('RESPONSE_START', other.id, 200, '', Buffer.from('a'), false)
  event('BODY', other.id, undefined, undefined, Buffer.from('b'), true)
  assert.deepEqual(other.events.map(([name]) => name), ['start', 'error'])
  const socket = new Socket('GET')
  requests.send(socket)
  socket.onAccept = () => { throw new TypeError('mistake') }
  event('ACCEPT', socket.id, '', '')
  assert.deepEqual(socket.events, [['error', undefined]])
  for (const type of ['EARLY_HINT', 'PUSH', 'CONTINUE', 'CREDIT']) {
    const stream = send(requests)
    const fail = () => { throw new TypeError('mistake') }
    Object.assign(stream, { onEarlyHint: fail, onPush: fail, onContinue: fail, credit: fail })
    assert.equal(event(type, stream.id, '', ''), true)
    assert.deepEqual(stream.events, [['error', undefined]], type)
  }
  assert.equal(requests.awaited, false)
})

test('the first chunk of a body goes with the head, the rest follows', () => {
  const { requests, said } = make()
  const stream = send(requests, Buffer.from('0123456789'))
  assert.deepEqual(said.map(([name, ...args]) => [name, ...args.map(String)]),
    [['request', 'GET', '0123', 'false'], ['write', '1', '456789', 'true']])
  assert.equal(stream.id, 1)
  assert.equal(stream.carrier, requests)
})

test('a request that the channel refuses fails, and does not count', () => {
  const { requests } = make()
  const stream = new Stream('refused', undefined)
  assert.equal(requests.send(stream), false)
  assert.deepEqual(stream.events, [['error', 'ERR_INVALID_URL']])
  assert.equal(requests.size, 0)
  assert.equal(requests.traffic.requests, 0)
})

test('a file for which there is no descriptor fails its request', () => {
  const { requests, event } = make({ noFiles: true })
  const stream = send(requests)
  event('FILE', stream.id, 200, '')
  assert.deepEqual(stream.events, [['error', 'ERR_INVALID_RESPONSE']])
})

test('a file is taken only for a request that waits for it', () => {
  const { requests, said, event } = make()
  const [waiting, cancelled] = [send(requests), send(requests)]
  cancelled.cancel(Object.assign(new Error('x'), { code: 'X' }))
  for (const { id } of [waiting, cancelled]) event('FILE', id, 200, '')
  assert.deepEqual(said.filter(([name]) => name === 'takeFile'), [['takeFile', waiting.id]])
})

test('every way a request can end is counted once', () => {
  const { requests, event } = make()
  const outcomes = {
    answered: [
      (id) => event('RESPONSE_START', id, 200, '', Buffer.from('hi'), true),
      (id) => {
        event('RESPONSE_START', id, 200, '', undefined, false)
        event('BODY', id, undefined, undefined, Buffer.from('b'), true)
      },
      (id) => {
        event('RESPONSE_START', id, 200, '', undefined, false)
        event('TRAILERS', id, 'a\0b')
      },
      (id) => event('FILE', id, 200, '')
    ],
    failed: [
      (id) => event('APP_ERROR', id, ['KeyError', 'x', 'Traceback'], false),
      (id) => event('CLOSED', id)
    ],
    aborted: [(id, stream) => {
      stream.cancel(Object.assign(new Error('x'), { code: 'X' }))
      event('CLOSED', id)
    }]
  }
  for (const [outcome, causes] of Object.entries(outcomes)) {
    for (const cause of causes) {
      const before = requests.traffic[outcome]
      const stream = send(requests)
      assert.equal(requests.size, 1)
      requests.freed = false
      cause(stream.id, stream)
      assert.equal(requests.traffic[outcome], before + 1, outcome)
      assert.equal(requests.size, 0)
      assert.equal(requests.freed, true)
      assert.equal(stream.finished, true)
    }
  }
  const { requests: total, answered, failed, aborted, lost } = requests.traffic
  assert.deepEqual([total, answered + failed + aborted + lost], [7, 7])
})

test('the bytes of a batch are shared out in order, also to streams that have gone', () => {
  const { requests } = make()
  const [first, gone, last] = [send(requests), send(requests), send(requests)]
  requests.take([TYPES.CLOSED, gone.id], 0, new Batch())
  const batch = new Batch(Buffer.from('onetwothree'))
  const start = (id, length) => requests.take(
    [TYPES.RESPONSE_START, id, 200, '', length, true], 0, batch)
  start(first.id, 3)
  start(gone.id, 3)
  start(last.id, 5)
  assert.deepEqual(first.events, [['start', 200, 'one', true]])
  assert.deepEqual(last.events, [['start', 200, 'three', true]])
})

test('an exception in the application reaches its request and the owner', () => {
  const { requests, errors, event } = make()
  const stream = send(requests)
  event('APP_ERROR', stream.id, ['KeyError', 'x', 'Traceback'], true)
  assert.deepEqual(stream.events, [['error', 'ERR_APP']])
  assert.equal(errors[0].traceback, 'Traceback')
  assert.equal(errors[0].responseStarted, true)
})

test('an aborted request is cancelled after the grace, unless it ends before', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { requests, said, event } = make({ grace: 100 })
  const error = Object.assign(new Error('x'), { code: 'X' })
  const [slow, quick] = [send(requests), send(requests)]
  slow.cancel(error)
  quick.cancel(error)
  event('CLOSED', quick.id)
  t.mock.timers.tick(99)
  assert.deepEqual(said.filter(([name]) => name === 'cancel'), [])
  t.mock.timers.tick(1)
  assert.deepEqual(said.filter(([name]) => name === 'cancel'), [['cancel', slow.id]])
})

test('nothing is said about a request that has ended', () => {
  const { requests, said, event } = make()
  const stream = send(requests)
  event('RESPONSE_START', stream.id, 200, '', undefined, true)
  said.length = 0
  assert.equal(requests.write(stream.id, Buffer.from('late'), true), 4)
  requests.consumed(stream.id, 1)
  requests.abort(stream.id)
  assert.equal(requests.message(stream.id, Buffer.from('late'), true), 4)
  requests.closeSocket(stream.id, 1000, '')
  assert.deepEqual(said, [])
})

test('open WebSockets are counted from their accept to their close', () => {
  const { requests, said, event } = make()
  const socket = new Socket('/chat')
  requests.send(socket)
  assert.deepEqual(said, [['connect', '/chat']])
  assert.equal(requests.sockets, 0)
  event('ACCEPT', socket.id, 'chat', '')
  assert.deepEqual([requests.size, requests.sockets], [1, 1])
  event('MESSAGE', socket.id, true, undefined, Buffer.from('hi'), true)
  event('CLOSE', socket.id, 1001, 'bye')
  assert.deepEqual(socket.events,
    [['accept', 'chat'], ['message', 'hi', true, true], ['close', 1001, 'bye']])
  assert.deepEqual([requests.size, requests.sockets, requests.traffic.answered], [0, 0, 1])
})

test('cancelSockets() leaves HTTP requests alone, cancelAll() does not', () => {
  const { requests } = make()
  const error = Object.assign(new Error('x'), { code: 'X' })
  const socket = new Socket('/chat')
  requests.send(socket)
  const stream = send(requests)
  requests.cancelSockets(error)
  assert.deepEqual([socket.finished, stream.finished], [true, false])
  requests.cancelAll(error)
  assert.equal(stream.finished, true)
})

test('drop() returns what is in flight, oldest first, and counts it as lost', () => {
  const { requests, event } = make()
  const streams = [send(requests), send(requests), send(requests)]
  event('CLOSED', streams[1].id)
  assert.deepEqual(requests.drop(), [streams[0], streams[2]])
  assert.equal(requests.traffic.lost, 2)
  assert.equal(requests.size, 0)
  assert.deepEqual(requests.streams(), [])
})

test('events that are not about a request are left to the worker', () => {
  assert.equal(make().event('READY', 0, '{}'), false)
})
