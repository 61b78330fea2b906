import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { test } from 'node:test'

import { serviceOf } from '../../../addon/lib/handler.js'
import { Observers } from '../../../addon/lib/observe/observers.js'
import { fakeHandler, onDemand, slowly, failImport } from '../../support/fake-handler.js'

/** Notes what an observer sees, as [moment, path, …]. */
function watch (python) {
  const seen = []
  const records = []
  const stop = serviceOf(python).observers.add({
    onStart: (request) => { records.push(request); seen.push(['start', request.path]) },
    onSent: (request) => seen.push(['sent', request.path, request.worker]),
    onResponse: (request) => seen.push(['response', request.path, request.status]),
    onEnd: (request) => seen.push(['end', request.path, request.outcome]),
    onEvent: (name) => seen.push([name])
  })
  return { seen, records, stop }
}

/** @param {(request: any, worker: any) => void} app */
async function started (t, app, options = {}) {
  const { python, fake } = fakeHandler(t, options, { app })
  await python.ready
  return { python, fake, ...watch(python) }
}

test('a request has no record unless somebody observes', async (t) => {
  const { python } = fakeHandler(t)
  const { observers } = serviceOf(python)
  t.mock.method(observers, 'begin')
  await python.handleRequest({ url: '/' })
  const { stop } = watch(python)
  await python.handleRequest({ url: '/' })
  stop()
  await python.handleRequest({ url: '/' })
  assert.equal(observers.begin.mock.callCount(), 1)
})

for (const [name, send] of Object.entries({
  handleRequest: (python) => python.handleRequest({ url: '/x' }),
  handleStream: async (python) => (await python.handleStream({ url: '/x' })).body.resume(),
  handleRequestSync: async (python) => python.handleRequestSync({ url: '/x' }),
  fetch: async (python) => (await python.fetch('/x')).text(),
  listener: async (python) => {
    const server = createServer(python.listener).listen(0, '127.0.0.1')
    await once(server, 'listening')
    await (await fetch(`http://127.0.0.1:${server.address().port}/x`)).text()
    server.closeAllConnections()
    server.close()
  }
})) {
  test(`${name} is observed from start to end`, async (t) => {
    const { python, seen, records } = await started(t, (request) => request.respond(201, 'ok'))
    await send(python)
    assert.deepEqual(seen, [
      ['start', '/x'], ['sent', '/x', 1], ['response', '/x', 201], ['end', '/x', 'answered']
    ])
    const [{ acceptedAt, sentAt, startedAt, endedAt, queued, pid, error, retries }] = records
    const times = [acceptedAt, sentAt, startedAt, endedAt]
    assert.deepEqual(times, times.toSorted((a, b) => a - b))
    assert.ok(acceptedAt > 0)
    assert.deepEqual({ queued, error, retries }, { queued: 0, error: null, retries: 0 })
    assert.equal(pid, python.stats().workers[0].pid)
  })
}

test('the outcome says how a request ended', async (t) => {
  const gone = new AbortController()
  const { python, records } = await started(t, (request, worker) => {
    const { path } = request
    if (path === '/raise') request.raise('ValueError', 'x', '')
    else if (path === '/stop') request.closed()
    else if (path === '/abort') gone.abort()
    else if (path === '/crash') worker.exit(null, 11)
    else if (path !== '/silent') request.respond(200, 'ok')
  }, { workers: 2, retry: 0 })
  for (const [request, limits, outcome, status] of [
    [{ url: '/' }, undefined, 'answered', 200],
    [{ url: '/raise' }, undefined, 'failed', 0],
    [{ url: '/stop' }, undefined, 'failed', 0],
    [{ url: '/crash' }, undefined, 'lost', 0],
    [{ url: '/silent' }, { timeout: 1 }, 'timeout', 0],
    [{ url: '/abort' }, { signal: gone.signal }, 'aborted', 0],
    [{ url: '/', headers: { a: 'b\nc' } }, undefined, 'rejected', 0]
  ]) {
    const alive = setInterval(() => {}, 1000)
    const error = await python.handleRequest(request, limits).then(() => null, (reason) => reason)
    clearInterval(alive)
    const record = records.at(-1)
    assert.deepEqual([record.outcome, record.status], [outcome, status], request.url)
    assert.equal(record.error, error)
  }
  assert.equal(records.length, 7)
})

test('requests that no worker gets are rejected, whichever way they came in', async (t) => {
  const { python } = fakeHandler(t, { maxQueue: 0, restart: slowly }, { startWorker: failImport })
  await assert.rejects(python.ready)
  const { seen } = watch(python)
  await assert.rejects(python.handleRequest({ url: '/a' }))
  assert.throws(() => python.handleRequestSync({ url: '/b' }), { code: 'ERR_APP_IMPORT' })
  await python.close()
  await assert.rejects(python.handleRequest({ url: '/c' }), { code: 'ERR_CLOSED' })
  assert.throws(() => python.handleRequestSync({ url: '/d' }), { code: 'ERR_CLOSED' })
  const ends = seen.filter(([moment]) => moment === 'end')
  assert.deepEqual(ends, ['/a', '/b', '/c', '/d'].map((path) => ['end', path, 'rejected']))
  assert.equal(python.stats().rejected, 4)
})

