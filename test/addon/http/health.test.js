import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { test } from 'node:test'

import express from 'express'

import { createHealth } from '../../../addon/lib/http/health.js'
import { failImport, fakeHandler, onDemand, slowly } from '../../support/fake-handler.js'

/** Serves a listener and returns a function that asks it. */
async function asking (t, listener) {
  const server = createServer(listener).listen(0, '127.0.0.1')
  t.after(() => { server.closeAllConnections(); server.close() })
  await once(server, 'listening')
  return async (path, options) => {
    const response = await fetch(`http://127.0.0.1:${server.address().port}${path}`, options)
    const text = await response.text()
    return { status: response.status, headers: response.headers, text }
  }
}

/** What /readyz answers, as [status, reason]. */
async function readiness (ask) {
  const { status, text } = await ask('/readyz')
  const { ready, reason } = JSON.parse(text)
  assert.equal(ready, status === 200)
  assert.equal(reason === null, ready)
  return [status, reason]
}

test('it is ready from the first worker on, and alive all the time', async (t) => {
  const { python, fake } = fakeHandler(t, {}, { startWorker: () => {} })
  const ask = await asking(t, python.health)
  const [status, reason] = await readiness(ask)
  assert.equal(status, 503)
  assert.match(reason, /starting/)
  assert.equal((await ask('/livez')).status, 200)
  fake.workers[0].ready()
  await python.ready
  assert.deepEqual(await readiness(ask), [200, null])
  const { text } = await ask('/readyz')
  assert.deepEqual(JSON.parse(text), {
    ready: true,
    reason: null,
    code: null,
    state: 'running',
    workers: { starting: 0, ready: 1, draining: 0 },
    queued: 0
  })
})

test('when no worker can be started it says why, without the traceback', async (t) => {
  const { python } = fakeHandler(t, { restart: slowly }, { startWorker: failImport })
  await assert.rejects(python.ready)
  const ask = await asking(t, python.health)
  const { status, text } = await ask('/readyz')
  const { code, reason, state } = JSON.parse(text)
  assert.deepEqual([status, code, state], [503, 'ERR_APP_IMPORT', 'failed'])
  assert.match(reason, /No module named 'x'/)
  assert.doesNotMatch(text, /Traceback/)
  assert.equal((await ask('/livez')).status, 200)
})

test('it is not ready from the beginning of the drain on', async (t) => {
  const { python, fake } = fakeHandler(t, {}, onDemand)
  await python.ready
  const ask = await asking(t, python.health)
  const slow = python.handleRequest({ url: '/slow' })
  const closing = python.close({ timeout: 5000 })
  const [status, reason] = await readiness(ask)
  assert.equal(status, 503)
  assert.match(reason, /closing/)
  assert.equal(python.health.check().state, 'closing')
  fake.requests[0].respond(200, 'done')
  await Promise.all([slow, closing])
  assert.match((await readiness(ask))[1], /closed/)
  assert.equal((await ask('/livez')).status, 200)
})

test('it is not ready while its only worker is being replaced', async (t) => {
  const { python, fake } = fakeHandler(t, {}, { ...onDemand })
  await python.ready
  const lost = python.handleRequest({ url: '/slow' }).catch(() => {})
  fake.workers[0].exit(null, 11)
  while (python.stats().ready > 0) await new Promise(setImmediate)
  assert.equal(python.health.check().ready, false)
  while (python.stats().ready === 0) await new Promise(setImmediate)
  assert.equal(python.health.check().ready, true)
  await python.close({ timeout: 0 })
  await lost
})

test('requests are still answered while it is suspended', async (t) => {
  const { python } = fakeHandler(t)
  await python.ready
  const ask = await asking(t, python.health)
  python.health.suspend('the server is stopping')
  assert.deepEqual(await readiness(ask), [503, 'the server is stopping'])
  assert.equal((await python.handleRequest({ url: '/' })).status, 200)
  python.health.resume()
  assert.deepEqual(await readiness(ask), [200, null])
})

