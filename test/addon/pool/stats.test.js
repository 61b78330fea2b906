import assert from 'node:assert/strict'
import { test } from 'node:test'

import { workerStats } from '../../../addon/lib/pool/stats.js'
import { TRANSITIONS } from '../../../addon/lib/worker/states.js'
import { Traffic } from '../../../addon/lib/worker/traffic.js'

const worker = (over) => ({
  id: 1,
  pid: process.pid,
  state: 'ready',
  inFlight: 2,
  lag: 3,
  readyAt: 0,
  traffic: new Traffic(),
  ...over
})

test('the stats of a worker have its traffic, its memory and its age', () => {
  const one = worker({ readyAt: performance.now() - 1000 })
  one.traffic.requests = 5
  const { id, pid, inFlight, lag, uptime, memory, requests } = workerStats(one)
  assert.deepEqual({ id, pid, inFlight, lag, requests },
    { id: 1, pid: process.pid, inFlight: 2, lag: 3, requests: 5 })
  assert.ok(uptime >= 1000)
  assert.ok(memory > 0)
})

test('a worker without a process has no memory and no age', () => {
  const { uptime, memory } = workerStats(worker({ pid: 0 }))
  assert.deepEqual([uptime, memory], [0, 0])
})

test('each state is shown as one that is documented', () => {
  for (const state of Object.keys(TRANSITIONS)) {
    const shown = workerStats(worker({ state })).state
    assert.ok(['starting', 'ready', 'draining', 'gone'].includes(shown), `${state}: ${shown}`)
  }
})
