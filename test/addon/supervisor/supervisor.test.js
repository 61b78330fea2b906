import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'

import { settle } from '../../support/fake-binding.js'
import { failImport, fakeHandler, onDemand, slowly } from '../../support/fake-handler.js'

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

test('reload() switches once all new workers are ready, and the old ones finish', async (t) => {
  const waiting = []
  const { python, fake, log } = fakeHandler(t, { workers: 2 }, {
    ...onDemand, startWorker: (worker) => worker.id <= 2 ? worker.ready() : waiting.push(worker)
  })
  const reloads = []
  python.on('reload', (details) => reloads.push(details))
  await python.ready
  const slow = python.handleRequest({ url: '/slow' })
  await settle()
  const { channel } = fake.requests[0]
  const reload = python.reload()
  await settle()
  waiting[0].ready()
  await settle()
  await python.handleRequest({ url: '/quick' })
  assert.ok(fake.channels.indexOf(fake.requests.at(-1).channel) < 2, 'not one by one')
  waiting[1].ready()
  await reload
  await python.handleRequest({ url: '/quick' })
  assert.ok(fake.channels.indexOf(fake.requests.at(-1).channel) >= 2)
  assert.equal(python.stats().ready, 2)
  assert.equal(fake.servers[0].gone, false)
  for (const request of channel.requests.values()) request.respond(200, 'late')
  assert.equal((await slow).text(), 'late')
  while (!fake.servers[0].gone) await settle(1)
  assert.equal(python.stats().workers.length, 2)
  assert.deepEqual(reloads.map(({ generation, error }) => [generation, error]), [[2, null]])
  assert.match(log.lines.join('\n'), /^info .*reload.* \d+ ms/m)
})

test('a failed reload changes nothing', async (t) => {
  const { python, fake, log } = fakeHandler(t, { workers: 2 }, {
    startWorker: (worker) => worker.id === 4 ? failImport(worker) : worker.ready()
  })
  const reloads = []
  python.on('reload', (details) => reloads.push(details))
  await python.ready
  await assert.rejects(python.reload(), { code: 'ERR_APP_IMPORT', traceback: 'Traceback: line 1' })
  assert.equal(reloads[0].error.code, 'ERR_APP_IMPORT')
  assert.equal(log.lines.filter((line) => line.startsWith('error')).length, 1)
  assert.match(log.lines.join('\n'), /^error .*reload.*No module named 'x'/m)
  assert.equal(fake.workers.length, 4, 'a failed candidate gets no replacements')
  while (!fake.servers[1].gone) await settle(1)
  await settle()
  assert.deepEqual(python.stats().workers.map(({ id }) => id), [1, 2])
  assert.equal((await python.handleRequest({ url: '/' })).status, 200)
  await python.reload()
  assert.equal(python.stats().ready, 2)
})

test('all calls of reload() during a reload share one more reload', async (t) => {
  const { python, fake } = fakeHandler(t)
  await python.ready
  await Promise.all([python.reload(), python.reload(), python.reload()])
  assert.equal(fake.servers.length, 3)
})

test('reload() recovers a failed pool', async (t) => {
  let broken = true
  const { python } = fakeHandler(t, { restart: slowly }, {
    startWorker: (worker) => broken ? failImport(worker) : worker.ready()
  })
  const recovered = once(python, 'pool:recovered')
  await assert.rejects(python.ready, { code: 'ERR_APP_IMPORT' })
  await assert.rejects(python.reload(), { code: 'ERR_APP_IMPORT' })
  assert.equal(python.stats().state, 'failed')
  broken = false
  await python.reload()
  await recovered
  assert.equal(python.stats().state, 'running')
  assert.equal((await python.handleRequest({ url: '/' })).status, 200)
})

test('a reload during the first start can succeed in its place', async (t) => {
  const { python, fake } = fakeHandler(t, {}, {
    startWorker: (worker) => { if (worker.id > 1) worker.ready() }
  })
  await settle()
  await python.reload()
  await python.ready
  assert.equal(python.stats().state, 'running')
  while (!fake.servers[0].gone) await settle(1)
})

test('after a reload, recycling does not wait for workers of the old generation', async (t) => {
  const { python, fake } = fakeHandler(t, { recycle: { requests: 1 } }, {
    app: (request) => { if (request.path === '/quick') request.respond(200, '') },
    startWorker: (worker) => { if (worker.id !== 2) worker.ready() }
  })
  await python.ready
  const slow = assert.rejects(python.handleRequest({ url: '/slow' }),
    { code: 'ERR_WORKER_RETIRED' })
  while (fake.workers.length < 2) await settle(1)
  await python.reload() // while worker 1, which has a request still, waits for its successor
  const recycled = once(python, 'worker:recycle')
  await python.handleRequest({ url: '/quick' })
  assert.equal((await recycled)[0].worker, 3)
  await python.close({ timeout: 0 })
  await slow
})

test('close() in the turn in which a reload switches leaves no process behind', async (t) => {
  const { python, fake } = fakeHandler(t, { workers: 1 })
  await python.ready
  // What node:events tells within the same turn, before any promise of the reload goes on.
  const { Channel } = fake.binding
  const { deliver } = Channel.prototype
  let closing = null
  Channel.prototype.deliver = function () {
    deliver.call(this)
    if (fake.channels.length < 2 || this !== fake.channels[1]) return
    closing ??= python.close({ timeout: 0 })
  }
  await python.reload().catch(({ code }) => assert.equal(code, 'ERR_CLOSED'))
  await closing
  assert.ok(fake.servers.every(({ gone }) => gone))
  assert.ok(fake.channels.every((channel) => channel.isClosed))
})

test('close() during a reload, and reload() after close()', async (t) => {
  const { python, fake } = fakeHandler(t, {}, {
    startWorker: (worker) => { if (worker.id === 1) worker.ready() }
  })
  await python.ready
  const reload = assert.rejects(python.reload(), { code: 'ERR_CLOSED' })
  await settle()
  await python.close()
  await reload
  assert.ok(fake.servers.every(({ gone }) => gone))
  assert.ok(fake.channels.every((channel) => channel.isClosed))
  await assert.rejects(python.reload(), { code: 'ERR_CLOSED' })
})

test('close() shortens the time that old requests got from a reload', async (t) => {
  const { python, fake } = fakeHandler(t, {}, { app: () => {} })
  await python.ready
  const lost = assert.rejects(python.handleRequest({ url: '/' }), { code: 'ERR_WORKER_RETIRED' })
  await python.reload()
  await python.close({ timeout: 10 })
  await lost
  assert.ok(fake.channels.every((channel) => channel.isClosed))
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
