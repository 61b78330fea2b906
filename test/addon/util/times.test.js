import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Times } from '../../../addon/lib/util/times.js'
import { near } from '../../support/near.js'

test('times come back in milliseconds, to one part in a hundred', () => {
  const times = new Times()
  for (let i = 1; i <= 1000; i++) times.add(i / 10)
  const { count, mean, p50, p90, p99, p999, max } = times.summary()
  assert.equal(count, 1000)
  near(mean, 50)
  near(p50, 50)
  near(p90, 90)
  near(p99, 99)
  near(p999, 100)
  near(max, 100)
})

test('no times at all are zeros', () => {
  assert.deepEqual(new Times().summary(),
    { count: 0, mean: 0, p50: 0, p90: 0, p99: 0, p999: 0, max: 0 })
})

test('times out of the range count as its ends', () => {
  const times = new Times()
  times.add(0)
  times.add(-1)
  times.add(1e12)
  const { count, p50, max } = times.summary()
  assert.equal(count, 3)
  near(p50, 0.001)
  near(max, 3_600_000)
})
