import assert from 'node:assert/strict'
import { test } from 'node:test'

import { WarningLimit } from '../../../addon/lib/util/warning-limit.js'

test('one warning for each request filled the log', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const limit = new WarningLimit(10_000)
  const lines = []
  const logger = { warn: (text) => lines.push(text) }
  const [first, second] = [{}, {}]
  for (let i = 0; i < 1000; i++) limit.warn(first, 'cannot hint', logger, `hint ${i}`)
  limit.warn(first, 'cannot push', logger, 'push')
  limit.warn(second, 'cannot hint', logger, 'hint of another')
  assert.deepEqual(lines, ['hint 0', 'push', 'hint of another'])
  t.mock.timers.tick(10_000)
  assert.equal(lines.length, 4)
  assert.match(lines[3], /999 more .* 10 s: cannot hint/)
  limit.warn(first, 'cannot hint', logger, 'again')
  assert.equal(lines[4], 'again')
})
