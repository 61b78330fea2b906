import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { createSecureServer, createServer as createHttp2Server } from 'node:http2'
import { createServer as createTcpServer } from 'node:net'
import { test } from 'node:test'
import { createServer as createTlsServer } from 'node:tls'

import express from 'express'

import { fakeHandler } from '../../support/fake-handler.js'

const refuses = (call, option, ...facts) => assert.throws(call, (error) => {
  assert.equal(error.code, 'ERR_INVALID_OPTION', error.stack)
  assert.equal(error.option, option)
  for (const fact of facts) assert.ok(error.message.includes(fact), `${fact} in: ${error.message}`)
  return true
})

test('attach() to something else than an HTTP server says what to do', (t) => {
  const { python } = fakeHandler(t)
  const server = createServer()
  for (const [value, ...facts] of [
    [express(), 'app.listen()', 'app.use(python.listener)'],
    [undefined, 'undefined'],
    [null, 'null'],
    ['127.0.0.1', '"127.0.0.1"'],
    [8000, 'a number'],
    [{}, 'an object'],
    [() => {}, 'a function'],
    [[server], 'an array'],
    [{ server }, 'property server'],
    [{ httpServer: server }, 'property httpServer'],
    [{ getHttpServer: () => server }, 'app.getHttpServer()'],
    [{ callback () {}, listen () {} }, 'app.listen()'],
    [createTcpServer(), 'without HTTP'],
    [createTlsServer(), 'without HTTP']
  ]) refuses(() => python.attach(value), 'server', ...facts)
  for (const fine of [server, createHttp2Server(), createSecureServer()]) python.attach(fine)
})

test('options of attach() that mean nothing are refused', (t) => {
  const { python } = fakeHandler(t)
  const server = createServer()
  refuses(() => python.attach(server, { prefx: '/a' }), 'prefx', 'did you mean prefix')
  for (const options of ['/a', null, ['/a'], 5]) {
    refuses(() => python.attach(server, options), 'options', 'attach()', 'prefix')
  }
  assert.equal(server.listenerCount('upgrade'), 0)
})

test('a listener that is called, or gets the objects of a framework, says what to do', (t) => {
  const { python } = fakeHandler(t)
  const res = { writeHead () {} }
  for (const [args, ...facts] of [
    [[], 'app.use(python.listener)'],
    [[{ req: {}, res }, () => {}], 'Koa', 'ctx.req'],
    [[{ raw: {} }, { raw: res }], 'Fastify', 'reply.raw'],
    [[new Request('http://h/')], 'python.fetch'],
    [[{ req: { raw: new Request('http://h/') } }, async () => {}], 'python.fetch'],
    [[{}, 5], 'an object', 'a number']
  ]) refuses(() => python.listener(...args), 'listener', ...facts)
  refuses(() => express().use(python.listener()), 'listener')
  for (const args of [[], [{}], [{}, {}], [undefined, { destroy () {} }]]) {
    refuses(() => python.upgrade(...args), 'upgrade', 'python.upgrade)')
  }
})

test('options of close() and reload() that mean nothing are refused', async (t) => {
  const { python } = fakeHandler(t)
  await python.ready
  refuses(() => python.close({ timeuot: 5 }), 'timeuot', 'did you mean timeout')
  refuses(() => python.close(5), 'options', 'a number')
  refuses(() => python.close(null), 'options', 'null')
  await assert.rejects(python.reload({ drain: 5 }), { code: 'ERR_INVALID_OPTION', option: 'drain' })
  await assert.rejects(python.reload(5), { code: 'ERR_INVALID_OPTION' })
  assert.equal((await python.handleRequest({ url: '/' }).catch((error) => error.code)) ===
    'ERR_CLOSED', false)
})
