import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'

import { settle } from '../../support/fake-binding.js'
import { failImport, fakeHandler, onDemand, stayAlive } from '../../support/fake-handler.js'

test('a worker that has had its requests is replaced, and finishes what it has', async (t) => {
  const { python, fake, log } = fakeHandler(t, { recycle: { requests: 3, jitter: 0 } }, onDemand)
  const events = []
  for (const name of ['worker:recycle', 'worker:ready', 'worker:exit']) {
    python.on(name, ({ worker, reason, error }) => events.push([name, worker, reason, error]))
  }
  await python.ready
  await python.handleRequest({ url: '/quick' })
  const slow = [python.handleRequest({ url: '/slow' }), python.handleRequest({ url: '/slow' })]
  while (fake.channels[0].patience === null) await settle(1)
  assert.equal((await python.handleRequest({ url: '/quick' })).status, 200)
  assert.equal(fake.requests.at(-1).channel, fake.channels[1])
  assert.equal(fake.workers[0].gone, false)
  for (const request of fake.channels[0].requests.values()) request.respond(200, 'late')
  for (const response of await Promise.all(slow)) assert.equal(response.text(), 'late')
  await once(python, 'worker:exit')
  assert.deepEqual(events, [
    ['worker:ready', 1, undefined, undefined],
    ['worker:recycle', 1, 'requests', undefined],
    ['worker:ready', 2, undefined, undefined],
    ['worker:exit', 1, 'recycle', null]
  ])
  assert.equal(python.stats().ready, 1)
  assert.match(log.lines.join('\n'), /^info .*worker 1 .*recycled.* requests/m)
})

test('a worker is recycled by age', async (t) => {
  stayAlive(t)
  const { python } = fakeHandler(t, { recycle: { age: 20 } })
  await python.ready
  const [{ reason, age }] = await once(python, 'worker:recycle')
  assert.equal(reason, 'age')
  assert.ok(age > 0)
})

test('only one worker is recycled at a time', async (t) => {
  const waiting = []
  const { python, fake } = fakeHandler(t, { workers: 2, recycle: { requests: 1 } }, {
    startWorker: (worker) => worker.id <= 2 ? worker.ready() : waiting.push(worker)
  })
  await python.ready
  await Promise.all([1, 2].map(() => python.handleRequest({ url: '/' })))
  await settle()
  assert.equal(fake.workers.length, 3)
  waiting[0].ready()
  await settle()
  assert.equal(fake.workers.length, 4)
  assert.equal(python.stats().ready, 2)
})

test('a worker whose successor cannot start serves until another one is ready', async (t) => {
  stayAlive(t)
  const { python, log } = fakeHandler(t,
    { recycle: { requests: 1 }, restart: { min: 5, max: 5 } },
    { startWorker: (worker) => worker.id === 2 ? failImport(worker) : worker.ready() })
  await python.ready
  await python.handleRequest({ url: '/' })
  const reported = (line) => /^error .*worker 1 .*No module named 'x'/.test(line)
  while (!log.lines.some(reported)) await settle(1)
  assert.equal((await python.handleRequest({ url: '/' })).status, 200)
  const [{ worker, reason }] = await once(python, 'worker:exit')
  assert.deepEqual([worker, reason], [1, 'recycle'])
  assert.equal(python.stats().ready, 1)
})

test('a worker that dies while its successor starts is replaced by it', async (t) => {
  const successors = []
  const { python, fake } = fakeHandler(t, { recycle: { requests: 1 } }, {
    startWorker: (worker) => worker.id === 1 ? worker.ready() : successors.push(worker)
  })
  await python.ready
  await python.handleRequest({ url: '/' })
  while (successors.length === 0) await settle(1)
  fake.workers[0].exit(null, 9)
  await settle()
  assert.equal(fake.workers.length, 2)
  const waiting = python.handleRequest({ url: '/' })
  successors[0].ready()
  assert.equal((await waiting).status, 200)
})

test('requests that a recycled worker does not finish in time have a code', async (t) => {
  stayAlive(t)
  const { python } = fakeHandler(t,
    { recycle: { requests: 1 }, timeouts: { retire: 20 } }, { app: () => {} })
  await python.ready
  await assert.rejects(python.handleRequest({ url: '/' }),
    { code: 'ERR_WORKER_RETIRED', worker: 1, message: /recycle/ })
})

test('nobody answered while both workers were stopped', async (t) => {
  stayAlive(t)
  const options = { workers: 2, timeouts: { hang: 1200, retire: 100 } }
  const { python, fake, log } = fakeHandler(t, options, {
    app: (request, worker) => { if (worker.id > 2) request.respond(200, String(worker.id)) }
  })
  await python.ready
  const stuck = ['/a', '/b'].map((url) => python.handleRequest({ method: 'POST', url }))
  for (const lost of stuck) lost.catch(() => {})
  while (fake.workers.length < 3) await settle(1)
  await settle()
  const served = await python.handleRequest({ url: '/c' })
  assert.equal(served.text(), '3')
  assert.equal(fake.workers.length, 3, 'one is enough')
  assert.match(log.lines.join('\n'), /^warn .*no worker has answered.* worker 1 /m)
  await Promise.allSettled(stuck)
})

test('a silent worker that answers again takes requests again', async (t) => {
  stayAlive(t)
  const { python, fake } = fakeHandler(t, { workers: 2, timeouts: { hang: 1200 } }, {
    app: (request) => { if (request.path === '/quick') request.respond(200, 'ok') }
  })
  await python.ready
  const stuck = python.handleRequest({ method: 'POST', url: '/slow' })
  const ready = () => python.stats().ready
  while (ready() > 1) await settle(1)
  assert.equal(python.stats().workers.length, 2, 'the other one serves')
  const { channel } = fake.requests[0]
  channel.emit(fake.binding.eventTypes.PONG)
  await settle()
  assert.equal(ready(), 2)
  fake.requests[0].respond(200, 'late')
  assert.equal((await stuck).text(), 'late')
})
