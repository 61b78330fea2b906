import assert from 'node:assert/strict'
import { test } from 'node:test'

import { parseUrl } from '../../../addon/lib/message/url.js'

test('a path stays as it was given', () => {
  for (const path of ['/', '/a/../b//c', '/%7Euser/%2F', '//x', '/a;b=c', '/a:b@c']) {
    const target = parseUrl(path)
    assert.equal(target.path, path)
    assert.equal(target.query, '')
    assert.equal(target.scheme, 'http')
    assert.equal(target.authority, '')
    assert.equal(target.port, '')
  }
})

test('the query is split off, and the fragment is dropped', () => {
  const target = parseUrl('/p?a=1?b&c=%20#x?y')
  assert.equal(target.path, '/p')
  assert.equal(target.query, 'a=1?b&c=%20')
  assert.equal(parseUrl('/p?').query, '')
  assert.equal(parseUrl('/p#?a').query, '')
})

for (const [url, scheme, authority, host, port, path, query] of [
  ['http://example.com', 'http', 'example.com', 'example.com', '80', '/', ''],
  ['https://example.com?x', 'https', 'example.com', 'example.com', '443', '/', 'x'],
  ['HTTP://a.b:8080/c?d#e', 'http', 'a.b:8080', 'a.b', '8080', '/c', 'd'],
  ['http://[::1]/x', 'http', '[::1]', '::1', '80', '/x', ''],
  ['https://[::1]:99/x', 'https', '[::1]:99', '::1', '99', '/x', ''],
  ['http://user:pw@host/', 'http', 'host', 'host', '80', '/', ''],
  ['http://bücher.example/ä', 'http', 'xn--bcher-kva.example', 'xn--bcher-kva.example', '80',
    '/%C3%A4', '']
]) {
  test(`absolute: ${url}`, () => {
    assert.deepEqual(parseUrl(url), { scheme, authority, host, port, path, query })
  })
}

test('the remembered origin does not match another one with the same beginning', () => {
  for (let twice = 0; twice < 2; twice++) {
    for (const [url, host, port, path] of [
      ['http://a/x', 'a', '80', '/x'], ['http://ab/x', 'ab', '80', '/x'],
      ['http://a:81/x', 'a', '81', '/x'], ['http://a/', 'a', '80', '/'],
      ['http://a?x', 'a', '80', '/'],
      ['https://a/x', 'a', '443', '/x'], ['http://u@a/x', 'a', '80', '/x']
    ]) {
      const target = parseUrl(url)
      assert.deepEqual([target.host, target.port, target.path], [host, port, path], url)
    }
    assert.throws(() => parseUrl('http://a\\b/'), { code: 'ERR_INVALID_URL' })
  }
})

test('a space before the first path was taken for an origin', async () => {
  const fresh = await import('../../../addon/lib/message/url.js?without-an-origin')
  assert.throws(() => fresh.parseUrl(' /x'), { code: 'ERR_INVALID_URL' })
})

test('a URL object is accepted', () => {
  assert.equal(parseUrl(new URL('http://h/p?q')).path, '/p')
})

test('characters outside ASCII are percent-encoded as UTF-8, even half a surrogate pair', () => {
  assert.equal(parseUrl('/grüße?ö=😀').path, '/gr%C3%BC%C3%9Fe')
  assert.equal(parseUrl('/grüße?ö=😀').query, '%C3%B6=%F0%9F%98%80')
  assert.equal(parseUrl('/\ud800').path, '/%EF%BF%BD')
})

test('* is the target of an OPTIONS request', () => {
  assert.equal(parseUrl('*').path, '*')
})

test('invalid urls are refused', () => {
  for (const url of ['', 'items', '?a', 'ftp://x/', 'http:/x', 'http://', 'http:///x',
    'http://a b/', 'http://a:b:c/', 'http://a\\b/', 'http://[x]/', 'http://ä b/']) {
    assert.throws(() => parseUrl(url), { code: 'ERR_INVALID_URL' }, url)
  }
})

test('a port that no host can have was passed on', () => {
  assert.throws(() => parseUrl('http://h:65536/'), { code: 'ERR_INVALID_URL', message: /65535/ })
  assert.equal(parseUrl('http://h:65535/').port, '65535')
})
