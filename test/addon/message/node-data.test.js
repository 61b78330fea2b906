import assert from 'node:assert/strict'
import { test } from 'node:test'

import { encodeNodeData } from '../../../addon/lib/message/node-data.js'

/** The bytes that a worker gets, in hex. */
const hex = (data) =>
  Buffer.from(encodeNodeData(data).replace(/%(..)/g, (_, code) =>
    String.fromCharCode(Number.parseInt(code, 16))), 'latin1').toString('hex')

/** The bytes of one value, which is the only one of its object. */
const one = (value) => hex({ a: value }).slice('81a161'.length)

test('there is nothing for requests without data', () => {
  assert.equal(encodeNodeData(undefined), '')
  assert.equal(encodeNodeData(null), '')
})

test('values are encoded as msgpack specifies', () => {
  for (const [value, expected] of [
    [null, 'c0'], [undefined, 'c0'], [true, 'c3'], [false, 'c2'], [0, '00'], [127, '7f'],
    [128, 'd200000080'], [-1, 'd2ffffffff'], [2 ** 31, 'd30000000080000000'],
    [Number.MIN_SAFE_INTEGER, 'd3ffe0000000000001'], [2 ** 53, 'cb4340000000000000'],
    [1.5, 'cb3ff8000000000000'], [-0, 'cb8000000000000000'], [NaN, 'cb7ff8000000000000'],
    [5n, 'd30000000000000005'], [2n ** 64n - 1n, 'cfffffffffffffffff'],
    ['', 'a0'], ['é', 'a2c3a9'], ['\0%', 'a20025'],
    ['x'.repeat(32), 'db00000020' + '78'.repeat(32)],
    [[], '90'], [[1, [2]], '92019102'], [{}, '80'], [{ b: 'c' }, '81a162a163'],
    [Buffer.from('\0%'), 'c6000000020025'], [new Uint16Array([1]), 'c6000000020100'],
    [Array(16).fill(0), 'dd00000010' + '00'.repeat(16)], [new Array(2), '92c0c0']
  ]) assert.equal(one(value), expected, String(value))
})

test('objects of a class count by their own fields, or by their toJSON()', () => {
  class User { id = 1; #secret = 2; get hidden () { return this.#secret } }
  assert.equal(one(new User()), '81a2696401')
  assert.equal(one(new Date(0)), hex({ a: '1970-01-01T00:00:00.000Z' }).slice('81a161'.length))
  assert.equal(one({ toJSON: () => ({ id: 1 }) }), '81a2696401')
  assert.equal(one(Object.assign(Object.create(null), { id: 1 })), '81a2696401')
})

test('no NUL is in the text, which would shift the fields after it', () => {
  assert.doesNotMatch(encodeNodeData({ '\0': '\0', b: Buffer.alloc(300), n: 0 }), /\0/)
})

test('a value that Python cannot get is refused with its place', () => {
  const cycle = { list: [] }
  cycle.list.push(cycle)
  for (const [data, place] of [
    [{ user: { name () {} } }, /^scope\.user\.name is a function;/],
    [{ ids: [1, Symbol('x')] }, /^scope\.ids\[1\] is a symbol;/],
    [{ roles: new Set() }, /^scope\.roles is a Set;/],
    [{ user: Promise.resolve() }, /^scope\.user is a Promise;/],
    [{ error: new Error('x') }, /^scope\.error is a Error;/],
    [{ id: 2n ** 64n }, /^scope\.id is a BigInt of more than 64 bits/],
    [{ id: -(2n ** 63n) - 1n }, /^scope\.id is a BigInt of more than 64 bits/],
    [cycle, /deeper than 32 levels, or part of itself/],
    [{ toJSON: () => cycle }, /deeper than 32 levels/],
    ['ada', /^scope must be an object .* not "ada"/],
    [[1], /^scope must be an object .* not an array/],
    [new Map(), /^scope must be an object/]
  ]) assert.throws(() => encodeNodeData(data), { code: 'ERR_INVALID_OPTION', message: place })
})

test('data that is too large is refused before it has been walked to its end', () => {
  let walked = 0
  const item = { get x () { walked++; return 'x'.repeat(1000) } }
  for (const data of [
    { text: 'x'.repeat(60_000) }, { list: Array(1000).fill(item) },
    { list: new Array(2 ** 32 - 1) }, { bytes: Buffer.alloc(60_001) }
  ]) {
    assert.throws(() => encodeNodeData(data),
      { code: 'ERR_INVALID_OPTION', message: /more than 60000 bytes/ })
  }
  assert(walked < 100, `${walked} items`)
  assert.ok(encodeNodeData({ text: 'x'.repeat(59_000) }))
})
