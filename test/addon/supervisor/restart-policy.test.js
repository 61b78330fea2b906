import assert from 'node:assert/strict'
import { test } from 'node:test'

import { RestartPolicy } from '../../../addon/lib/supervisor/restart-policy.js'

const settings = { min: 100, max: 1000, window: 60_000, limit: Infinity }
const latest = () => 1

test('at once first, then longer and longer, up to the longest', () => {
  const policy = new RestartPolicy(settings, latest)
  const delays = Array.from({ length: 7 }, () => policy.failed(0))
  assert.deepEqual(delays, [0, 100, 200, 400, 800, 1000, 1000])
})

test('half of a delay is random', () => {
  const policy = new RestartPolicy(settings, () => 0)
  assert.deepEqual([policy.failed(0), policy.failed(0), policy.failed(0)], [0, 50, 100])
})

test('who served long enough starts anew, who only nearly did not', () => {
  const policy = new RestartPolicy(settings, latest)
  policy.failed(0)
  assert.equal(policy.failed(60_000), 100)
  assert.equal(policy.failed(60_001), 0)
  assert.equal(policy.failures, 1)
})

test('after the limit there is little hope, and the longest delay', () => {
  const policy = new RestartPolicy({ ...settings, limit: 2 }, latest)
  assert.deepEqual([policy.failed(0), policy.failed(0)], [0, 100])
  assert.equal(policy.isBroken, false)
  assert.deepEqual([policy.failed(0), policy.failed(0)], [1000, 1000])
  assert.equal(policy.isBroken, true)
  policy.reset()
  assert.equal(policy.isBroken, false)
  assert.equal(policy.failed(0), 0)
})

test('a thousand failures do not overflow', () => {
  const policy = new RestartPolicy(settings, latest)
  for (let i = 0; i < 2000; i++) policy.failed(0)
  assert.equal(policy.failed(0), 1000)
})
