import assert from 'node:assert/strict'
import { test } from 'node:test'

import { parseOptions } from '../../../addon/lib/options.js'
import { RecycleWatch } from '../../../addon/lib/supervisor/recycle-watch.js'

function worker (pid = 1) {
  return {
    pid,
    inFlight: 0,
    quota: Infinity,
    traffic: { requests: 0 },
    limitRequests (n) { this.quota = n }
  }
}

function makeWatch (t, recycle, { random = () => 1, memoryOf = () => 0 } = {}) {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] })
  const { recycle: limits, restart } = parseOptions({ recycle })
  const due = []
  const watch = new RecycleWatch({
    limits, restart, random, memoryOf, onDue: (one, reason) => due.push([one, reason])
  })
  t.after(() => watch.stop())
  return { watch, due }
}

test('the limits are spread downwards', (t) => {
  for (const [random, quota] of [[0, 1000], [0.5, 900], [1, 800]]) {
    const { watch } = makeWatch(t, { requests: 1000, jitter: 0.2 }, { random: () => random })
    const one = worker()
    watch.watch(one)
    assert.equal(one.quota, quota)
    t.mock.timers.reset()
  }
})

test('nothing is due without a limit', (t) => {
  const { watch, due } = makeWatch(t, {}, { memoryOf: () => 2 ** 60 })
  const one = worker()
  watch.watch(one)
  assert.equal(one.quota, Infinity)
  one.traffic.requests = 1e9
  watch.start()
  t.mock.timers.tick(2 ** 31)
  assert.deepEqual(due, [])
})

test('age, with its part of chance', (t) => {
  const { watch, due } = makeWatch(t, { age: 1000, jitter: 0.5 })
  const one = worker()
  watch.watch(one)
  t.mock.timers.tick(499)
  assert.deepEqual(due, [])
  t.mock.timers.tick(1)
  assert.deepEqual(due, [[one, 'age']])
})

test('memory is looked at while a worker has work, and not of the others', (t) => {
  const memory = new Map([[1, 50], [2, 500]])
  const looked = []
  const { watch, due } = makeWatch(t, { memory: 100 }, {
    memoryOf (pid) {
      looked.push(pid)
      return memory.get(pid)
    }
  })
  const [busy, idle] = [worker(1), worker(2)]
  watch.watch(busy)
  watch.watch(idle)
  busy.traffic.requests = 1 // and answered in between
  watch.start()
  t.mock.timers.tick(1000)
  assert.deepEqual(looked, [1])
  t.mock.timers.tick(10_000)
  assert.deepEqual(looked, [1], 'the clock has stopped')
  memory.set(1, 100)
  busy.inFlight = 1
  watch.start()
  t.mock.timers.tick(1000)
  assert.deepEqual(due, [[busy, 'memory']])
})

test('one after the other, each once', (t) => {
  const { watch, due } = makeWatch(t, { requests: 10 })
  const [first, second, third] = [worker(1), worker(2), worker(3)]
  for (const one of [first, second, third]) watch.watch(one)
  watch.due(first, 'requests')
  watch.due(first, 'age')
  watch.due(second, 'requests')
  watch.due(third, 'age')
  assert.deepEqual(due, [[first, 'requests']])
  watch.done(second) // it died meanwhile
  assert.equal(due.length, 1)
  watch.done(first)
  assert.deepEqual(due.slice(1), [[third, 'age']])
  watch.due(second, 'requests')
  watch.done(third)
  assert.equal(due.length, 2, 'what is not watched any more is not due')
})

test('after a successor that failed there is a pause, which grows', (t) => {
  const { watch, due } = makeWatch(t, { requests: 10 })
  const one = worker()
  watch.watch(one)
  watch.due(one, 'requests')
  for (const [pause, count] of [[100, 2], [200, 3], [300, 4]]) {
    watch.failed(one)
    t.mock.timers.tick(pause - 1)
    assert.equal(due.length, count - 1)
    t.mock.timers.tick(1)
    assert.equal(due.length, count)
  }
})

test('a worker that has had too many requests already is due at once', (t) => {
  const { watch, due } = makeWatch(t, { requests: 10 })
  const one = worker()
  one.traffic.requests = 20
  watch.watch(one)
  assert.deepEqual(due, [[one, 'requests']])
})

test('stop() lets go of all', (t) => {
  const { watch, due } = makeWatch(t, { requests: 1, age: 100 })
  const one = worker()
  watch.watch(one)
  watch.stop()
  t.mock.timers.tick(1000)
  watch.due(one, 'requests')
  assert.deepEqual(due, [])
})
