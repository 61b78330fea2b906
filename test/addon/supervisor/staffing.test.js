import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'

import { settle } from '../../support/fake-binding.js'
import {
  Failing, exhausted, failImport, fakeHandler, slowly, stayAlive
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
