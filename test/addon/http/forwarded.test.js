import assert from 'node:assert/strict'
import { test } from 'node:test'

import { forwardedOf } from '../../../addon/lib/http/forwarded.js'

const PROXIES = new Set(['10.0.0.1', '10.0.0.2', '127.0.0.1'])
const trust = (address) => PROXIES.has(address)

const USUAL = ['x-forwarded-for', 'x-forwarded-proto']
const LISTS = [...USUAL, 'x-forwarded-host']

const from = (remoteAddress, headers, proxyHeaders = LISTS) =>
  forwardedOf({ socket: { remoteAddress }, headers }, { trustProxy: trust, proxyHeaders })

test('headers from addresses that are not trusted are ignored', () => {
  const headers = { 'x-forwarded-for': '1.1.1.1', forwarded: 'for=1.1.1.1' }
  assert.equal(from('192.0.2.1', headers), null)
  assert.equal(forwardedOf({ socket: { remoteAddress: '10.0.0.1' }, headers },
    { trustProxy: null, proxyHeaders: LISTS }), null)
  assert.equal(from('10.0.0.1', {}), null)
})

for (const [name, headers, expected] of [
  ['one hop',
    { 'x-forwarded-for': '1.1.1.1', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'a.b' },
    { client: '1.1.1.1', scheme: 'https', host: 'a.b' }],
  ['what a client forges comes before what its proxy adds',
    { 'x-forwarded-for': '9.9.9.9, 1.1.1.1' }, { client: '1.1.1.1', scheme: '', host: '' }],
  ['trusted proxies in between',
    { 'x-forwarded-for': '1.1.1.1, 10.0.0.2', 'x-forwarded-proto': 'https' },
    { client: '1.1.1.1', scheme: 'https', host: '' }],
  ['a port with the address', { 'x-forwarded-for': '1.1.1.1:4711' },
    { client: '1.1.1.1', scheme: '', host: '' }],
  ['an IPv6 address with a port', { 'x-forwarded-for': '[2001:db8::1]:80' },
    { client: '2001:db8::1', scheme: '', host: '' }],
  ['wss counts as https', { 'x-forwarded-proto': 'WSS' },
    { client: '', scheme: 'https', host: '' }],
  ['any other scheme is ignored', { 'x-forwarded-proto': 'gopher' },
    { client: '', scheme: '', host: '' }]
]) {
  test(name, () => assert.deepEqual(from('10.0.0.1', headers), expected))
}

test('a list that middleware had set made the request a 500', () => {
  const headers = { 'x-forwarded-for': ['9.9.9.9', '1.1.1.1'], 'x-forwarded-host': 5 }
  assert.deepEqual(from('10.0.0.1', headers), { client: '1.1.1.1', scheme: '', host: '5' })
  const list = ['for=9.9.9.9', 'for=1.1.1.1']
  assert.equal(from('10.0.0.1', { forwarded: list }, ['forwarded']).client, '1.1.1.1')
  assert.equal(from('10.0.0.1', { forwarded: null }, ['forwarded']), null)
})

test('a header that the operator has not named was believed', () => {
  const headers = {
    forwarded: 'for=6.6.6.6;proto=https;host=evil',
    'x-forwarded-for': '6.6.6.6, 1.1.1.1',
    'x-forwarded-proto': 'http',
    'x-forwarded-host': 'evil'
  }
  assert.deepEqual(from('10.0.0.1', headers, USUAL),
    { client: '1.1.1.1', scheme: 'http', host: '' })
  assert.deepEqual(from('10.0.0.1', headers, ['x-forwarded-for']),
    { client: '1.1.1.1', scheme: '', host: '' })
  assert.deepEqual(from('10.0.0.1', headers, ['forwarded']),
    { client: '6.6.6.6', scheme: 'https', host: 'evil' })
  assert.equal(from('10.0.0.1', { forwarded: 'for=6.6.6.6' }, USUAL), null)
})

const last = { client: '1.1.1.1', scheme: 'https', host: 'a.b' }

for (const [name, forwarded, expected = last] of [
  ['one hop', 'for=1.1.1.1;proto=https;host=a.b'],
  ['a client that forges a hop', 'for=6.6.6.6;host=evil, for=1.1.1.1;proto=https;host=a.b'],
  ['a client that sends nonsense', ';;==, for=1.1.1.1;proto=https;host=a.b'],
  ['a client that opens a quote', 'for="6.6.6.6, for=1.1.1.1;proto=https;host=a.b'],
  ['a client that escapes a quote', 'for="6.6\\", for=1.1.1.1;proto=https;host=a.b'],
  ['a client that sends nothing', ' ,, for=1.1.1.1;proto=https;host=a.b ,'],
  ['trusted proxies in between', 'for=1.1.1.1;proto=https;host=a.b, for="10.0.0.2:7";host=c'],
  ['an IPv6 address with a port', 'for="[2001:db8::1]:80"',
    { client: '2001:db8::1', scheme: '', host: '' }],
  ['only nonsense', ';;==', { client: '', scheme: '', host: '' }]
]) {
  test(`Forwarded: ${name}`, () => {
    assert.deepEqual(from('10.0.0.1', { forwarded }, ['forwarded']), expected)
  })
}

test('a proxy that does not say the address leaves that of the connection', () => {
  for (const client of ['unknown', '_hidden', '1.1.1', 'a b', '127.0.0.1.evil']) {
    const headers = {
      'x-forwarded-for': `6.6.6.6, ${client}`, forwarded: `for=6.6.6.6, for=${client}`
    }
    assert.equal(from('10.0.0.1', headers).client, '', client)
    assert.equal(from('10.0.0.1', headers, ['forwarded']).client, '', client)
  }
})

test('a proxy on a unix socket, and one on an IPv4-mapped address', () => {
  const headers = { 'x-forwarded-for': '1.1.1.1' }
  assert.equal(from(undefined, headers).client, '1.1.1.1')
  assert.equal(from('::ffff:10.0.0.1', headers).client, '1.1.1.1')
})