test('a request that never got a worker has waited, too', async (t) => {
  const { python, fake, records } = await started(t, onDemand.app, { concurrency: 1 })
  const first = python.handleRequest({ url: '/slow' })
  const second = python.handleRequest({ url: '/quick' })
  const gone = new AbortController()
  const third = python.handleRequest({ url: '/quick' }, { signal: gone.signal })
  await new Promise((resolve) => setTimeout(resolve, 5))
  gone.abort()
  await assert.rejects(third)
  fake.requests[0].respond(200, '')
  await Promise.all([first, second])
  assert.deepEqual(records.map(({ queued }) => queued > 0), [false, true, true])
  assert.deepEqual(records.map(({ outcome }) => outcome), ['answered', 'answered', 'aborted'])
  assert.equal(records[2].sentAt, 0)
})

test('a request that is sent again stays one request', async (t) => {
  let crashed = false
  const { python, seen, records } = await started(t, (request, worker) => {
    if (crashed) return request.respond(200, 'ok')
    crashed = true
    worker.exit(null, 11)
  }, { workers: 2 })
  await python.handleRequest({ url: '/' })
  const moments = seen.filter(([moment]) => ['start', 'sent', 'response', 'end'].includes(moment))
  assert.deepEqual(moments, [
    ['start', '/'], ['sent', '/', 1], ['sent', '/', 2], ['response', '/', 200],
    ['end', '/', 'answered']
  ])
  assert.equal(records[0].retries, 1)
  assert.equal(records[0].worker, 2)
})

test('headers can be set until the request is sent, and replace those of the client', async (t) => {
  const { python, fake } = fakeHandler(t)
  let record
  serviceOf(python).observers.add({
    onStart: (request) => {
      record = request
      assert.equal(request.headers.get('traceparent'), 'old')
      request.setHeader('traceparent', 'new')
      assert.equal(request.headers.get('traceparent'), 'new')
      assert.throws(() => request.setHeader('x', 'a\0b'), { code: 'ERR_INVALID_HEADER' })
    }
  })
  await python.handleRequest({ url: '/?q', headers: { TraceParent: 'old', accept: '*/*' } })
  const { headers } = fake.requests[0]
  assert.deepEqual(headers, ['accept', '*/*', 'traceparent', 'new'])
  assert.equal(record.query, 'q')
  assert.throws(() => record.setHeader('late', 'x'), { code: 'ERR_INVALID_HEADER' })
})

test('an observer that cancels a request at its start keeps it from being sent', async (t) => {
  const { python, fake } = fakeHandler(t)
  await python.ready
  const gone = new AbortController()
  serviceOf(python).observers.add({ onStart: () => gone.abort() })
  await assert.rejects(python.handleRequest({ url: '/' }, { signal: gone.signal }))
  assert.equal(fake.requests.length, 0)
})

test('an observer that throws harms neither the request nor other observers', async (t) => {
  const { python } = fakeHandler(t)
  await python.ready
  const thrown = []
  t.mock.method(process, 'nextTick', (callback, ...args) => {
    setImmediate(() => {
      try {
        callback(...args)
      } catch (error) {
        thrown.push(error.message)
      }
    })
  })
  serviceOf(python).observers.add({ onEnd: () => { throw new Error('mine') } })
  const { seen } = watch(python)
  assert.equal((await python.handleRequest({ url: '/' })).status, 200)
  assert.equal(seen.length, 4)
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(thrown, ['mine'])
})

test('one that observes from the middle of a request on does not see its end', async (t) => {
  const { python, fake } = fakeHandler(t, {}, onDemand)
  const { stop } = watch(python)
  await python.ready
  const slow = python.handleRequest({ url: '/slow' })
  const late = watch(python)
  stop()
  await python.handleRequest({ url: '/quick' })
  fake.requests[0].respond(200, '')
  await slow
  assert.deepEqual(late.records.map(({ path }) => path), ['/quick'])
  assert.equal(late.seen.filter(([moment]) => moment === 'end').length, 1)
})

test('events of the handler reach observers', async (t) => {
  const { python } = fakeHandler(t)
  const { seen } = watch(python)
  await python.ready
  await python.reload()
  await python.close()
  assert.deepEqual(seen.map(([name]) => name), ['worker:start', 'worker:ready', 'worker:start',
    'worker:ready', 'reload', 'worker:exit', 'worker:exit'])
})

test('without observers nobody is told', () => {
  const observers = new Observers()
  assert.equal(observers.active, false)
  observers.event('worker:start', {})
})
