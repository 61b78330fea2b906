import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'

import { ResponseBody } from '../../../addon/lib/stream/response-body.js'

function make () {
  const stream = {
    taken: 0,
    error: null,
    consumed (length) { this.taken += length },
    abort (error) { this.error = error },
    runInAsyncScope: (read, body) => read.call(body)
  }
  return { stream, body: new ResponseBody(stream) }
}

test('data counts as consumed only when it is read', async () => {
  const { stream, body } = make()
  body.add(Buffer.from('abc'))
  body.add(Buffer.from('de'))
  await turn()
  assert.equal(stream.taken, 0)
  const iterator = body[Symbol.asyncIterator]()
  assert.equal((await iterator.next()).value.toString(), 'abc')
  await turn()
  assert.ok(stream.taken <= 5)
  assert.equal((await iterator.next()).value.toString(), 'de')
  assert.equal(stream.taken, 5)
  await iterator.return()
})

test('a reader that stops gets no more than one piece', async () => {
  const { stream, body } = make()
  for (let i = 0; i < 10; i++) body.add(Buffer.alloc(100))
  body.once('data', () => body.pause())
  for (let i = 0; i < 10; i++) await turn()
  assert.ok(stream.taken <= 200, `${stream.taken} bytes are consumed`)
  body.destroy()
})

test('a waiting reader gets data at once', async () => {
  const { body } = make()
  const chunks = []
  const reading = (async () => { for await (const chunk of body) chunks.push(String(chunk)) })()
  await turn()
  body.add(Buffer.from('a'))
  await turn()
  assert.deepEqual(chunks, ['a'])
  body.add(Buffer.from('b'))
  body.finish()
  await reading
  assert.deepEqual(chunks, ['a', 'b'])
})

test('no credit is given after the end', async () => {
  const { stream, body } = make()
  body.add(Buffer.from('abc'))
  body.finish()
  for await (const chunk of body) assert.equal(String(chunk), 'abc')
  assert.equal(stream.taken, 0)
  assert.equal(stream.error, null)
})

test('an error follows the data before it, and is never a clean end', async () => {
  const { body } = make()
  body.add(Buffer.from('abc'))
  body.fail(new Error('boom'))
  const chunks = []
  await assert.rejects(async () => { for await (const chunk of body) chunks.push(String(chunk)) },
    { message: 'boom' })
  assert.deepEqual(chunks, ['abc'])
})

test('an error without a reader does not end the process', async () => {
  const { body } = make()
  body.fail(new Error('boom'))
  for (let i = 0; i < 5; i++) await turn()
  assert.ok(!body.destroyed)
})

test('destroying the body aborts the request', async () => {
  const { stream, body } = make()
  body.add(Buffer.from('abc'))
  body.destroy()
  await turn()
  assert.equal(stream.error.code, 'ERR_RESPONSE_ABORTED')
})

test('leaving a loop early aborts the request', async () => {
  const { stream, body } = make()
  body.add(Buffer.from('abc'))
  const iterator = body[Symbol.asyncIterator]()
  assert.equal(String((await iterator.next()).value), 'abc')
  await iterator.return()
  assert.ok(stream.error instanceof Error)
})

test('what a listener of the user throws is uncaught, and the body goes on', async (t) => {
  const uncaught = []
  process.setUncaughtExceptionCaptureCallback((error) => uncaught.push(error.message))
  t.after(() => process.setUncaughtExceptionCaptureCallback(null))
  const { body } = make()
  const seen = []
  body.on('data', (chunk) => {
    seen.push(String(chunk))
    throw new Error(`listener of ${chunk}`)
  })
  await new Promise((resolve) => setImmediate(resolve))
  body.add(Buffer.from('a'))
  await new Promise((resolve) => setImmediate(resolve))
  body.add(Buffer.from('b'))
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(seen, ['a', 'b'])
  assert.deepEqual(uncaught, ['listener of a', 'listener of b'])
})
