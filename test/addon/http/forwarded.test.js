import assert from 'node:assert/strict'
import { test } from 'node:test'

import { forwardedOf } from '../../../addon/lib/http/forwarded.js'

const PROXIES = new Set(['10.0.0.1', '10.0.0.2', '127.0.0.1'])
const trust = (address) => PROXIES.has(address)

const from = (remoteAddress, headers) => forwardedOf({ socket: { remoteAddress }, headers }, trust)

test('headers from addresses that are not trusted are ignored', () => {
  const headers = { 'x-forwarded-for': '1.1.1.1', forwarded: 'for=1.1.1.1' }
  assert.equal(from('192.0.2.1', headers), null)
  assert.equal(forwardedOf({ socket: { remoteAddress: '10.0.0.1' }, headers }, null), null)
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
    { client: '', scheme: '', host: '' }],
  ['RFC 7239 takes precedence over the older headers',
    {
      forwarded: 'for=9.9.9.9, for="[2001:db8::1]:80";proto=https;host=a.b',
      'x-forwarded-for': '3.3.3.3'
    },
    { client: '2001:db8::1', scheme: 'https', host: 'a.b' }]
]) {
  test(name, () => assert.deepEqual(from('10.0.0.1', headers), expected))
}

test('a list that middleware had set made the request a 500', () => {
  const headers = { 'x-forwarded-for': ['9.9.9.9', '1.1.1.1'], 'x-forwarded-host': 5 }
  assert.deepEqual(from('10.0.0.1', headers), { client: '1.1.1.1', scheme: '', host: '5' })
  assert.equal(from('10.0.0.1', { forwarded: ['for=9.9.9.9', 'for=1.1.1.1'] }).client, '1.1.1.1')
  assert.equal(from('10.0.0.1', { forwarded: null }), null)
})

test('an invalid Forwarded header is ignored', () => {
  assert.equal(from('10.0.0.1', { forwarded: ';;==' }), null)
})

test('a proxy on a unix socket, and one on an IPv4-mapped address', () => {
  const headers = { 'x-forwarded-for': '1.1.1.1' }
  assert.equal(from(undefined, headers).client, '1.1.1.1')
  assert.equal(from('::ffff:10.0.0.1', headers).client, '1.1.1.1')
})
