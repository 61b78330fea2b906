import assert from 'node:assert/strict'
import { test } from 'node:test'

import { advice, compare, differences, draw, failed } from './budget.js'

const verdicts = (counts, budgets) =>
  Object.fromEntries(compare(counts, budgets, 0.02).map(({ loop, verdict }) => [loop, verdict]))

test('a count may differ from its budget by the tolerance', () => {
  assert.deepEqual(verdicts(
    { a: 1000, b: 1020, c: 980, d: 1021, e: 979 },
    { a: 1000, b: 1000, c: 1000, d: 1000, e: 1000 }
  ), { a: 'within', b: 'within', c: 'within', d: 'over', e: 'under' })
})

test('a loop without a budget and a budget without a loop are reported', () => {
  assert.deepEqual(verdicts({ a: 1, b: 2 }, { b: 2, c: 3 }), { a: 'new', b: 'within', c: 'gone' })
})

test('a count over its budget fails, a count under it does not', () => {
  assert.equal(failed(compare({ a: 1000, b: 900 }, { a: 1000, b: 1000 })), false)
  assert.equal(failed(compare({ a: 1000, b: 1100 }, { a: 1000, b: 1000 })), true)
  assert.equal(failed(compare({ a: 1000 }, {})), true)
  assert.equal(failed(compare({}, { a: 1000 })), true)
})

test('the advice says by how much a count differs and what to do', () => {
  assert.deepEqual(advice(compare({ a: 1000 }, { a: 1000 }), 'x --record'), [])
  const over = advice(compare({ a: 1100, b: 5 }, { a: 1000 }), 'x --record')
  assert.equal(over.length, 3)
  assert.match(over[0], /^a .*\b100\b.*\b1000\b.*\+10\.0 %/)
  assert.match(over[1], /^b .*no budget/)
  assert.match(over[2], /x --record$/)
  const under = advice(compare({ a: 900 }, { a: 1000 }), 'x --record')
  assert.equal(under.length, 2)
  assert.match(under[0], /^a .*\b100\b.*\b1000\b.*-10\.0 %/)
  assert.match(under[1], /x --record$/)
  const gone = advice(compare({}, { a: 1000 }), 'x --record')
  assert.match(gone[0], /^a .*no longer exists/)
})

test('the table shows every loop', () => {
  assert.equal(draw(compare({ a: 1100, b: 5 }, { a: 1000, c: 7 })), [
    '| loop | instructions | budget | difference |',
    '| ---- | -----------: | -----: | ---------: |',
    '| a    |         1100 |   1000 |    +10.0 % |',
    '| b    |            5 |      - |          - |',
    '| c    |            - |      7 |          - |'
  ].join('\n'))
})

test('differing facts are named', () => {
  const recorded = { compiler: 'GCC 12.2.0', python: '3.11' }
  assert.deepEqual(differences(recorded, recorded), [])
  assert.deepEqual(differences(recorded, { compiler: 'GCC 13.1.0', python: '3.11' }),
    ['compiler GCC 13.1.0 instead of GCC 12.2.0'])
})
