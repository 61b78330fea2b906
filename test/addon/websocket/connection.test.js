import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'

import { loadBinding } from '../../../addon/lib/binding.js'
import { ConnectionStream } from '../../../addon/lib/websocket/connection.js'

const OVERHEAD = 64

/** A connection that the application has accepted, and what the application is told. */
async function connect ({ maxMessage = 1000 } = {}) {
  const said = []
  let stream
  const carrier = {
    messageOverhead: OVERHEAD,
    message (id, bytes, text) {
      said.push([text ? 'text' : 'bytes', Buffer.from(bytes).toString()])
      return bytes.length
    },
    consumed: (id, length) => said.push(['consumed', length]),
    closeSocket: (id, code, reason) => said.push(['close', code, reason])
  }
  const connecting = new Promise((resolve, reject) => {
    const limits = { ...loadBinding().limits, maxMessage }
    stream = new ConnectionStream('', '/chat', limits, resolve, reject)
    stream.opened(carrier, 1, 0)
  })
  return { said, stream, connecting }
}

async function open (options) {
  const { stream, connecting, ...rest } = await connect(options)
  stream.accept('chat', 'x-a\0b')
  return { stream, socket: await connecting, ...rest }
}

const arrives = (stream, text, end = true) => stream.receiveMessage(Buffer.from(text), true, end)

test('it is open once accepted, with the subprotocol and the headers', async () => {
  const { socket } = await open()
  assert.equal(socket.readyState, 1)
  assert.equal(socket.url, '/chat')
  assert.equal(socket.protocol, 'chat')
  assert.equal(socket.headers.get('x-a'), 'b')
})

test('messages go out as text or as bytes, whatever the type of the bytes', async () => {
  const { socket, said } = await open()
  socket.send('text')
  socket.send(Buffer.from('buffer'))
  socket.send(new TextEncoder().encode('array').buffer)
  assert.deepEqual(said, [['text', 'text'], ['bytes', 'buffer'], ['bytes', 'array']])
  assert.throws(() => socket.send(7), { code: 'ERR_INVALID_BODY' })
})

test('credit is given when a message is taken, not when it arrives', async () => {
  const { socket, stream, said } = await open()
  arrives(stream, 'one')
  arrives(stream, 'two')
  assert.deepEqual(said, [])
  const iterator = socket[Symbol.asyncIterator]()
  assert.equal((await iterator.next()).value, 'one')
  assert.deepEqual(said, [['consumed', 3 + OVERHEAD]])
  assert.equal((await iterator.next()).value, 'two')
  assert.deepEqual(said, [['consumed', 3 + OVERHEAD], ['consumed', 3 + OVERHEAD]])
})

test('pieces of a message get credit at once while no message waits', async () => {
  const { stream, said } = await open()
  arrives(stream, 'abc', false)
  assert.deepEqual(said, [['consumed', 3]])
  arrives(stream, 'de', true)
  arrives(stream, 'fgh', false)
  assert.deepEqual(said, [['consumed', 3]], 'a message waits before it')
})

test('a message that is longer than maxMessage closes with 1009', async () => {
  const { socket, stream, said } = await open({ maxMessage: 4 })
  const closed = new Promise((resolve) => { socket.onclose = resolve })
  arrives(stream, 'abc', false)
  arrives(stream, 'de', false)
  const { code, wasClean } = await closed
  assert.deepEqual([code, wasClean], [1009, true])
  assert.deepEqual(said.at(-1), ['close', 1009, ''])
  assert.equal(socket.readyState, 3)
})

test('listeners get what arrived before them, then the close', async () => {
  const { socket, stream } = await open()
  const events = []
  arrives(stream, 'early')
  stream.closed(1001, 'bye')
  socket.addEventListener('message', ({ data }) => events.push(data))
  socket.addEventListener('close', ({ code, reason }) => events.push([code, reason]))
  await turn()
  await turn()
  assert.deepEqual(events, ['early', [1001, 'bye']])
})

test('an iteration ends with the close, throws an error, and closes when it is left', async () => {
  const ended = await open()
  arrives(ended.stream, 'last')
  ended.stream.closed(1000, '')
  const messages = []
  for await (const message of ended.socket) messages.push(message)
  assert.deepEqual(messages, ['last'])

  const failed = await open()
  failed.stream.fail(Object.assign(new Error('x'), { code: 'X' }))
  await assert.rejects(failed.socket[Symbol.asyncIterator]().next(), { code: 'X' })

  const left = await open()
  arrives(left.stream, 'one')
  const iterator = left.socket[Symbol.asyncIterator]()
  await iterator.next()
  await iterator.return()
  assert.deepEqual(left.said.at(-1), ['close', 1005, ''])
})

test('close() takes the codes and the reason that a client may send', async () => {
  const { socket, said } = await open()
  for (const code of [999, 1001, 2999, 5000]) {
    assert.throws(() => socket.close(code), { name: 'InvalidAccessError' })
  }
  assert.throws(() => socket.close(1000, 'ü'.repeat(62)), { name: 'SyntaxError' })
  socket.close(3000, 'ü'.repeat(61))
  assert.deepEqual(said, [['close', 3000, 'ü'.repeat(61)]])
  socket.close()
  socket.send('late')
  assert.equal(said.length, 1)
})

test('a refusal rejects with the status, headers and body', async () => {
  const silent = await connect()
  silent.stream.closed(1000, '')
  await assert.rejects(silent.connecting, { code: 'ERR_WEBSOCKET_REFUSED', status: 403 })

  const { stream, connecting } = await connect()
  stream.respond(401, 'x-a\0b', Buffer.from('no '), false)
  stream.receive(Buffer.from('entry'), true)
  await assert.rejects(connecting, (error) => {
    assert.equal(error.status, 401)
    assert.equal(error.headers.get('x-a'), 'b')
    assert.equal(error.body.toString(), 'no entry')
    return true
  })
})

test('an error before the accept rejects', async () => {
  const { stream, connecting } = await connect()
  stream.fail(Object.assign(new Error('x'), { code: 'X' }))
  await assert.rejects(connecting, { code: 'X' })
})
