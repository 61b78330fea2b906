import assert from 'node:assert/strict'
import { test } from 'node:test'

import { LENGTH, Seconds } from '../../../addon/lib/dashboard/seconds.js'

test('seconds without requests are listed too, without a latency', () => {
  const seconds = new Seconds()
  const row = seconds.at(1001)
  row.requests = 2
  row.latencies.add(5)
  assert.deepEqual(seconds.list(1000, 1002), [
    [1000, 0, 0, 0, null, null, null],
    [1001, 2, 0, 0, 5, 5, 5],
    [1002, 0, 0, 0, null, null, null]
  ])
})

test('a second is forgotten when its place is needed', () => {
  const seconds = new Seconds()
  seconds.at(1000).requests = 1
  seconds.at(1000 + LENGTH).requests = 2
  const list = seconds.list(0, 1000 + LENGTH)
  assert.equal(list.length, LENGTH)
  assert.equal(list.reduce((sum, [, requests]) => sum + requests, 0), 2)
})

test('some seconds are added up', () => {
  const seconds = new Seconds()
  for (let time = 1000; time < 1010; time++) {
    const row = seconds.at(time)
    row.requests = 1
    row.failures = time % 2
    row.latencies.add(time - 999)
  }
  const { requests, failures, p99 } = seconds.total(1005, 1009)
  assert.deepEqual([requests, failures, p99], [5, 3, 10])
})
