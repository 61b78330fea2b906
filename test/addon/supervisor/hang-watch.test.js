import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import { parseOptions } from '../../../addon/lib/options.js'
import { HangWatch } from '../../../addon/lib/supervisor/hang-watch.js'
import { Pulse } from '../../../addon/lib/worker/pulse.js'

/** A worker that answers a ping when a test calls `pulse.answered()`. */
function worker (over) {
  const probe = () => one.pulse.probe()
  const one = { state: 'ready', readyAt: 1, inFlight: 1, pings: 0, probe, ...over }
  one.pulse = new Pulse(() => { one.pings++ })
  return one
}

const nothing = { onSilent () {}, onHung () {}, onOutage () {} }

test('a busy worker that does not answer for the limit hangs, once', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const dead = worker()
  const alive = worker()
  const idle = worker({ inFlight: 0 })
  const starting = worker({ readyAt: 0 })
  const hung = []
  const watch = new HangWatch(1000, () => [dead, alive, idle, starting],
    { ...nothing, onHung: (one) => hung.push(one) })
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
  const watch = new HangWatch(1000, () => [slow], { ...nothing, onHung: (one) => hung.push(one) })
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
  const watch = new HangWatch(10, () => { looks++; return [] }, nothing)
  watch.start()
  await sleep(100)
  assert.equal(looks, 1)
})

test('no limit, no clock', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const watch = new HangWatch(0, () => assert.fail('looked'), nothing)
  watch.start()
  t.mock.timers.tick(5000)
})

/**
 * Lets time pass turn by turn at the default limit, and keeps what the watch says.
 * @param {(second: number) => any[]} answering the workers that answer in this second
 * @param {any[]} computing the workers that use the CPU all the time
 */
function simulate (t, workers, answering, seconds, computing = []) {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const { hang } = parseOptions().timeouts
  const said = []
  let second = 0
  const watch = new HangWatch(hang, () => workers, {
    onSilent: (one) => said.push([second, 'silent', workers.indexOf(one)]),
    onHung: (one) => said.push([second, 'hung', workers.indexOf(one)]),
    onOutage: (one, silence) => said.push([second, 'outage', workers.indexOf(one), silence])
  }, (pid) => ({
    runs: false, cpuTime: computing.some((one) => one.pid === pid) ? second * 1000 : 500
  }))
  workers.forEach((one, i) => { one.pid = i })
  watch.start()
  while (second < seconds) {
    second++
    t.mock.timers.tick(1000)
    for (const one of answering(second)) one.pulse.answered(0)
  }
  watch.stop()
  return said
}

test('all workers were silent for 30 s before anything was done', (t) => {
  const both = [worker(), worker()]
  assert.deepEqual(simulate(t, both, () => [], 13), [
    [6, 'outage', 0, 5000], [11, 'outage', 0, 10_000]
  ])
})

test('a silent worker is not an outage while another one answers or is idle', (t) => {
  const [dead, alive, idle] = [worker(), worker(), worker({ inFlight: 0 })]
  assert.deepEqual(simulate(t, [dead, alive], () => [alive], 7),
    [[6, 'silent', 0], [7, 'silent', 0]])
  t.mock.timers.reset()
  assert.deepEqual(simulate(t, [worker(), idle], () => [], 6), [[6, 'silent', 0]])
})

test('workers that block for shorter than a sixth of the limit are not silent', (t) => {
  const both = [worker(), worker()]
  assert.deepEqual(simulate(t, both, (second) => second % 4 === 0 ? both : [], 60), [])
})

test('workers that compute get no extra worker, but hang at the limit', (t) => {
  const both = [worker(), worker()]
  assert.deepEqual(simulate(t, both, () => [], 31, both), [[31, 'hung', 0], [31, 'hung', 1]])
  t.mock.timers.reset()
  const one = worker()
  assert.deepEqual(simulate(t, [one], (second) => second % 20 === 0 ? [one] : [], 100, [one]), [])
})

test('workers that are ending do not count as workers that answer', (t) => {
  const both = [worker(), worker({ state: 'draining' })]
  assert.deepEqual(simulate(t, both, () => [both[1]], 7), [[6, 'outage', 0, 5000]])
})
