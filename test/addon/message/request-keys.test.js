import assert from 'node:assert/strict'
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { test } from 'node:test'

import { Headers, Request, Response } from '../../../addon/lib/index.js'
import { checkSocketInfo } from '../../../addon/lib/message/request-keys.js'
import { fakeHandler } from '../../support/fake-handler.js'

const hello = { app: (request) => request.respond(200, request.method) }

/** Every call that takes a request, as a function that throws or rejects. */
const CALLS = {
  handleRequest: (python, request) => python.handleRequest(request),
  handleStream: (python, request) => python.handleStream(request),
  handleRequestSync: async (python, request) => python.handleRequestSync(request),
  fetch: (python, request) => python.fetch(request),
  Request: async (python, request) => new Request(request)
}

for (const [name, call] of Object.entries(CALLS)) {
  test(`an unknown key of a request is refused: ${name}`, async (t) => {
    const { python } = fakeHandler(t, {}, hello)
    for (const [key, ...facts] of [
      ['json', 'JSON.stringify'], ['query', 'url'], ['params', 'url'], ['path', 'url'],
      ['header', 'did you mean headers'], ['methd', 'did you mean method'], ['data', 'body'],
      ['signal', 'second argument'], ['timeout', 'second argument'], ['host', 'absolute'],
      ['protocols', 'connect()'], ['constructor'], ['whatever']
    ]) {
      await assert.rejects(call(python, { url: '/', [key]: 'x' }), (error) => {
        assert.equal(error.code, 'ERR_INVALID_OPTION', error.stack)
        assert.equal(error.option, key)
        for (const fact of [key, ...facts]) assert.ok(error.message.includes(fact), error.message)
        return true
      })
    }
  })
}

test('a request of node:http is not sent without its body', async (t) => {
  const { python } = fakeHandler(t, {}, hello)
  const incoming = new IncomingMessage(null)
  incoming.url = '/'
  for (const name of ['handleRequest', 'handleStream']) {
    await assert.rejects(python[name](incoming), (error) =>
      error.code === 'ERR_INVALID_OPTION' && error.message.includes('python.listener'))
  }
})

test('an unknown key of the request of a WebSocket is refused', async (t) => {
  const { python } = fakeHandler(t, {}, hello)
  for (const [key, fact] of [['protocol', 'protocols'], ['header', 'headers'], ['query', 'url']]) {
    await assert.rejects(python.connect({ url: '/', [key]: 'x' }), (error) =>
      error.code === 'ERR_INVALID_OPTION' && error.option === key && error.message.includes(fact))
  }
})

test('limits that mean nothing are refused', async (t) => {
  const { python } = fakeHandler(t, {}, hello)
  const calls = [
    (limits) => python.handleRequest({ url: '/' }, limits),
    (limits) => python.handleStream({ url: '/' }, limits),
    (limits) => python.connect('/', limits),
    async (limits) => python.handleRequestSync({ url: '/' }, limits)
  ]
  for (const call of calls) {
    for (const limits of [5000, 'chat', ['chat'], { timeuot: 5 }, { abort: true }]) {
      await assert.rejects(call(limits), { code: 'ERR_INVALID_OPTION' })
    }
  }
  const { status } = await python.handleRequest({ url: '/' }, new AbortController())
  assert.equal(status, 200)
})

test('values of the wrong type are refused', async (t) => {
  const { python } = fakeHandler(t, {}, hello)
  for (const request of [{ socket: '127.0.0.1' }, { socket: 80 }, { idempotent: 'yes' },
    { idempotent: null }]) {
    const [option] = Object.keys(request)
    await assert.rejects(python.handleRequest({ url: '/', ...request }),
      { code: 'ERR_INVALID_OPTION', option })
  }
})

test('Request and Response are created from objects', () => {
  for (const value of ['/x', 5, new URL('http://h/'), () => {}]) {
    assert.throws(() => new Request(value), { code: 'ERR_INVALID_OPTION' })
  }
  for (const value of ['text', 200, Buffer.from('x'), { staus: 404 }]) {
    assert.throws(() => new Response(value), { code: 'ERR_INVALID_OPTION' })
  }
  assert.equal(new Request(null).url, '/')
  assert.equal(new Response(null).status, 200)
})

test('the methods of Headers refuse names that are no strings', () => {
  const headers = new Headers()
  for (const method of ['get', 'getAll', 'getLine', 'has', 'delete', 'set', 'add', 'append']) {
    assert.throws(() => headers[method](undefined, 'x'), { code: 'ERR_INVALID_HEADER' })
  }
})

test('a standard method may be in lower case, and is as repeatable as in upper case', async (t) => {
  const { python } = fakeHandler(t, {}, hello)
  for (const method of ['get', 'post', 'Put', 'patch', 'delete', 'options']) {
    const response = await python.handleRequest({ method, url: '/' })
    assert.equal(response.text(), method.toUpperCase())
  }
  assert.equal((await python.handleRequest({ method: 'propfind', url: '/' })).text(), 'propfind')
  for (const method of ['', 5, null, 10n, {}]) {
    await assert.rejects(python.handleRequest({ method, url: '/' }), { code: 'ERR_INVALID_METHOD' })
  }
})

test('keys that a request inherits do not count', async (t) => {
  const { python } = fakeHandler(t, {}, hello)
  const request = Object.assign(Object.create({ traceId: 'x' }), { url: '/', method: 'POST' })
  assert.equal((await python.handleRequest(request)).body.toString(), 'POST')
  await assert.rejects(python.handleRequest(Object.assign(request, { whatever: 1 })),
    { option: 'whatever' })
})

test('a mistyped key of socket was ignored', () => {
  for (const socket of [{ address: '192.0.2.1' }, { remoteAdress: '192.0.2.1' }, []]) {
    assert.throws(() => checkSocketInfo(socket), { code: 'ERR_INVALID_OPTION' })
  }
  // A socket of node:net has many other keys.
  for (const socket of [null, {}, new Socket(), { remoteAddress: '::1', remoteFamily: 'IPv6' }]) {
    checkSocketInfo(socket)
  }
})
