import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Deadline } from '../../../addon/lib/util/deadline.js'
import { blockWhileMessageArrives, stopClock } from '../../support/time.js'

test('what is expected last counts, and nothing happens once it is met', (t) => {
  const clock = stopClock(t)
  const deadline = new Deadline()
  const missed = []
  deadline.expect(10, () => missed.push('first'))
  deadline.expect(20, () => missed.push('second'))
  clock.pass(15)
  assert.deepEqual(missed, [])
  clock.pass(5)
  assert.deepEqual(missed, ['second'])
  deadline.expect(10, () => missed.push('third'))
  deadline.met()
  deadline.met()
  clock.pass(100)
  assert.deepEqual(missed, ['second'])
})

test('a deadline is missed although the news has arrived while Node was blocked', async () => {
  const deadline = new Deadline()
  let missed = 0
  const before = () => deadline.expect(10, () => { missed++ })
  await blockWhileMessageArrives(20, { before, onMessage: () => deadline.met() })
  assert.equal(missed, 0)
  await blockWhileMessageArrives(20, { before, onMessage: () => {} })
  assert.equal(missed, 1)
})
