import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  Feature, encodeHead, encodeSocketHead, nameRequest, shortHead
} from '../../../addon/lib/message/head.js'
import { Headers } from '../../../addon/lib/message/headers.js'
import { Request } from '../../../addon/lib/message/request.js'

const fields = (request, length = 0) => encodeHead(request, length).split('\0')
const headersOf = (request, length = 0) => fields(request, length).slice(13)

test('method, scheme, version, path, query, client and server come first', () => {
  assert.deepEqual(fields({ method: 'GET', url: '/p?q=1' }),
    ['GET', 'http', '1.1', '/p', 'q=1', '', '', 'localhost', '80', '', '', '', ''])
  assert.deepEqual(fields({ url: 'https://h:8443/p' }),
    ['GET', 'https', '1.1', '/p', '', '', '', 'h', '8443', '', '', '', '', 'host', 'h:8443'])
})

test('the addresses of a socket', () => {
  const socket = {
    remoteAddress: '::ffff:10.0.0.1', remotePort: 1234, localAddress: '::1', localPort: 80
  }
  assert.deepEqual(fields({ url: '/', socket }).slice(5, 9), ['10.0.0.1', '1234', '::1', '80'])
  assert.deepEqual(fields({ url: '/', socket: {} }).slice(5, 9), ['', '', 'localhost', '80'])
  assert.deepEqual(fields({ url: '/', headers: { host: 'h' }, socket: {} }).slice(5, 9),
    ['', '', '', ''])
})

test('a te header with trailers sets the feature', () => {
  assert.equal(fields({ url: '/', headers: { TE: 'gzip, Trailers' } })[10], Feature.TRAILERS)
  assert.equal(fields({ url: '/', headers: { te: 'gzip' } })[10], '')
})

test('a given host header is the only one', () => {
  assert.deepEqual(headersOf({ url: 'http://h/', headers: { HOST: 'other' } }), ['HOST', 'other'])
})

test('repeated headers stay separate and in order, in every form', () => {
  const expected = ['a', '1', 'b', '2', 'a', '3']
  const list = [['a', '1'], ['b', '2'], ['a', '3']]
  for (const headers of [list, list.flat(), new Headers(list), new Set(list)]) {
    assert.deepEqual(headersOf({ url: '/', headers }), expected)
  }
  assert.deepEqual(headersOf({ url: '/', headers: { a: ['1', '2'], n: 5 } }),
    ['a', '1', 'a', '2', 'n', '5'])
})

test('content-length is added for a known length, unless a length or chunks were given', () => {
  assert.deepEqual(headersOf({ url: '/', method: 'POST' }, 12), ['content-length', '12'])
  assert.deepEqual(headersOf({ url: '/', method: 'POST' }, 0), ['content-length', '0'])
  assert.deepEqual(headersOf({ url: '/', method: 'GET' }, 0), [])
  assert.deepEqual(headersOf({ url: '/', method: 'POST' }, -1), [])
  for (const name of ['Content-Length', 'Transfer-Encoding']) {
    assert.deepEqual(headersOf({ url: '/', headers: { [name]: 'x' } }, 12), [name, 'x'])
  }
})

test('a Request, and a Request of the web', () => {
  const init = { method: 'PUT', headers: { 'x-a': 'b' } }
  const expected = ['PUT', 'http', '1.1', '/p', 'q', '', '', 'h', '80', '', '', '', '', 'host',
    'h', 'x-a', 'b']
  assert.deepEqual(fields(new Request({ url: 'http://h/p?q', ...init }), -1), expected)
  assert.deepEqual(fields(new globalThis.Request('http://h/p?q', init), -1), expected)
})

test('NUL cannot forge fields', () => {
  for (const [code, request] of [
    ['ERR_INVALID_HEADER', { url: '/', headers: { a: 'x\0evil\0y' } }],
    ['ERR_INVALID_HEADER', { url: '/', headers: { 'a\0b': 'x' } }],
    ['ERR_INVALID_HEADER', { url: '/', headers: ['a', 'x\0'] }],
    ['ERR_INVALID_URL', { url: '/a\0b' }],
    ['ERR_INVALID_URL', { url: '/?a\0b' }],
    ['ERR_INVALID_METHOD', { url: '/', method: 'GET\0' }]
  ]) assert.throws(() => encodeHead(request, 0), { code })
})

test('a header with characters outside latin-1 is refused by name', () => {
  assert.throws(() => encodeHead({ url: '/', headers: { 'x-name': '😀' } }, 0),
    { code: 'ERR_INVALID_HEADER', message: /x-name/ })
  assert.ok(encodeHead({ url: '/', headers: { 'x-name': 'é' } }, 0).endsWith('é'))
})

test('invalid requests are refused', () => {
  assert.throws(() => encodeHead({}, 0), { code: 'ERR_INVALID_URL' })
  assert.throws(() => encodeHead({ url: '/', method: '' }, 0), { code: 'ERR_INVALID_METHOD' })
  assert.throws(() => encodeHead({ url: '/', method: 7 }, 0), { code: 'ERR_INVALID_METHOD' })
  assert.throws(() => encodeHead({ url: '/', headers: { '': 'x' } }, 0),
    { code: 'ERR_INVALID_HEADER' })
  assert.throws(() => encodeHead({ url: '/', headers: 'a: b' }, 0), { code: 'ERR_INVALID_HEADER' })
})

test('a prefix with NUL added fields to the head', () => {
  for (const prefix of ['/a\0x-user\0admin', '/\u0100', '/a\x1b', '/a b']) {
    assert.throws(() => encodeHead({ url: '/', prefix }, -1), { code: 'ERR_INVALID_OPTION' })
  }
})

test('an address or port that is null is unknown, and not a TypeError', () => {
  const unknown = encodeHead({ url: '/', socket: {} }, -1)
  for (const key of ['remoteAddress', 'remotePort', 'localAddress', 'localPort']) {
    assert.equal(encodeHead({ url: '/', socket: { [key]: null } }, -1), unknown, key)
  }
})

test('a port with NUL in the addresses of a socket added fields to the head', () => {
  for (const socket of [{ remoteAddress: '::1', remotePort: '1\0x' },
    { localAddress: '::1', localPort: '1\0x' }, { remotePort: 65536 }, { localAddress: 1 }]) {
    assert.throws(() => encodeHead({ url: '/', socket }, -1), { code: 'ERR_INVALID_OPTION' })
  }
})

test('subprotocols that no server can choose were offered', () => {
  for (const protocols of [5, '', 'a b', ['a,b'], ['a', 'a'], [undefined], {}, 'ü']) {
    assert.throws(() => encodeSocketHead({ url: '/', protocols }),
      { code: 'ERR_INVALID_OPTION', option: 'protocols' })
  }
  for (const protocols of [undefined, [], 'chat', ['v1.chat', 'v2.chat']]) {
    encodeSocketHead({ url: '/', protocols })
  }
})

test('the short head of a request has the same name, and no headers', () => {
  const head = encodeHead({ method: 'PUT', url: '/a/b?secret=1', headers: { cookie: 'c=2' } }, 0)
  assert.equal(shortHead(head), 'PUT\0\0\0/a/b')
  assert.equal(nameRequest(shortHead(head)), nameRequest(head))
})
