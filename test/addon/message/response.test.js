import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  Response, StreamingResponse, bufferedResponse, streamingResponse
} from '../../../addon/lib/message/response.js'
import { Readable } from 'node:stream'

test('a response that a user creates', () => {
  const response = new Response({ status: 201, headers: { A: ['1', '2'] }, body: '{"a":1}' })
  assert.equal(response.status, 201)
  assert.deepEqual(response.headers.getAll('a'), ['1', '2'])
  assert.ok(Buffer.isBuffer(response.body))
  assert.equal(response.text(), '{"a":1}')
  assert.deepEqual(response.json(), { a: 1 })
  assert.deepEqual(response.toJSON(), { status: 201, headers: { a: ['1', '2'] }, body: '{"a":1}' })
})

test('every response looked like a failure to code that asks for `ok`', () => {
  const statuses = [199, 200, 204, 299, 300, 404, 500]
  assert.deepEqual(statuses.filter((status) => bufferedResponse(status, '', Buffer.alloc(0)).ok),
    [200, 204, 299])
  assert.equal(streamingResponse(201, '', Readable.from([])).ok, true)
})

test('the defaults, and the properties for compatibility', () => {
  const response = new Response()
  assert.equal(response.status, 200)
  assert.equal(response.body.length, 0)
  assert.equal(response.log.length, 0)
  assert.equal(response.exception, null)
})

test('toJSON() left out the log and the exception that the response was given', () => {
  assert.deepEqual(new Response({ log: 'line', exception: 'ValueError' }).toJSON(),
    { status: 200, headers: {}, body: '', log: 'line', exception: 'ValueError' })
})

test('every kind of bytes becomes a Buffer', () => {
  assert.equal(new Response({ body: new Uint8Array([104, 105]) }).text(), 'hi')
  assert.equal(new Response({ body: null }).text(), '')
})

test('a response from a worker', () => {
  const response = bufferedResponse(404, 'a\0\x31\0a\0\x32', Buffer.from('no'))
  assert.ok(response instanceof Response)
  assert.deepEqual(response.headers.getAll('a'), ['1', '2'])
  assert.equal(response.headers, response.headers)
  response.headers = { b: '3' }
  assert.equal(response.headers.get('b'), '3')
})

test('a streaming response can be iterated like its body', async () => {
  const response = streamingResponse(200, '', Readable.from([Buffer.from('a'), Buffer.from('b')]))
  assert.ok(response instanceof StreamingResponse)
  const chunks = []
  for await (const chunk of response) chunks.push(chunk.toString())
  assert.deepEqual(chunks, ['a', 'b'])
})
