import assert from 'node:assert/strict'
import { test } from 'node:test'
import { interleave } from '../../../bench/support/report/rounds.js'

const fields = { rounds: 3, nameOf: ({ name }) => name }
const named = () => ['a', 'b', 'c'].map(name => ({ name, rounds: [] }))

test('a case is not always measured right after the same other case', async () => {
  const order = []
  const cases = named()
  await interleave({
    ...fields,
    cases,
    measure: async ({ name }) => ({ place: order.push(name) })
  })
  assert.equal(order.join(''), 'abccbaabc')
  assert.deepEqual(cases.map(one => one.rounds.map(({ place }) => place)),
    [[1, 6, 7], [2, 5, 8], [3, 4, 9]])
})

test('a case that failed is not measured again, and the others go on', async () => {
  const cases = named()
  await interleave({
    ...fields,
    cases,
    measure: async ({ name }) => {
      if (name === 'b') throw new Error('no answer')
      return {}
    },
    mayFail: () => true
  })
  assert.deepEqual(cases.map(({ rounds, failed }) => [rounds.length, failed]),
    [[3, undefined], [0, 'no answer'], [3, undefined]])
})

test('a failure ends the benchmark and names the case', async () => {
  await assert.rejects(interleave({
    ...fields,
    cases: named(),
    measure: async ({ name }) => {
      if (name === 'b') throw new Error('no answer')
      return {}
    }
  }), { message: 'b: no answer' })
})