test('neither a reload nor a full queue makes it unready', async (t) => {
  let isReloading = false
  const { python, fake } = fakeHandler(t, { concurrency: 1, maxQueue: 1 }, {
    ...onDemand,
    startWorker: (worker) => { if (!isReloading) worker.ready() }
  })
  await python.ready
  const requests = ['/slow', '/quick'].map((url) => python.handleRequest({ url }))
  await assert.rejects(python.handleRequest({ url: '/' }), { code: 'ERR_QUEUE_FULL' })
  assert.equal(python.health.check().ready, true)
  assert.equal(python.health.check().queued, 1)
  isReloading = true
  const reloaded = python.reload()
  while (fake.workers.length < 2) await new Promise(setImmediate)
  assert.equal(python.health.check().ready, true)
  assert.deepEqual(python.health.check().workers, { starting: 1, ready: 1, draining: 0 })
  fake.workers[1].ready()
  await reloaded
  fake.requests[0].respond(200, '')
  await Promise.all(requests)
})

test('other paths are left to others, and other methods refused', async (t) => {
  const { python } = fakeHandler(t)
  await python.ready
  const ask = await asking(t, python.health)
  assert.equal((await ask('/x')).status, 404)
  assert.equal((await ask('/readyz?verbose')).status, 200)
  const head = await ask('/readyz', { method: 'HEAD' })
  assert.deepEqual([head.status, head.text], [200, ''])
  assert.equal(head.headers.get('cache-control'), 'no-store')
  const post = await ask('/livez', { method: 'POST' })
  assert.deepEqual([post.status, post.headers.get('allow')], [405, 'GET, HEAD'])
  const app = express()
  app.use('/internal', python.health)
  app.get('/mine', python.health.readyz)
  app.use((req, res) => { res.end('next') })
  const mounted = await asking(t, app)
  assert.equal((await mounted('/internal/livez')).status, 200)
  assert.equal((await mounted('/mine')).status, 200)
  assert.equal((await mounted('/internal/other')).text, 'next')
})

/** What /readyz asks a handler whose application is remote. */
function remoteHealth (more, states = []) {
  const supervisor = {
    state: 'running',
    pool: { workers: [], queued: 0, closed: false, outage: null },
    workers: [],
    endpoints: states.map((state) => ({ state })),
    fallback: null,
    size: { min: 0, max: 0 },
    ...more
  }
  return createHealth(() => supervisor).check()
}

test('a remote application was ready without endpoints, and spoke of workers', () => {
  const starting = remoteHealth({ state: 'starting' }, ['connecting'])
  assert.deepEqual([starting.ready, starting.reason],
    [false, 'no endpoint of the remote application has answered yet'])
  assert.equal(remoteHealth({}, ['trial']).reason, 'no endpoint takes requests at the moment')
  const outage = Object.assign(new Error('http://a cannot be reached'), { code: 'ERR_X' })
  const pool = { workers: [], queued: 0, outage }
  const failed = remoteHealth({ state: 'failed', pool }, ['out'])
  assert.deepEqual([failed.reason, failed.code],
    ['no endpoint takes requests: http://a cannot be reached', 'ERR_X'])
  const well = remoteHealth({ pool: { workers: [{}], queued: 0 } }, ['up', 'out', 'up'])
  assert.equal(well.ready, true)
  assert.deepEqual(well.endpoints, { connecting: 0, up: 2, out: 1, trial: 0, leaving: 0 })
})

test('a fallback that could not be started was ready', () => {
  const outage = new Error('No module named x')
  const local = {
    state: 'failed',
    pool: { workers: [], queued: 0, outage },
    workers: [],
    endpoints: null,
    fallback: null,
    size: { min: 1, max: 1 }
  }
  const { ready, reason } = remoteHealth({ pool: { workers: [{}], queued: 0 }, fallback: local })
  assert.deepEqual([ready, reason], [false, 'no worker can be started: No module named x'])
})
