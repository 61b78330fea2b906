import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Scheduler } from '../../../addon/lib/pool/scheduler.js'

const crew = (...inFlight) => inFlight.map((count, id) => ({ id, inFlight: count, sockets: 0 }))

function give (scheduler, workers, times) {
  return Array.from({ length: times }, () => {
    const worker = scheduler.pick(workers)
    if (worker === null) return null
    worker.inFlight++
    return worker.id
  })
}

test('the one with the fewest in flight', () => {
  assert.equal(new Scheduler(10).pick(crew(3, 1, 2)).id, 1)
})

test('equals take turns, also when each is done before the next comes', () => {
  const scheduler = new Scheduler(10)
  assert.deepEqual(give(scheduler, crew(0, 0, 0), 6), [0, 1, 2, 0, 1, 2])
  const idle = crew(0, 0, 0)
  const picked = Array.from({ length: 6 }, () => scheduler.pick(idle).id)
  assert.deepEqual(new Set(picked.slice(0, 3)).size, 3)
  assert.deepEqual(picked.slice(0, 3), picked.slice(3))
})

test('none beyond the concurrency', () => {
  const workers = crew(0, 0)
  assert.deepEqual(give(new Scheduler(2), workers, 5), [0, 1, 0, 1, null])
  workers[1].inFlight--
  assert.equal(new Scheduler(2).pick(workers).id, 1)
})

test('no workers, and workers that have left since the last turn', () => {
  const scheduler = new Scheduler(Infinity)
  assert.equal(scheduler.pick([]), null)
  give(scheduler, crew(0, 0, 0), 2)
  assert.equal(scheduler.pick(crew(0)).id, 0)
})

test('open sockets count for the balance, not for the concurrency', () => {
  const scheduler = new Scheduler(1)
  const [full, free] = crew(1, 5)
  free.sockets = 5
  assert.equal(scheduler.pick([full, free]), free)
  full.sockets = 1
  assert.equal(scheduler.pick([full, free]), full)
})
