import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'

import { Elasticity } from '../../../addon/lib/supervisor/elasticity.js'
import { settle } from '../../support/fake-binding.js'
import {
  Failing, failImport, fakeHandler, slowly, stayAlive
} from '../../support/fake-handler.js'

const silent = { app: () => {} }
const elastic = { workers: { min: 1, max: 4, idle: 1 } }

/** Waits until a condition holds. */
async function until (condition) {
  while (!condition()) await settle(1)
}

/** Requests that nobody awaits. */
function send (python, count) {
  for (let i = 0; i < count; i++) python.handleRequest({ url: '/' }).catch(() => {})
}

/**
 * Lets time pass ten times more slowly, so that a machine which stands still for a while does not
 * end what requests wait for.
 */
function slowClock (t) {
  const now = performance.now.bind(performance)
  const start = now()
  t.mock.method(performance, 'now', () => start + (now() - start) / 10)
}

const held = ({ workers }) => workers.map(({ channel }) => channel.requests.size)

test('what comes after a batch waits for the worker that is being started', async (t) => {
  stayAlive(t)
  slowClock(t)
  const { python, fake } = fakeHandler(t, elastic, silent)
  await python.ready
  send(python, 40)
  assert.deepEqual([python.stats().inFlight, python.stats().queued], [16, 24])
  await until(() => python.stats().queued === 0)
  assert.deepEqual(held(fake), [16, 16, 8])
})

test('requests wait no longer for a worker that does not come', async (t) => {
  stayAlive(t)
  slowClock(t)
  const { python, fake } = fakeHandler(t, elastic,
    { ...silent, startWorker: (worker) => { if (worker.id === 1) worker.ready() } })
  await python.ready
  send(python, 40)
  await until(() => fake.workers.length === 3)
  assert.equal(python.stats().queued, 24)
  await until(() => python.stats().queued === 0)
  assert.deepEqual(held(fake), [40, 0, 0])
})

test('the queue does not fill while workers have room', async (t) => {
  const { python } = fakeHandler(t, { ...elastic, maxQueue: 10 }, silent)
  await python.ready
  send(python, 100)
  const { inFlight, queued, rejected } = python.stats()
  assert.deepEqual([inFlight + queued, rejected], [100, 0])
})

test('without a queue, a request that is rejected starts the first worker', async (t) => {
  const { python } = fakeHandler(t, { workers: { min: 0, max: 1 }, maxQueue: 0 })
  await python.ready
  await assert.rejects(python.handleRequest({ url: '/' }), { code: 'ERR_QUEUE_FULL' })
  await once(python, 'worker:ready')
  assert.equal((await python.handleRequest({ url: '/' })).status, 200)
})

test('a worker that cannot start backs off while others serve, and adds no more', async (t) => {
  stayAlive(t)
  const { python, fake } = fakeHandler(t, { ...elastic, restart: slowly }, {
    ...silent, startWorker: (worker) => worker.id === 1 ? worker.ready() : failImport(worker)
  })
  await python.ready
  send(python, 20)
  await until(() => python.stats().queued === 0)
  await settle(50)
  assert.equal(fake.workers.length, 3, 'the first, the one that failed, and its second try')
  assert.equal(python.stats().state, 'running')
  await assert.rejects(python.resize(4), { code: 'ERR_APP_IMPORT' })
})

test('a first worker that cannot start fails the pool at its first try', async (t) => {
  stayAlive(t)
  let broken = true
  const { python, fake, log } = fakeHandler(t,
    { workers: { min: 0, max: 2 }, restart: { min: 1, max: 1 } },
    { startWorker: (worker) => broken ? failImport(worker) : worker.ready() })
  await python.ready
  await assert.rejects(python.handleRequest({ url: '/' }), { code: 'ERR_APP_IMPORT' })
  assert.equal(python.health.check().ready, false)
  assert.match(log.lines.join('\n'), /No module named 'x'/)
  broken = false
  await once(python, 'pool:recovered')
  assert.equal((await python.handleRequest({ url: '/' })).status, 200)
  assert.ok(fake.workers.length > 1)
})

test('a fork server that ends without a worker is started again', async (t) => {
  stayAlive(t)
  const { python, fake } = fakeHandler(t, { workers: { min: 0, max: 2 } })
  await python.ready
  fake.servers[0].exit(1)
  await until(() => fake.servers.length === 2)
  assert.equal((await python.handleRequest({ url: '/' })).status, 200)
  assert.equal(python.stats().state, 'running')
})

