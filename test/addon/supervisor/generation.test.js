import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'

import { settle } from '../../support/fake-binding.js'
import {
  Failing, exhausted, failImport, fakeHandler, onDemand, slowly, stayAlive
} from '../../support/fake-handler.js'

test('a worker whose first start failed is retried while others serve', async (t) => {
  const { python, fake, log } = fakeHandler(t, { workers: 2 }, {
    startWorker: (worker) => worker.id === 1 ? failImport(worker) : worker.ready()
  })
  await python.ready
  await settle()
  assert.equal(fake.workers.length, 3)
  assert.equal(python.stats().ready, 2)
  assert.match(log.lines.join('\n'), /No module named 'x'/)
})

test('a worker that crashes is replaced at once, and only its own requests fail', async (t) => {
  const { python, fake } = fakeHandler(t, { workers: 2 }, {
    app: (request) => { if (request.path === '/answer') request.respond(200, 'ok') }
  })
  await python.ready
  const lost = python.handleRequest({ method: 'POST', url: '/hang' })
  await settle()
  const [victim] = fake.workers.filter((worker) => worker.channel.requests.size > 0)
  victim.exit(null, 11)
  await assert.rejects(lost, (error) => {
    assert.equal(error.code, 'ERR_WORKER_CRASHED')
    assert.equal(error.signal, 'SIGSEGV')
    assert.equal(error.pid, victim.pid)
    return true
  })
  await once(python, 'worker:ready')
  assert.equal(python.stats().ready, 2)
  assert.equal((await python.handleRequest({ url: '/answer' })).text(), 'ok')
})

for (const workers of [1, 2]) {
  test(`a healthy pool of ${workers} was taken down by crashes after serving`, async (t) => {
    const { python, fake, log } = fakeHandler(t, { workers })
    await python.ready
    for (let i = 0; i < 50; i++) {
      fake.workers.at(-1).exit(null, 9)
      await once(python, 'worker:exit')
      assert.equal(python.stats().workers.length, workers, 'it is replaced before anybody is told')
      assert.equal((await python.handleRequest({ url: '/' })).status, 200)
    }
    assert.equal(python.stats().state, 'running')
    assert.deepEqual(log.lines.filter((line) => /restart\.|no worker/.test(line)), [])
  })
}

test('after repeated failed starts, requests wait until the delay is over', async (t) => {
  stayAlive(t)
  const { python, fake } = fakeHandler(t, { restart: { min: 50, max: 50 } }, {
    startWorker: (worker) => [2, 3].includes(worker.id) ? failImport(worker) : worker.ready()
  })
  await python.ready
  fake.workers[0].exit(1, 0)
  while (fake.workers.length < 3) await once(python, 'worker:exit') // the second try is at once
  await once(python, 'worker:exit')
  await settle()
  assert.equal(fake.workers.length, 3)
  assert.equal((await python.handleRequest({ url: '/' })).status, 200)
  assert.equal(fake.workers.length, 4)
})

test('one slot that cannot start does not delay the others', async (t) => {
  const { python, fake } = fakeHandler(t, { workers: 2, restart: slowly }, {
    startWorker: (worker) => [3, 4, 5].includes(worker.id) ? failImport(worker) : worker.ready()
  })
  await python.ready
  fake.workers[0].exit(1, 0)
  while (fake.workers.length < 4) await once(python, 'worker:exit')
  await once(python, 'worker:exit') // its slot waits now, for long
  fake.workers[1].exit(1, 0)
  while (fake.workers.length < 6) await once(python, 'worker:exit')
  assert.equal((await python.handleRequest({ url: '/' })).status, 200)
  assert.equal(python.stats().state, 'running')
})

test('when no worker can start any more, the pool has failed and rejects requests', async (t) => {
  const { python, fake, log } = fakeHandler(t, { restart: { ...slowly, limit: 1 } }, {
    startWorker: (worker) => worker.id > 1 ? failImport(worker) : worker.ready()
  })
  const failed = once(python, 'pool:failed')
  await python.ready
  fake.workers[0].exit(1, 0)
  const [{ error }] = await failed
  assert.equal(error.code, 'ERR_APP_IMPORT')
  await assert.rejects(python.handleRequest({ url: '/' }), { code: 'ERR_APP_IMPORT' })
  assert.equal(python.stats().state, 'failed')
  assert.match(log.lines.join('\n'), /restart\.limit/)
})

test('a failed pool retries one worker, and recovers with all of them', async (t) => {
  stayAlive(t)
  let broken = true
  const { python, fake, log } = fakeHandler(t, { workers: 3, restart: { min: 1, max: 1 } }, {
    startWorker: (worker) => broken ? failImport(worker) : worker.ready()
  })
  const events = []
  for (const name of ['pool:failed', 'pool:recovered']) python.on(name, () => events.push(name))
  await assert.rejects(python.ready, { code: 'ERR_APP_IMPORT' })
  while (fake.workers.length < 6) await settle(1)
  assert.ok(python.stats().workers.length <= 1)
  await assert.rejects(python.handleRequest({ url: '/' }), { code: 'ERR_APP_IMPORT' })
  assert.deepEqual(log.lines, [], 'not a line for each try')
  broken = false
  await once(python, 'pool:recovered')
  while (python.stats().ready < 3) await settle(1)
  assert.equal(python.stats().state, 'running')
  assert.equal((await python.handleRequest({ url: '/' })).status, 200)
  assert.deepEqual(events, ['pool:failed', 'pool:recovered'])
})

test('a fork server that cannot start is retried until it can', async (t) => {
  stayAlive(t)
  let broken = true
  const { python, fake } = fakeHandler(t, { workers: 2, restart: { min: 1, max: 1 } }, {
    startServer: (server) => broken ? server.exit(1) : server.ready()
  })
  await assert.rejects(python.ready, { code: 'ERR_PYTHON_FAILED' })
  while (fake.servers.length < 3) await settle(1)
  broken = false
  await once(python, 'pool:recovered')
  while (python.stats().ready < 2) await settle(1)
  assert.equal((await python.handleRequest({ url: '/' })).status, 200)
})

for (const [what, cripple] of [
  ['channel', (fake) => { fake.binding.Channel = Failing }],
  ['output', (fake) => { fake.control.fork = () => { throw exhausted() } }]
]) {
  test(`no file descriptors for the ${what} of a replacement`, async (t) => {
    stayAlive(t)
    const { python, fake, log } = fakeHandler(t, { restart: { min: 1, max: 1 } })
    await python.ready
    const { Channel } = fake.binding
    cripple(fake)
    fake.workers[0].exit(1, 0)
    while (!log.lines.join().includes('ulimit')) await settle(1)
    await assert.rejects(python.handleRequest({ method: 'POST', url: '/' }))
    fake.binding.Channel = Channel
    delete fake.control.fork
    while (python.stats().ready === 0) await settle(1)
    assert.equal((await python.handleRequest({ method: 'POST', url: '/' })).status, 200)
  })
}

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
