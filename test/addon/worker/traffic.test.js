import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Traffic } from '../../../addon/lib/worker/traffic.js'
import { near } from '../../support/near.js'

test('traffic adds up', () => {
  const [one, two] = [new Traffic(), new Traffic()]
  Object.assign(one, { requests: 5, answered: 2, failed: 1, aborted: 1, lost: 1 })
  Object.assign(two, { requests: 1, answered: 1 })
  one.latency.add(1)
  two.latency.add(100)
  two.merge(one)
  const { latency, ...counts } = two.summary()
  assert.deepEqual(counts, { requests: 6, answered: 3, failed: 1, aborted: 1, lost: 1 })
  assert.equal(latency.count, 2)
  near(latency.max, 100)
})
