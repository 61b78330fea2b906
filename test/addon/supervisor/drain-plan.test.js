import assert from 'node:assert/strict'
import { test } from 'node:test'

import { parseOptions } from '../../../addon/lib/options.js'
import { closingPlan, retirementPlan } from '../../../addon/lib/supervisor/drain-plan.js'

const { timeouts } = parseOptions()

test('stopping took 18 s with a drain of 2 s, and 26 s by default', () => {
  for (const budget of [2000, timeouts.drain, 60_000]) {
    const { total, kill } = closingPlan(timeouts, budget)
    assert.ok(total + kill <= budget + 1, `${total} + ${kill} of ${budget} ms`)
  }
  assert.ok(timeouts.drain <= 9000, 'containers are killed after 10 s')
})

test('requests get at least half of the budget, and more when the other steps need less', () => {
  assert.equal(closingPlan(timeouts, 8000).finish, 4000)
  const short = { ...timeouts, disconnect: 100, cancel: 100, shutdown: 700, kill: 100 }
  assert.equal(closingPlan(short, 8000).finish, 7000)
})

test('without a budget an application still gets a second to shut down', () => {
  const { finish, disconnect, total, kill } = closingPlan(timeouts, 0)
  assert.equal(finish, 0)
  assert.ok(disconnect < total)
  assert.ok(total + kill <= 1001)
})

test('steps may have no time at all', () => {
  const none = { ...timeouts, disconnect: 0, cancel: 0, shutdown: 0, kill: 0 }
  assert.deepEqual(closingPlan(none, 0), { finish: 0, disconnect: 0, total: 0, kill: 1 })
})

test('a worker that is replaced takes each step in its own time', () => {
  const { disconnect, cancel, shutdown, kill } = timeouts
  assert.equal(retirementPlan(timeouts, 5000).total, 5000 + disconnect + cancel + shutdown + kill)
})
