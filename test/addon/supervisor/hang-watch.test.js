import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import { HangWatch } from '../../../addon/lib/supervisor/hang-watch.js'
import { Pulse } from '../../../addon/lib/worker/pulse.js'

/** A worker that answers a ping when a test calls `pulse.answered()`. */
function worker (over) {
  const one = { readyAt: 1, inFlight: 1, pings: 0, probe: () => one.pulse.probe(), ...over }
  one.pulse = new Pulse(() => { one.pings++ })
  return one
}

test('a busy worker that does not answer for the limit hangs, once', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const dead = worker()
  const alive = worker()
  const idle = worker({ inFlight: 0 })
  const starting = worker({ readyAt: 0 })
  const hung = []
  const watch = new HangWatch(1000, () => [dead, alive, idle, starting], (one) => hung.push(one))
  watch.start()
  for (let turn = 0; turn < 10; turn++) {
    t.mock.timers.tick(100)
    alive.pulse.answered(0)
  }
  assert.deepEqual(hung, [])
  t.mock.timers.tick(100)
  assert.deepEqual(hung, [dead])
  for (let turn = 0; turn < 30; turn++) {
    alive.pulse.answered(0)
    t.mock.timers.tick(100)
  }
  assert.deepEqual(hung, [dead])
  assert.equal(dead.pings, 1)
  assert.ok(alive.pings >= 10)
  assert.equal(idle.pings + starting.pings, 0)
  watch.stop()
})

test('an answer that comes late is an answer', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const slow = worker()
  const hung = []
  const watch = new HangWatch(1000, () => [slow], (one) => hung.push(one))
  watch.start()
  for (let turn = 1; turn <= 100; turn++) {
    t.mock.timers.tick(100)
    if (turn % 9 === 0) slow.pulse.answered(0)
  }
  assert.deepEqual(hung, [])
  watch.stop()
})

test('the clock stops when no worker is busy', async () => {
  let looks = 0
  const watch = new HangWatch(10, () => { looks++; return [] }, () => {})
  watch.start()
  await sleep(100)
  assert.equal(looks, 1)
})

test('no limit, no clock', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const watch = new HangWatch(0, () => assert.fail('looked'), () => {})
  watch.start()
  t.mock.timers.tick(5000)
})
