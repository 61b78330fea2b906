import assert from 'node:assert/strict'
import { test } from 'node:test'

import { parseOptions } from '../../addon/lib/options.js'

const parse = (remote) => parseOptions({ remote }).remote

test('one address, several, a list and an object mean what they say', () => {
  for (const value of ['http://a:8000', new URL('http://a:8000'), ['http://a:8000'],
    { url: 'http://a:8000' }]) {
    const [{ url, hostname, port, secure }] = parse(value).addresses
    assert.deepEqual({ url, hostname, port, secure },
      { url: 'http://a:8000', hostname: 'a', port: 8000, secure: false })
  }
  assert.deepEqual(parse('http://a, https://b/v1/').addresses.map(({ url, port, basePath }) =>
    [url, port, basePath]), [['http://a', 80, ''], ['https://b/v1', 443, '/v1']])
  assert.equal(parse('http://[::1]:8').addresses[0].hostname, '::1')
  assert.equal(parse('unix:/run/app.sock').addresses[0].socketPath, '/run/app.sock')
})

test('a variable that is not set leaves the application here', () => {
  const nothings = [undefined, '', null, {}, { url: undefined, tls: { ca: undefined } }]
  for (const value of nothings) assert.equal(parse(value), null)
})

test('what is no address is refused', () => {
  for (const value of ['a:8000', 'ftp://a', 'http://a?x', 5, [], { url: [] },
    'http://u:p@a', { url: 'http://a', tls: { cert: '/nowhere' } },
    { url: 'http://a', tls: { cert: Buffer.from('x') } }, { host: 'client' }, { url: 'http://a', hots: 1 },
    { url: 'http://a', healthPath: 'x' }]) {
    assert.throws(() => parse(value), { code: 'ERR_INVALID_OPTION' })
  }
  assert.throws(() => parseOptions({ fallback: 'remote' }), { code: 'ERR_INVALID_OPTION' })
})

test('an address with a password is refused without showing it', () => {
  assert.throws(() => parse('http://user:secret@a'), (error) => !error.message.includes('secret'))
})
