import assert from 'node:assert/strict'
import { test } from 'node:test'

import { closedError, crashedError, drainedError } from '../../../addon/lib/errors.js'
import { SocketStream } from '../../../addon/lib/stream/socket-stream.js'

class Socket extends SocketStream {
  events = []
  onAccept (subprotocol) { this.events.push(['accept', subprotocol]) }
  onMessage (bytes, text, end) { this.events.push(['message', String(bytes), text, end]) }
  onClose (code, reason) { this.events.push(['close', code, reason]) }
  onError (error) { this.events.push(['error', error.code]) }
  onFlushed () { this.events.push(['flushed']) }
}

/** A carrier with room for `room` bytes of messages. */
function link (room = Infinity) {
  return {
    room,
    said: [],
    messageOverhead: 64,
    message (id, bytes, text) {
      const taken = Math.min(bytes.length, this.room)
      this.room -= taken
      if (taken > 0) this.said.push(String(bytes.subarray(0, taken)))
      return taken
    },
    consumed (id, length) { this.said.push(length) },
    closeSocket (id, code, reason) { this.said.push([code, reason]) }
  }
}

function opened (worker) {
  const socket = new Socket('')
  socket.opened(worker, 1, 0)
  socket.accept('chat', '')
  return socket
}

const bytes = (text) => Buffer.from(text)

test('messages wait in order while the application does not read', () => {
  const worker = link(5)
  const socket = opened(worker)
  assert.equal(socket.sendMessage(bytes('one'), true), true)
  assert.equal(socket.sendMessage(bytes('twotwo'), true), false)
  assert.equal(socket.sendMessage(bytes('three'), true), false)
  assert.equal(socket.waitingBytes, 9)
  worker.room = 4
  socket.credit()
  assert.deepEqual(socket.events, [['accept', 'chat']])
  worker.room = 5
  socket.credit()
  assert.deepEqual(worker.said, ['one', 'tw', 'otwo', 'three'])
  assert.deepEqual(socket.events.at(-1), ['flushed'])
  assert.equal(socket.waitingBytes, 0)
})

test('what a client sent before it left reaches the application before its close', () => {
  const worker = link(0)
  const socket = opened(worker)
  socket.sendMessage(bytes('last'), true)
  socket.leave(1000, 'bye')
  assert.deepEqual(worker.said, [])
  worker.room = 10
  socket.credit()
  assert.deepEqual(worker.said, ['last', [1000, 'bye']])
  socket.closed(1001, '')
  assert.deepEqual(socket.events, [['accept', 'chat']])
})

test('a farewell to an application that does not read has an end', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const worker = link(0)
  const socket = opened(worker)
  socket.sendMessage(bytes('last'), true)
  socket.leave(1000, '')
  t.mock.timers.tick(9_999)
  assert.deepEqual(worker.said, [])
  t.mock.timers.tick(1)
  assert.deepEqual(worker.said, [[1000, '']])
})

test('the application learns 1012 of a restart, and 1006 of everything else', () => {
  for (const [error, code] of [
    [closedError(), 1012],
    [drainedError({ id: 1, pid: 2, reason: 'recycle' }), 1012],
    [crashedError({ id: 1, pid: 2 }, 1, 0), 1006]
  ]) {
    const worker = link()
    const socket = opened(worker)
    socket.cancel(error)
    assert.deepEqual(worker.said, [[code, '']])
    assert.deepEqual(socket.events.at(-1), ['error', error.code])
  }
})

test('messages to a client that has gone give their room back', () => {
  const worker = link()
  const socket = opened(worker)
  socket.leave(1000, '')
  socket.receiveMessage(bytes('late'), true, false)
  socket.receiveMessage(undefined, true, true)
  assert.deepEqual(worker.said.slice(1), [4, 64])
  assert.deepEqual(socket.events, [['accept', 'chat']])
})

test('an accept after the client has left is not told', () => {
  const worker = link()
  const socket = new Socket('')
  socket.opened(worker, 1, 0)
  socket.leave(1006, '')
  socket.accept('', '')
  assert.deepEqual(socket.events, [])
  assert.deepEqual(worker.said, [[1006, '']])
})
