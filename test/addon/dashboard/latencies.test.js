import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Latencies } from '../../../addon/lib/dashboard/latencies.js'

function of (...times) {
  const latencies = new Latencies()
  for (const time of times) latencies.add(time)
  return latencies
}

/** Whether a percentile is within the promised 10 %. */
function near (actual, expected) {
  assert.ok(actual >= expected * 0.999 && actual <= expected * 1.101, `${actual} for ${expected}`)
}

test('percentiles are exact to 10 %', () => {
  const latencies = of(...Array.from({ length: 1000 }, (_, i) => i + 1))
  for (const part of [0.01, 0.5, 0.95, 0.99]) near(latencies.percentile(part), part * 1000)
  assert.equal(latencies.percentile(1), 1000)
})

test('one time is every percentile', () => {
  for (const time of [0.001, 0.05, 0.4, 3, 1234, 5e5]) {
    assert.equal(of(time).percentile(0.5), time)
    assert.equal(of(time).percentile(0.99), time)
  }
})

test('there is no percentile of nothing', () => {
  const latencies = of(5)
  latencies.clear()
  assert.equal(latencies.percentile(0.5), null)
  assert.equal(latencies.max, 0)
})

test('a time longer than the last bucket counts there', () => {
  assert.equal(of(1e9, 1).percentile(1) > 4e5, true)
})

test('two can be added up', () => {
  const sum = of(1, 1, 1)
  sum.merge(of(100))
  assert.deepEqual([sum.count, sum.max], [4, 100])
  near(sum.percentile(0.75), 1)
  assert.equal(sum.percentile(0.76), 100)
})
