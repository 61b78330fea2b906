import assert from 'node:assert/strict'
import { test } from 'node:test'

import { advice, compare, differences, draw, failed } from './budget.js'

const verdicts = (counts, budgets) =>
  Object.fromEntries(compare(counts, budgets, 0.02).map(({ loop, verdict }) => [loop, verdict]))

test('a count may miss its budget by the tolerance', () => {
  assert.deepEqual(verdicts(
    { a: 1000, b: 1020, c: 980, d: 1021, e: 979 },
    { a: 1000, b: 1000, c: 1000, d: 1000, e: 1000 }
  ), { a: 'within', b: 'within', c: 'within', d: 'over', e: 'under' })
})

test('loops and budgets must match', () => {
  assert.deepEqual(verdicts({ a: 1, b: 2 }, { b: 2, c: 3 }), { a: 'new', b: 'within', c: 'gone' })
})

test('what is over fails, what is under does not', () => {
  assert.equal(failed(compare({ a: 1000, b: 900 }, { a: 1000, b: 1000 })), false)
  assert.equal(failed(compare({ a: 1000, b: 1100 }, { a: 1000, b: 1000 })), true)
  assert.equal(failed(compare({ a: 1000 }, {})), true)
  assert.equal(failed(compare({}, { a: 1000 })), true)
})

test('the advice says by how much and what to do', () => {
  assert.deepEqual(advice(compare({ a: 1000 }, { a: 1000 }), 'x --record'), [])
  assert.deepEqual(advice(compare({ a: 1100, b: 5 }, { a: 1000 }), 'x --record'), [
    'a takes 100 instructions more than its budget of 1000 (+10.0 %)',
    'b has no budget yet',
    'If that is meant, record the budgets with: x --record'
  ])
  assert.deepEqual(advice(compare({ a: 900 }, { a: 1000 }), 'x --record'), [
    'a takes 100 instructions less than its budget of 1000 (-10.0 %): record it anew, so that the ' +
      'gain is not lost unseen',
    'Record the budgets with: x --record'
  ])
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

test('the facts that differ are named', () => {
  const recorded = { compiler: 'GCC 12.2.0', python: '3.11' }
  assert.deepEqual(differences(recorded, recorded), [])
  assert.deepEqual(differences(recorded, { compiler: 'GCC 13.1.0', python: '3.11' }),
    ['compiler GCC 13.1.0 instead of GCC 12.2.0'])
})
