import assert from 'node:assert/strict'
import { test } from 'node:test'

import { encodeHead } from '../../../addon/lib/message/head.js'
import { joinedHeaders, outgoing } from '../../../addon/lib/remote/outgoing-head.js'

const PLAIN = { basePath: '', host: 'client' }

function sent (request, target = {}, { isIncoming = false, length = -1 } = {}) {
  const head = encodeHead(request, length)
  const { headers, ...others } = outgoing({ head, isIncoming }, { ...PLAIN, ...target })
  const fields = {}
  for (let i = 0; i < headers.length; i += 2) (fields[headers[i]] ??= []).push(headers[i + 1])
  return { ...others, fields }
}

const CLIENT = { remoteAddress: '9.9.9.9', remotePort: 1 }

test('what concerns one connection is not passed on', () => {
  const { fields } = sent({
    url: '/',
    headers: [
      ['Connection', 'keep-alive, X-Secret'], ['x-secret', '1'], ['Keep-Alive', '5'],
      ['TE', 'gzip'], ['Upgrade', 'h2c'], ['Proxy-Authorization', 'x'], ['Trailer', 'x'],
      ['Expect', '100-continue'], ['http2-settings', 'x'], ['accept', '*/*']
    ]
  })
  assert.deepEqual(fields, { accept: ['*/*'], 'x-forwarded-proto': ['http'] })
})

test('lengths that contradict each other are not forwarded', () => {
  for (const values of [['5', '6'], ['5', '5x'], ['+5'], ['5, 6'], ['-1'], ['0x5']]) {
    assert.throws(() => sent({
      method: 'POST', url: '/', headers: values.map((value) => ['content-length', value])
    }), { code: 'ERR_INVALID_HEADER' })
  }
  assert.equal(sent({
    method: 'POST', url: '/', headers: [['content-length', '5'], ['Content-Length', '5']]
  }).length, 5)
})

test('a length next to chunks is not believed', () => {
  const { length, fields } = sent({
    method: 'POST', url: '/', headers: { 'content-length': '5', 'transfer-encoding': 'chunked' }
  })
  assert.equal(length, -1)
  assert.equal(fields['content-length'], undefined)
  assert.equal(fields['transfer-encoding'], undefined)
})

test('a client cannot forge who it is', () => {
  const forged = {
    'x-forwarded-for': '1.1.1.1',
    'x-forwarded-host': 'evil',
    'x-forwarded-proto': 'https',
    'x-forwarded-prefix': '/evil',
    'x-real-ip': '1.1.1.1',
    forwarded: 'for=1.1.1.1'
  }
  const { fields } = sent({ url: '/', headers: { host: 'site', ...forged }, socket: CLIENT })
  assert.deepEqual(fields, {
    'x-forwarded-for': ['9.9.9.9'],
    'x-forwarded-host': ['site'],
    'x-forwarded-proto': ['http']
  })
  // Over a unix socket nobody knows its address.
  assert.deepEqual(sent({ url: '/', headers: forged }, {}, { isIncoming: true }).fields,
    { 'x-forwarded-proto': ['http'] })
  // A program may say what it likes.
  assert.deepEqual(sent({ url: '/', headers: forged }).fields['x-forwarded-for'], ['1.1.1.1'])
})

test('the host is that of the client, or of the endpoint', () => {
  const request = { url: 'https://site/', socket: CLIENT }
  assert.equal(sent(request).host, 'site')
  const { host, fields } = sent(request, { host: 'endpoint' })
  assert.equal(host, '')
  assert.deepEqual(fields['x-forwarded-host'], ['site'])
  assert.deepEqual(fields['x-forwarded-proto'], ['https'])
})

test('a prefix is taken from the path, and told; a base path is added', () => {
  const { path, fields } = sent({ url: '/api/x?q', prefix: '/api' }, { basePath: '/v1' })
  assert.equal(path, '/v1/x?q')
  assert.deepEqual(fields['x-forwarded-prefix'], ['/api'])
  assert.equal(sent({ url: '/api', prefix: '/api' }).path, '/')
})

test('data for the scope cannot be sent', () => {
  assert.throws(() => sent({ url: '/', scope: { user: 1 } }), { code: 'ERR_REMOTE_UNSUPPORTED' })
})

test('CONNECT cannot be sent', () => {
  assert.throws(() => sent({ url: '/', method: 'CONNECT' }), { code: 'ERR_INVALID_METHOD' })
})

test('a response loses what concerns its connection', () => {
  const raw = ['Connection', 'close, X-Hop', 'X-Hop', '1', 'Transfer-Encoding', 'chunked', 'X-A',
    '1', 'Set-Cookie', 'a', 'Set-Cookie', 'b', 'Keep-Alive', 'timeout=5']
  const expected = ['x-a', '1', 'set-cookie', 'a', 'set-cookie', 'b'].join('\0')
  assert.equal(joinedHeaders(raw), expected)
  assert.equal(joinedHeaders(raw.map((each) => Buffer.from(each))), expected)
})

test('Connection cannot take the length of a response away', () => {
  assert.equal(joinedHeaders(['Content-Length', '5', 'Connection', 'content-length']),
    'content-length\x005')
})
