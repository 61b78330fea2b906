import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'

import { settle } from '../../support/fake-binding.js'
import { failImport, fakeHandler, slowly } from '../../support/fake-handler.js'

test('ready waits for every worker, and an idle pool does not keep Node alive', async (t) => {
  const waiting = []
  const { python, fake } = fakeHandler(t, { workers: 3 },
    { startWorker: (worker) => waiting.push(worker) })
  let ready = false
  python.ready.then(() => { ready = true })
  await settle()
  assert.equal(waiting.length, 3)
  for (const worker of waiting) {
    assert.equal(ready, false)
    worker.ready()
    await settle()
  }
  assert.equal(ready, true)
  assert.equal(fake.control.isRef, false)
  assert.ok(fake.channels.every((channel) => !channel.isRef))
})

test('each worker emits worker:start, worker:ready and worker:exit', async (t) => {
  const { python, fake } = fakeHandler(t, { restart: slowly })
  const events = []
  for (const name of ['worker:start', 'worker:ready', 'worker:exit']) {
    python.on(name, (details) => events.push([name, details]))
  }
  await python.ready
  const { pid } = fake.workers[0]
  fake.workers[0].exit(3, 0)
  await settle()
  const [start, ready, exit] = events
  assert.deepEqual(start, ['worker:start', { worker: 1, pid }])
  assert.deepEqual(ready, ['worker:ready',
    { worker: 1, pid, python: '3.11.2', loop: 'asyncio', lifespan: true }])
  assert.equal(exit[0], 'worker:exit')
  assert.equal(exit[1].error.code, 'ERR_WORKER_CRASHED')
  assert.equal(exit[1].code, 3)
  assert.equal(exit[1].signal, null)
})

test('when no worker can start, ready and requests reject with the traceback', async (t) => {
  const { python, fake, log } = fakeHandler(t, { workers: 2 }, { startWorker: failImport })
  const early = python.handleRequest({ url: '/' })
  await assert.rejects(python.ready, (error) => {
    assert.equal(error.code, 'ERR_APP_IMPORT')
    assert.equal(error.traceback, 'Traceback: line 1')
    assert.match(error.message, /No module named 'x'/)
    return true
  })
  await assert.rejects(early, { code: 'ERR_APP_IMPORT' })
  await assert.rejects(python.handleRequest({ url: '/' }), { code: 'ERR_APP_IMPORT' })
  await settle()
  assert.equal(fake.workers.length, 2, 'they are not retried at once')
  assert.equal(python.stats().state, 'failed')
  assert.deepEqual(log.lines, [])
})

test('a failed start that nobody awaits is logged and is not an unhandled rejection', async (t) => {
  const { python, log } = fakeHandler(t, {}, { startWorker: failImport })
  await once(python, 'pool:failed')
  await settle()
  assert.equal(log.lines.length, 1)
  assert.match(log.lines[0], /^error .*No module named 'x'.*Traceback: line 1/s)
})

test('close() stops the workers, then the fork server', async (t) => {
  const { python, fake } = fakeHandler(t, { workers: 2 })
  await python.ready
  const exits = []
  python.on('worker:exit', (details) => exits.push(details))
  await python.close()
  assert.ok(fake.servers[0].gone)
  assert.deepEqual(exits.map(({ code, error }) => [code, error]), [[0, null], [0, null]])
  assert.ok(fake.channels.every((channel) => channel.isClosed))
  assert.equal(python.stats().state, 'closed')
  assert.equal(python.close(), python.close())
})

test('close() during the start', async (t) => {
  for (const behaviour of [{ startServer: () => {} }, { startWorker: () => {} }]) {
    const { python, fake, log } = fakeHandler(t, { timeouts: { kill: 5 } }, behaviour)
    const waiting = python.handleRequest({ method: 'POST', url: '/' })
    waiting.catch(() => {})
    await settle()
    await python.close({ timeout: 0 })
    await assert.rejects(python.ready, { code: 'ERR_CLOSED' })
    await assert.rejects(waiting, { code: 'ERR_CLOSED' })
    assert.ok(fake.servers[0].gone)
    assert.deepEqual(log.lines, [])
  }
})

test('close() after a failed start', async (t) => {
  const { python } = fakeHandler(t, {}, { startWorker: failImport })
  await assert.rejects(python.ready, { code: 'ERR_APP_IMPORT' })
  await python.close()
  await assert.rejects(python.handleRequest({ method: 'POST', url: '/' }), { code: 'ERR_CLOSED' })
})

/** Collects what is thrown in turns of its own, as an uncaughtException handler does. */
function collectUncaught (t) {
  const uncaught = []
  process.setUncaughtExceptionCaptureCallback((error) => uncaught.push(error.message))
  t.after(() => process.setUncaughtExceptionCaptureCallback(null))
  return uncaught
}

test('a listener that threw cost the pool its workers', async (t) => {
  const { python, fake } = fakeHandler(t, { workers: 2 })
  const uncaught = collectUncaught(t)
  const events = ['worker:start', 'worker:ready', 'worker:exit', 'reload', 'stdout']
  for (const name of events) {
    python.on(name, () => { throw new Error(name) })
  }
  await python.ready
  for (let i = 0; i < 5; i++) {
    fake.workers.at(-1).stdout.write('a line\n')
    fake.workers.at(-1).exit(null, 9)
    await settle()
    assert.equal(python.stats().ready, 2)
  }
  await python.reload()
  assert.equal((await python.handleRequest({ url: '/' })).status, 200)
  assert.equal(python.stats().ready, 2)
  assert.deepEqual(new Set(uncaught),
    new Set(events), 'nothing is swallowed')
})

test('a logger that threw cost the pool its workers', async (t) => {
  const broken = () => { throw new Error('logger') }
  for (const logger of [
    { info: broken, warn: broken, error: broken },
    { info: broken, warn: broken, error: broken, child: broken },
    { info: broken, warn: broken, error: broken, child: () => logger }
  ]) {
    const { python, fake } = fakeHandler(t, { workers: 2, logger })
    const uncaught = collectUncaught(t)
    await python.ready
    uncaught.length = 0
    fake.workers[0].stderr.write('a line\n')
    fake.workers[0].exit(null, 9)
    await settle()
    await python.reload()
    assert.equal(python.stats().ready, 2)
    assert.equal((await python.handleRequest({ url: '/' })).status, 200)
    assert.ok(uncaught.length > 0, 'nothing is swallowed')
    await python.close()
    await settle()
    process.setUncaughtExceptionCaptureCallback(null)
  }
})