test('a fork server that cannot start is reported without a worker, too', async (t) => {
  stayAlive(t)
  let broken = true
  const { python } = fakeHandler(t, { workers: { min: 0, max: 2 }, restart: { min: 1, max: 1 } },
    { startServer: (server) => broken ? server.exit(1) : server.ready() })
  await assert.rejects(python.ready, { code: 'ERR_PYTHON_FAILED' })
  broken = false
  await once(python, 'pool:recovered')
  assert.equal((await python.handleRequest({ url: '/' })).status, 200)
})

test('a worker that crashes is replaced, and the pool keeps its size', async (t) => {
  const { python, fake } = fakeHandler(t, { workers: { min: 2, max: 4 } })
  await python.ready
  fake.workers[0].exit(null, 9)
  await once(python, 'worker:ready')
  assert.deepEqual([python.stats().ready, python.stats().size.wanted], [2, 2])
})

test('workers are recycled in a pool of any size', async (t) => {
  stayAlive(t)
  const { python, fake } = fakeHandler(t,
    { workers: { min: 0, max: 2 }, recycle: { requests: 5, jitter: 0 } })
  await python.ready
  for (let i = 0; i < 12; i++) await python.handleRequest({ url: '/' })
  await until(() => fake.workers.length >= 3)
  assert.equal(python.stats().size.wanted, 1)
})

test('workers that leave while they are being replaced take their successors along', async (t) => {
  stayAlive(t)
  const { python, fake } = fakeHandler(t,
    { workers: 2, recycle: { requests: 1, jitter: 0 } },
    { startWorker: (worker) => { if (worker.id <= 2) worker.ready() } })
  await python.ready
  await python.handleRequest({ url: '/' })
  await until(() => fake.workers.length === 3)
  await python.resize(1)
  await python.handleRequest({ url: '/' })
  await python.resize({ min: 0, max: 1, idle: 1 })
  await python.close()
  assert.equal(python.stats().workers.length, 0)
})

/** A controller of a pool that has one worker, and of which nothing else exists. */
function controlled (t, pool) {
  const controller = new Elasticity(Object.assign(pool, {
    concurrency: 1000,
    scheduler: { concurrency: 1000 },
    workers: [{ inFlight: 0, sockets: 0, feel: () => 0 }],
    maxQueue: 1000,
    longestWait: () => pool.waited,
    feed () {}
  }), { wanted: 1, setWanted () {} })
  t.after(() => controller.stop())
  controller.resize({ min: 1, max: 2, idle: 1000 })
  return controller
}

const empty = { inFlight: 0, sockets: 0, queued: 0, waited: 0 }

test('open WebSockets kept requests from waiting for a worker that is on its way', (t) => {
  const pool = { ...empty, inFlight: 100, sockets: 100 }
  const controller = controlled(t, pool)
  const { scheduler } = pool
  assert.equal(scheduler.concurrency, 16)
  Object.assign(pool, { queued: 1, waited: 100 })
  controller.changed()
  assert.equal(scheduler.concurrency, 1000, 'no worker has come in time')
  Object.assign(pool, { queued: 0, waited: 0 })
  controller.changed()
  assert.equal(scheduler.concurrency, 16)
})

test('a pool that is closed, or has got a fixed size, sends everything', (t) => {
  const pool = { ...empty }
  const controller = controlled(t, pool)
  controller.resize({ min: 1, max: 1, idle: 1000 })
  assert.equal(pool.scheduler.concurrency, 1000)
  assert.equal(pool.demand, null)
})

test('a pool that is idle and as small as it may be is left alone', (t) => {
  const timers = t.mock.method(globalThis, 'setTimeout')
  const pool = { ...empty }
  const controller = controlled(t, pool)
  assert.equal(timers.mock.callCount(), 0)
  pool.inFlight = 1
  controller.busy()
  assert.equal(timers.mock.callCount(), 1)
  controller.busy()
  assert.equal(timers.mock.callCount(), 1, 'the next look is soon enough')
  controller.stop()
  controller.busy()
  assert.equal(timers.mock.callCount(), 1)
})

test('no file descriptors for the first worker of a start that is not over', async (t) => {
  stayAlive(t)
  const { python, fake } = fakeHandler(t,
    { workers: { min: 0, max: 2 }, restart: { min: 1, max: 1 } })
  const { Channel } = fake.binding
  fake.binding.Channel = Failing
  await assert.rejects(python.handleRequest({ url: '/' }), /ulimit/)
  fake.binding.Channel = Channel
  await until(() => python.stats().ready === 1)
  assert.equal((await python.handleRequest({ url: '/' })).status, 200)
})
