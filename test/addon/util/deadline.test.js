import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Deadline } from '../../../addon/lib/util/deadline.js'

test('what is expected last counts, and nothing happens once it is met', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const deadline = new Deadline()
  const missed = []
  deadline.expect(10, () => missed.push('first'))
  deadline.expect(20, () => missed.push('second'))
  t.mock.timers.tick(15)
  assert.deepEqual(missed, [])
  t.mock.timers.tick(5)
  assert.deepEqual(missed, ['second'])
  deadline.expect(10, () => missed.push('third'))
  deadline.met()
  deadline.met()
  t.mock.timers.tick(100)
  assert.deepEqual(missed, ['second'])
})
