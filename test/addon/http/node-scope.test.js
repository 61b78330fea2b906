import assert from 'node:assert/strict'
import { test } from 'node:test'

import { checkScope, withNodeData } from '../../../addon/lib/http/node-scope.js'

const fail = (error) => { throw error }

test('an arrival without scope stays the same object', () => {
  const arrival = { mount: '/a' }
  for (const given of [arrival, undefined]) {
    withNodeData(given, {}, (known) => assert.equal(known, given), fail)
  }
})

test('without a promise, everything happens during the call', () => {
  const seen = []
  const then = ({ mount, data }) => seen.push(mount, data)
  withNodeData({ mount: '/a', scope: { n: 1 } }, {}, then, fail)
  withNodeData({ mount: '/b', scope: (req) => ({ n: req.n }) }, { n: 2 }, then, fail)
  withNodeData({ mount: '/c', scope: () => undefined }, {}, then, fail)
  assert.deepEqual(seen, ['/a', '\x81\xa1n\x01', '/b', '\x81\xa1n\x02', '/c', ''])
})

test('a function may return a promise', async () => {
  const { data } = await new Promise((resolve, reject) =>
    withNodeData({ scope: async () => ({ n: 1 }) }, {}, resolve, reject))
  assert.equal(data, '\x81\xa1n\x01')
})

test('what a function throws, rejects with, or must not return goes to one place', async () => {
  const broken = new Error('broken')
  for (const scope of [() => { throw broken }, async () => { throw broken }]) {
    await assert.rejects(new Promise((resolve, reject) =>
      withNodeData({ scope }, {}, resolve, reject)), broken)
  }
  for (const scope of [() => ({ f () {} }), async () => ({ f () {} }), () => 'ada']) {
    await assert.rejects(new Promise((resolve, reject) =>
      withNodeData({ scope }, {}, resolve, reject)), { code: 'ERR_INVALID_OPTION' })
  }
})

test('a scope that is neither an object nor a function is refused at once', () => {
  for (const scope of ['ada', 1, true, [1]]) {
    assert.throws(() => checkScope(scope), { code: 'ERR_INVALID_OPTION', option: 'scope' })
  }
  assert.equal(checkScope(undefined), undefined)
})
