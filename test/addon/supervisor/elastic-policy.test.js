import assert from 'node:assert/strict'
import { test } from 'node:test'

import { parseOptions } from '../../../addon/lib/options.js'
import { ElasticPolicy } from '../../../addon/lib/supervisor/elastic-policy.js'
import { SECOND, simulate } from '../../support/elastic-pool.js'

const { workers: { idle }, concurrency } = parseOptions({ workers: { min: 1, max: 8 } })
const calm = { ready: 1, starting: 0, inFlight: 0, waiting: 0, waited: 0, lag: 0 }

/** A policy that has seen the pool, and what it decides for it later. */
function policyOf (size = {}, pool = {}) {
  const policy = new ElasticPolicy({ min: 1, max: 8, idle, ...size }, concurrency)
  policy.decide({ ...calm, ...pool, now: 0 })
  return (now, later) => policy.decide({ ...calm, ...pool, ...later, now })
}

test('nothing to do: the fewest workers', () => {
  const decide = policyOf()
  assert.equal(decide(10), 1)
  assert.equal(policyOf({ min: 3 })(10), 3)
  assert.equal(policyOf({ min: 0 }, { ready: 0 })(10), 0)
})

test('without a worker, the first request gets one at once', () => {
  assert.equal(policyOf({ min: 0 }, { ready: 0 })(1, { waiting: 1 }), 1)
})

test('a request that waits for a moment is no lack of workers', () => {
  assert.equal(policyOf()(1, { inFlight: 16, waiting: 40, waited: 9 }), 1)
})

test('grows by what waits, as far as the most workers', () => {
  assert.equal(policyOf()(1, { inFlight: 16, waiting: 16, waited: 10 }), 2)
  assert.equal(policyOf()(1, { inFlight: 16, waiting: 17, waited: 10 }), 3)
  assert.equal(policyOf()(1, { inFlight: 16, waiting: 184, waited: 10 }), 8)
})

test('workers that are starting count for what waits', () => {
  const decide = policyOf({}, { starting: 2, inFlight: 16, waiting: 32, waited: 20 })
  assert.equal(decide(1), 3)
  assert.equal(decide(2, { waiting: 33 }), 4)
})

test('grows by one when every event loop has been late for a while', () => {
  const decide = policyOf()
  const late = { inFlight: 5, lag: 30 }
  assert.equal(decide(50, late), 1)
  assert.equal(decide(100, late), 1)
  assert.equal(decide(150, late), 2)
  const once = policyOf()
  assert.equal(once(50, late), 1)
  assert.equal(once(100, { inFlight: 5 }), 1, 'one slow call')
  assert.equal(once(150, late), 1)
})

test('a start that fails again and again keeps late event loops from adding more', () => {
  const decide = policyOf({}, { starting: 1, inFlight: 5, lag: 30 })
  for (let now = 50; now < 10_000; now += 50) assert.equal(decide(now), 2)
})

test('shrinks after the time `idle`, one at a time', () => {
  const decide = policyOf({}, { ready: 4 })
  for (let now = 500; now < idle; now += 500) assert.equal(decide(now), 4)
  assert.equal(decide(idle), 3)
  assert.equal(decide(idle + 100, { ready: 3 }), 3)
  assert.equal(decide(idle + idle / 10 + 100, { ready: 3 }), 2)
})

test('a start that failed again and again kept the pool from shrinking', () => {
  const decide = policyOf({}, { ready: 3, starting: 1 })
  for (let now = 500; now < idle; now += 500) assert.equal(decide(now), 4)
  assert.equal(decide(idle), 3)
})

test('the last worker stays while there is anything to do', () => {
  const decide = policyOf({ min: 0 })
  decide(idle / 2, { inFlight: 1 })
  for (let now = idle / 2 + 500; now <= 3 * idle / 2; now += 500) assert.equal(decide(now), 1)
  assert.equal(decide(idle * 1.8), 0)
})

test('an outside change of the size is respected', () => {
  assert.equal(policyOf({ min: 2, max: 3 })(1), 2)
  assert.equal(policyOf({ min: 2, max: 3 })(1, { ready: 5 }), 3)
})

// ---- recorded load

const burst = (from, to, rate) => (time) => time >= from && time < to ? rate : 0
const CPU = { service: 5, start: 20 }

test('a burst brings workers soon, and they go after it, once', () => {
  const run = simulate({ ...CPU, rate: burst(5 * SECOND, 8 * SECOND, 600), length: 120 * SECOND })
  assert.ok(run.firstGrowth - 5 * SECOND < 250, `${run.firstGrowth}`)
  assert.ok(run.most >= 4 && run.most <= 8, `${run.most}`)
  assert.equal(run.workers, 1)
  assert.equal(run.turns, 2, 'up, and down')
  assert.ok(run.longestQueue < 500, 'half of the queue')
})

test('a ramp up and down is followed without flapping', () => {
  const rate = (time) => 900 * Math.sin(Math.PI * time / (10 * 60 * SECOND))
  const run = simulate({ ...CPU, rate, length: 10 * 60 * SECOND })
  assert.ok(run.most >= 5, `${run.most}`)
  assert.ok(run.turns <= 6, `${run.turns}`)
  assert.ok(run.p99 < 250, `${run.p99}`)
})

test('a steady load does not make the pool swing', () => {
  for (const load of [0.3, 0.7, 1.2, 2.5, 4.5]) {
    const run = simulate({ ...CPU, rate: () => load * 200, length: 10 * 60 * SECOND })
    assert.ok(run.workers > load && run.workers <= 2 * load + 3, `${load}: ${run.workers}`)
    assert.ok(run.turns <= 5, `${load}: ${run.turns} changes of direction`)
  }
})

test('bursts that come back more slowly than `idle` do not start workers each time', () => {
  const rate = (time) => time % (45 * SECOND) < 2 * SECOND ? 500 : 5
  const run = simulate({ ...CPU, rate, length: 20 * 60 * SECOND })
  assert.ok(run.turns <= 6, `${run.turns}`)
})

test('a day: few workers at night, many at noon, and a fraction of the memory', () => {
  // An hour is ten seconds, and `idle` as much shorter.
  const hour = 10 * SECOND
  const rate = (time) => 400 * (1 - Math.cos(2 * Math.PI * time / (24 * hour)))
  const run = simulate({ ...CPU, rate, length: 24 * hour, idle: 2000 })
  assert.ok(run.most >= 4 && run.workers <= 2, `${run.most}, ${run.workers}`)
  assert.ok(run.mean < 0.75 * run.most, `${run.mean} of ${run.most}`)
  assert.ok(run.p99 < 250, `${run.p99}`)
  assert.ok(run.turns <= 12, `${run.turns}`)
})

test('an application that only waits gets no more workers by late event loops', () => {
  const run = simulate({ service: 0.1, start: 20, rate: () => 500, length: 60 * SECOND })
  assert.equal(run.most, 1)
})
