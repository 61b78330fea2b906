import assert from 'node:assert/strict'
import { test } from 'node:test'

import { sharedObject } from '../../../addon/lib/util/shared.js'

function maker (kind) {
  const ended = []
  return {
    ended,
    make: (key, given) => sharedObject(kind, key, given, {
      create: () => ({ given, over: false, isOver () { return this.over } }),
      end: (object) => ended.push(object)
    })
  }
}

test('equal options give the same object, by key', () => {
  const { make, ended } = maker(Symbol('kind'))
  const first = make('a', { list: [1], limit: Infinity })
  assert.equal(make('a', { list: [1], limit: Infinity }), first)
  assert.notEqual(make('b', { list: [1], limit: Infinity }), first)
  assert.equal(make('a', { list: [1], limit: Infinity }), first)
  assert.deepEqual(ended, [])
})

test('other options end the object before, which is forgotten', () => {
  const { make, ended } = maker(Symbol('kind'))
  const first = make('a', { n: 1 })
  const second = make('a', { n: 2 })
  assert.deepEqual(ended, [first])
  assert.equal(make('a', { n: 2 }), second)
})

test('an object that is over is replaced, but not ended again', () => {
  const { make, ended } = maker(Symbol('kind'))
  const first = make('a', { n: 1 })
  first.over = true
  assert.notEqual(make('a', { n: 1 }), first)
  assert.deepEqual(ended, [])
})

test('an object that cannot be made leaves none behind', () => {
  const kind = Symbol('kind')
  const failing = { create () { throw new Error('no') }, end () {} }
  assert.throws(() => sharedObject(kind, 'a', {}, failing), /no/)
  assert.throws(() => sharedObject(kind, 'a', {}, failing), /no/)
})

test('another copy of the module shares the objects', async () => {
  const copy = await import('../../../addon/lib/util/shared.js?copy')
  assert.notEqual(copy.sharedObject, sharedObject)
  const kind = Symbol('kind')
  const create = () => ({ isOver: () => false })
  const first = sharedObject(kind, 'a', { n: 1 }, { create, end () {} })
  assert.equal(copy.sharedObject(kind, 'a', { n: 1 }, { create, end () {} }), first)
})
