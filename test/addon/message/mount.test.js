import assert from 'node:assert/strict'
import { test } from 'node:test'

import { locate, withoutOrigin } from '../../../addon/lib/message/mount.js'

/** What frameworks make of a request: Express has all of them, connect only the original url. */
const request = (url, originalUrl, baseUrl, params) => ({ url, originalUrl, baseUrl, params })
const where = (req, prefix) => Object.values(locate(req, req.url, prefix))

test('what a framework has removed is the mount', () => {
  assert.deepEqual(where(request('/x?q')), ['', '/x?q'])
  assert.deepEqual(where(request('/x?q', '/x?q', '')), ['', '/x?q'])
  assert.deepEqual(where(request('/x', '/mnt/x', '/mnt', {})), ['/mnt', '/mnt/x'])
  assert.deepEqual(where(request('/x', '/mnt/x')), ['/mnt', '/mnt/x'])
  assert.deepEqual(where(request('/?q', '/mnt?q')), ['/mnt', '/mnt/?q'])
  assert.deepEqual(where(request('/', '/mnt', '/mnt', {})), ['/mnt', '/mnt/'])
  assert.deepEqual(where(request('/x', '/t/5/x', '/t/5', { id: '5' })), ['/t/5', '/t/5/x'])
  assert.deepEqual(where(request('/', '/t/5', '/t/5', { id: '5' })), ['/t/5', '/t/5/'])
})

test('a wildcard made the whole path root_path', () => {
  const five = (baseUrl, path, original = baseUrl) =>
    request(original.replace(baseUrl, '/').replace('//', '/'), original, baseUrl, { path })
  assert.deepEqual(where(five('/body', ['body'])), ['', '/body'])
  assert.deepEqual(where(five('/body', ['body', ''], '/body/')), ['', '/body/'])
  assert.deepEqual(where(five('/a/b', ['a', 'b'], '/a/b?x=/1')), ['', '/a/b?x=/1'])
  assert.deepEqual(where(five('/api/a/b', ['a', 'b'])), ['/api', '/api/a/b'])
  assert.deepEqual(where(five('/api/a%2Fb', ['a/b'])), ['/api', '/api/a%2Fb'])
  assert.deepEqual(where(five('/other', ['path'])), ['/other', '/other/'])
  assert.deepEqual(where(five('/%ff', ['path'])), ['/%ff', '/%ff/'])
  const four = (baseUrl, text) => request('/', baseUrl, baseUrl, { 0: text })
  assert.deepEqual(where(four('/a/b', '/a/b')), ['', '/a/b'])
  assert.deepEqual(where(four('/api/a%2Fb/c', 'a/b/c')), ['/api', '/api/a%2Fb/c'])
})

test('a given prefix counts, and not what a framework has removed', () => {
  const all = request('/?q', '/api/v1/x?q', '/api/v1/x', {})
  assert.deepEqual(where(all, '/api'), ['/api', '/api/v1/x?q'])
  assert.deepEqual(where(all, ''), ['', '/api/v1/x?q'])
  assert.deepEqual(where(request('/', '/body'), ''), ['', '/body'])
  assert.deepEqual(where(request('/x'), '/mnt'), ['/mnt', '/mnt/x'])
  assert.deepEqual(where(request('/mnt/x'), '/mnt'), ['/mnt', '/mnt/x'])
  assert.deepEqual(where(request('/x', '/api/x', '/api'), '/v1'), ['/v1', '/v1/x'])
  assert.deepEqual(where(request('/new', '/mnt/x', '/mnt'), '/mnt'), ['/mnt', '/mnt/new'])
})

test('a whole URL without a path had an empty one', () => {
  assert.equal(withoutOrigin('http://h?x=1'), '/?x=1')
  assert.equal(withoutOrigin('http://h#x'), '/#x')
  assert.equal(withoutOrigin('http://h'), '/')
  assert.equal(withoutOrigin('http://h//a?b'), '//a?b')
  assert.equal(withoutOrigin('*'), '*')
})
