import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Headers } from '../../../addon/lib/message/headers.js'
import { Request, markSent } from '../../../addon/lib/message/request.js'

test('a request has defaults', () => {
  const request = new Request()
  assert.equal(request.method, 'GET')
  assert.equal(request.url, '/')
  assert.equal(request.body, null)
  assert.equal(request.headers.size, 0)
})

test('the properties of a request can be changed', () => {
  const request = new Request({ url: '/a', headers: { a: '1' } })
  request.method = 'PUT'
  request.url = 'https://h/b?c'
  request.headers = { b: ['1', '2'] }
  assert.equal(request.path, '/b')
  assert.deepEqual(request.headers.getAll('b'), ['1', '2'])
  const headers = new Headers()
  request.headers = headers
  assert.equal(request.headers, headers)
})

test('path is the path of every kind of url', () => {
  for (const [url, path] of [['/a?b', '/a'], ['http://h', '/'], ['http://h?x', '/'], ['/#f', '/'],
    ['https://u@h:1/a/b#c', '/a/b']]) assert.equal(new Request({ url }).path, path)
})

test('toJSON() includes a body that is not a stream', () => {
  const request = new Request({ url: '/', method: 'POST', body: Buffer.from('hi') })
  assert.deepEqual(JSON.parse(JSON.stringify(request)),
    { method: 'POST', url: '/', headers: {}, body: 'hi' })
})

test('a body can be written before the request is sent', async () => {
  const request = new Request({ url: '/' })
  await request.write('Hello ')
  await request.write(Buffer.from('world'))
  await request.end('!')
  const chunks = []
  for await (const chunk of request.body) chunks.push(chunk)
  assert.equal(Buffer.concat(chunks).toString(), 'Hello world!')
})

test('write() waits for the reader, but not after the request has ended', async () => {
  const request = new Request({ url: '/' })
  const order = []
  const writing = request.write(Buffer.alloc(1 << 20)).then(() => order.push('written'))
  await new Promise(setImmediate)
  order.push('destroyed')
  request.body.destroy()
  await writing
  assert.deepEqual(order, ['destroyed', 'written'])
  await assert.rejects(request.write('more'), { code: 'ERR_INVALID_BODY' })
})

test('write() rejects if the request has a body, or was sent without one', async () => {
  const whole = new Request({ url: '/', body: 'x' })
  await assert.rejects(whole.write('y'), { code: 'ERR_INVALID_BODY' })
  const sent = new Request({ url: '/' })
  markSent(sent)
  await assert.rejects(sent.write('y'), { code: 'ERR_INVALID_BODY', message: /before/ })
})

test('write() rejects after end()', async () => {
  const request = new Request({ url: '/' })
  await request.end()
  await assert.rejects(request.write('y'), { code: 'ERR_INVALID_BODY' })
})
