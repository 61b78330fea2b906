import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'

import { Headers, parseJoined } from '../../../addon/lib/message/headers.js'

const pairs = [['accept', 'text/html'], ['x-a', '1'], ['accept', 'text/plain']]

test('names are case-insensitive', () => {
  const headers = new Headers({ 'Content-Type': 'text/plain' })
  assert.equal(headers.get('CONTENT-TYPE'), 'text/plain')
  assert.ok(headers.has('content-type'))
  assert.ok(!headers.has('content-length'))
  assert.equal(headers.get('content-length'), null)
})

for (const [form, init] of Object.entries({
  pairs,
  'a flat array': pairs.flat(),
  'a Headers': new Headers(pairs),
  'an iterable': new Set(pairs)
})) {
  test(`from ${form}: keeps order and repetition`, () => {
    assert.deepEqual(new Headers(init).entries(), pairs)
  })
}

test('from an object: an array repeats the header', () => {
  const headers = new Headers({ Accept: ['a', 'b'], 'X-Length': 5 })
  assert.deepEqual([...headers], [['accept', 'a'], ['accept', 'b'], ['x-length', '5']])
})

test('from the Headers of the web: set-cookie stays separate', () => {
  const web = new globalThis.Headers([['set-cookie', 'a=1'], ['set-cookie', 'b=2'], ['x', 'y']])
  const headers = new Headers(web)
  assert.deepEqual(headers.getSetCookie(), ['a=1', 'b=2'])
  assert.equal(headers.get('x'), 'y')
})

test('with several values, get() returns the last, getAll() all, getLine() one line', () => {
  const headers = new Headers(pairs)
  assert.equal(headers.get('accept'), 'text/plain')
  assert.deepEqual(headers.getAll('accept'), ['text/html', 'text/plain'])
  assert.equal(headers.getLine('accept'), 'text/html,text/plain')
  assert.equal(headers.getLine('nothing'), null)
})

test('set() replaces, add() and append() add, delete() removes every value', () => {
  const headers = new Headers(pairs)
  assert.equal(headers.set('Accept', ['x', 'y']), true)
  assert.deepEqual(headers.getAll('accept'), ['x', 'y'])
  headers.add('ACCEPT', 'z')
  headers.append('accept', 'w')
  assert.deepEqual(headers.getAll('accept'), ['x', 'y', 'z', 'w'])
  assert.equal(headers.delete('Accept'), true)
  assert.equal(headers.delete('Accept'), false)
  assert.deepEqual(headers.entries(), [['x-a', '1']])
  headers.clear()
  assert.equal(headers.size, 0)
})

test('keys, values, size, forEach, toJSON', () => {
  const headers = new Headers(pairs)
  assert.deepEqual(headers.keys(), ['accept', 'x-a'])
  assert.deepEqual(headers.values(), ['text/html', '1', 'text/plain'])
  assert.equal(headers.size, 3)
  const seen = []
  headers.forEach((value, name, all) => seen.push([name, value, all === headers]))
  assert.deepEqual(seen, pairs.map(([name, value]) => [name, value, true]))
  assert.equal(JSON.stringify(headers), '{"accept":["text/html","text/plain"],"x-a":"1"}')
  assert.match(inspect(headers), /^Headers .*text\/plain/s)
})

test('a header may be called __proto__', () => {
  const headers = new Headers([['__proto__', 'x']])
  assert.equal(JSON.stringify(headers), '{"__proto__":"x"}')
})

test('headers from a worker are parsed on first use', () => {
  assert.deepEqual(parseJoined('a\0\x31\0b\0').entries(), [['a', '1'], ['b', '']])
  assert.equal(parseJoined('').size, 0)
  const headers = parseJoined('a\0\x31')
  headers.add('b', '2')
  assert.deepEqual(headers.entries(), [['a', '1'], ['b', '2']])
})

test('invalid headers are refused', () => {
  for (const init of ['a: b', 5, ['a'], { a: undefined }, { a: {} }, { a: ['b', null] }, [['a']]]) {
    assert.throws(() => new Headers(init), { code: 'ERR_INVALID_HEADER' }, inspect(init))
  }
  assert.throws(() => new Headers().add(5, 'x'), { code: 'ERR_INVALID_HEADER' })
})

test('a list with something other than pairs raised a TypeError', () => {
  const nameless = [[Object.create(null), 'b']]
  for (const init of [[['a', 'b'], 5], [['a', 'b'], null], new Float32Array(1), nameless]) {
    assert.throws(() => new Headers(init), { code: 'ERR_INVALID_HEADER' })
  }
})

test('headers that a record inherits are not sent', () => {
  const record = Object.assign(Object.create({ 'x-inherited': 'a' }), { 'x-own': 'b' })
  assert.deepEqual([...new Headers(record)], [['x-own', 'b']])
})

test('a promise or another object without headers counted as no headers', () => {
  for (const init of [Promise.resolve({ a: 'b' }), new Date(), new URL('http://h/')]) {
    assert.throws(() => new Headers(init), { code: 'ERR_INVALID_HEADER' })
  }
  assert.deepEqual(new Headers(Object.create(null)).toJSON(), {})
})

test('what followed the value in a pair was dropped', () => {
  assert.throws(() => new Headers([['a', 'b', 'c', 'd']]), { code: 'ERR_INVALID_HEADER' })
})
