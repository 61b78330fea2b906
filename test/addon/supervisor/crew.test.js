import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'

import { createFake, settle } from '../../support/fake-binding.js'
import {
  Failing, exhausted, failImport, fakeHandler, handlerOn
} from '../../support/fake-handler.js'

test('worker:start came after worker:ready when the fork server was slow', async (t) => {
  const { python, fake } = fakeHandler(t)
  const events = []
  for (const name of ['worker:start', 'worker:ready']) {
    python.on(name, ({ pid }) => events.push([name, pid]))
  }
  const { control } = fake
  const deliver = control.deliver.bind(control)
  const late = []
  control.deliver = (message) => {
    if (message.type === 'forked') late.push(message)
    else deliver(message)
  }
  await python.ready
  for (const message of late) deliver(message)
  const { pid } = fake.workers[0]
  assert.deepEqual(events, [['worker:start', pid], ['worker:ready', pid]])
})

test('a worker that is not ready in time is killed', async (t) => {
  const { python, fake } = fakeHandler(t, { timeouts: { startup: 300 } },
    { startWorker: () => {} })
  await assert.rejects(python.ready, { code: 'ERR_STARTUP_TIMEOUT' })
  assert.ok(fake.workers[0].gone)
})

test('a worker that failed to start and does not exit is killed', async (t) => {
  const { python, fake } = fakeHandler(t, {}, {
    startWorker (worker) {
      const { exit } = worker
      worker.exit = (code, signal) => { if (signal === 9) exit.call(worker, code, signal) }
      failImport(worker)
    }
  })
  await assert.rejects(python.ready, { code: 'ERR_APP_IMPORT' })
  assert.ok(fake.workers[0].gone)
})

test('a worker that breaks the protocol is killed and replaced', async (t) => {
  const { python, fake } = fakeHandler(t, {}, { app: () => {} })
  await python.ready
  const lost = python.handleRequest({ method: 'POST', url: '/' })
  await settle()
  fake.workers[0].corrupt('nonsense')
  await assert.rejects(lost, { code: 'ERR_WORKER_PROTOCOL' })
  await once(python, 'worker:ready')
  assert.ok(fake.workers[0].gone)
  assert.equal(python.stats().ready, 1)
})

test('a fork server that does not kill a worker is killed itself', async (t) => {
  const { python, fake } = fakeHandler(t, { timeouts: { kill: 5 } }, { app: () => {} })
  await python.ready
  fake.deaf = true
  const lost = python.handleRequest({ method: 'POST', url: '/' })
  await settle()
  fake.workers[0].corrupt('nonsense')
  await assert.rejects(lost, { code: 'ERR_WORKER_PROTOCOL' })
  await once(python, 'worker:ready')
  assert.deepEqual(fake.groupsKilled, [-fake.servers[0].pid])
  assert.equal(fake.servers.length, 2)
  fake.deaf = false
})

test('a fork server that dies takes its workers with it, and all are replaced', async (t) => {
  const { python, fake, log } = fakeHandler(t, { workers: 2 }, { app: () => {} })
  await python.ready
  const lost = python.handleRequest({ method: 'POST', url: '/' })
  await settle()
  fake.servers[0].exit(null, 'SIGKILL')
  await assert.rejects(lost, { code: 'ERR_WORKER_CRASHED', message: /with its fork server/ })
  while (python.stats().ready < 2) await settle(1)
  assert.equal(fake.servers.length, 2)
  assert.equal(fake.workers.length, 4)
  assert.match(log.lines.join('\n'), /fork server .* was ended by SIGKILL/)
})

test('threads that preloaded modules leave running are logged', async (t) => {
  const { python, log } = fakeHandler(t, {}, {
    startServer: (server) => server.ready({ threads: ['ThreadPoolExecutor-0_0'] })
  })
  await python.ready
  assert.match(log.lines.join('\n'), /^warn .*ThreadPoolExecutor-0_0/)
})

test('close() kills workers that do not stop', async (t) => {
  const { python, fake } = fakeHandler(t, { timeouts: { drain: 1, shutdown: 1, kill: 1 } },
    { stopWorker: () => {} })
  await python.ready
  await python.close()
  assert.ok(fake.workers[0].gone)
})

test('close() ends even when the fork server does not respond', async (t) => {
  const { python, fake } = fakeHandler(t, { timeouts: { drain: 1, shutdown: 1, kill: 1 } },
    { stopWorker: () => {} })
  await python.ready
  fake.deaf = true
  await python.close()
  assert.deepEqual(fake.groupsKilled, [-fake.servers[0].pid])
  assert.ok(fake.channels.every((channel) => channel.isClosed))
})

for (const [what, cripple] of [
  ['control socket', (fake) => { fake.binding.Control = Failing }],
  ['channel', (fake) => { fake.binding.Channel = Failing }],
  ['output', (fake) => { fake.binding.Control.prototype.fork = () => { throw exhausted() } }]
]) {
  test(`no file descriptors for a ${what} during the start`, async (t) => {
    const fake = createFake()
    cripple(fake)
    const { python } = handlerOn(t, fake)
    await assert.rejects(python.ready, { code: 'ERR_PYTHON_FAILED', message: /ulimit -n/ })
  })
}

test('a worker that had run lifespan shutdown and did not exit was waited for', async (t) => {
  const { python, fake, log } = fakeHandler(t, { timeouts: { drain: 60_000, kill: 20 } }, {
    // A thread or a child process of the application keeps it from exiting.
    stopWorker: (worker) => worker.channel.emit(fake.binding.eventTypes.STOPPED)
  })
  await python.ready
  const started = performance.now()
  await python.close()
  assert.ok(performance.now() - started < 30_000)
  assert.ok(fake.workers[0].gone)
  assert.match(log.lines.join('\n'), /^warn .*worker 1 .*thread.*child process/m)
})
