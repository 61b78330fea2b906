import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'

import { settle } from '../../support/fake-binding.js'
import { failImport, fakeHandler, onDemand, slowly } from '../../support/fake-handler.js'

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
