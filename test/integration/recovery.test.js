/** What becomes of requests when workers die, hang or do not react. */

import assert from 'node:assert/strict'
import { once } from 'node:events'

import { eventually, isAlive, leakTest, startPython, withPython } from '../support/harness.js'

/** The worker that has the request with this id in `/crash-once` of crash_app.py dies the first time. */
const crash = { appTarget: 'crash_app:app' }

leakTest('a safe request is retried once on another worker, and answered once', async () => {
  const { mkdtemp, rm } = await import('node:fs/promises')
  const { tmpdir } = await import('node:os')
  const { join } = await import('node:path')
  const folder = await mkdtemp(join(tmpdir(), 'node-asgi-'))
  try {
    const python = startPython({ ...crash, workers: 2, env: { CRASH_MARKERS: folder } })
    await python.ready
    for (const [request, answered] of [
      [{ url: '/once?id=get' }, true],
      [{ method: 'POST', url: '/once?id=post', body: 'x' }, false],
      [{ method: 'POST', url: '/once?id=idempotent', body: 'x', idempotent: true }, true],
      [{ method: 'PUT', url: '/once?id=stream', body: stream(), idempotent: true }, false],
      [{ url: '/always' }, false],
      [{ url: '/once?id=started&after=start' }, false]
    ]) {
      const outcome = await python.handleRequest(request).then(({ body }) => body.toString(),
        ({ code }) => code)
      assert.equal(outcome, answered ? 'survived' : 'ERR_WORKER_CRASHED', request.url)
      await eventually(() => assert.equal(python.stats().ready, 2))
    }
    await python.close()
  } finally {
    await rm(folder, { recursive: true })
  }
})

withPython('a response that was complete when its worker ended is not lost', { ...crash, retry: 0 }, async (python) => {
  // Node stands still meanwhile, so that all the frames are in the ring when it learns of the end.
  const response = python.handleRequest({ url: '/last-words?n=20000' })
  await new Promise((resolve) => setImmediate(resolve))
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000)
  assert.equal((await response).body.length, 20000)
  await eventually(() => assert.equal(python.stats().ready, 1))
})

async function * stream () {
  yield 'piece'
}

withPython('retry: 0 fails at once', { ...crash, retry: 0, workers: 2, env: { CRASH_MARKERS: '/nowhere' } }, async (python) => {
  await assert.rejects(python.handleRequest({ url: '/always' }), { code: 'ERR_WORKER_CRASHED' })
  await eventually(() => assert.equal(python.stats().ready, 2))
})

withPython('a task that ignores the disconnect is cancelled after the grace',
  { appTarget: 'stubborn_app:app', timeouts: { disconnectGrace: 60, request: 0 } }, async (python) => {
    await assert.rejects(python.handleRequest({ url: '/ignore?id=a' }, { timeout: 50 }),
      { code: 'ERR_REQUEST_TIMEOUT' })
    await eventually(async () => {
      assert.deepEqual((await python.handleRequest({ url: '/seen' })).json().a, 'cancelled')
    })
    await eventually(() => assert.equal(python.stats().inFlight, 0))
  })

withPython('without a limit of the grace nothing is cancelled',
  { appTarget: 'stubborn_app:app', timeouts: { disconnectGrace: Infinity } }, async (python) => {
    await assert.rejects(python.handleRequest({ url: '/ignore?id=b&ms=300' }, { timeout: 20 }),
      { code: 'ERR_REQUEST_TIMEOUT' })
    await eventually(async () => {
      assert.deepEqual((await python.handleRequest({ url: '/seen' })).json().b, 'finished')
    })
  })

withPython('a worker whose loop stands still is found, shown and replaced; its neighbour goes on',
  { appTarget: 'blocking_app:app', workers: 2, retry: 0, timeouts: { hang: 300 } }, async (python) => {
    const hung = once(python, 'worker:hung')
    const lost = assert.rejects(python.handleRequest({ url: '/busy?ms=60000' }), (error) => {
      assert.equal(error.code, 'ERR_WORKER_HUNG')
      assert.equal(error.request, 'GET /busy')
      assert.match(error.stacks, /blocking_app\.py/)
      return true
    })
    for (let i = 0; i < 20; i++) {
      assert.equal((await python.handleRequest({ url: '/quick' })).status, 200)
    }
    const [{ pid, inFlight, stacks }] = await hung
    assert.equal(inFlight, 1)
    assert.match(stacks, /Current thread|Thread 0x/)
    assert.match(stacks, /blocking_app\.py", line \d+ in app/)
    await lost
    assert.equal(isAlive(pid), false)
    await eventually(() => assert.equal(python.stats().ready, 2))
  })

withPython('a request that is given up does not hide that its worker hangs',
  { appTarget: 'blocking_app:app', timeouts: { hang: 300 } }, async (python) => {
    const hung = once(python, 'worker:hung')
    await assert.rejects(python.handleRequest({ url: '/busy?ms=60000' }, { timeout: 50 }),
      { code: 'ERR_REQUEST_TIMEOUT' })
    assert.equal((await hung)[0].inFlight, 1)
    assert.equal((await python.handleRequest({ url: '/quick' })).status, 200)
  })

withPython('a worker that hangs while it is being replaced does not keep its request for that time',
  { appTarget: 'blocking_app:app', retry: 0, timeouts: { hang: 300 } }, async (python) => {
    const lost = assert.rejects(python.handleRequest({ url: '/busy?ms=60000' }), { code: 'ERR_WORKER_HUNG' })
    await python.reload()
    await lost
    assert.equal((await python.handleRequest({ url: '/quick' })).status, 200)
  })

withPython('a stopped worker (SIGSTOP) is replaced', { appTarget: 'main:app', timeouts: { hang: 200 } }, async (python) => {
  const { pid } = python.stats().workers[0]
  process.kill(pid, 'SIGSTOP')
  // Safe to repeat: the replacement answers.
  assert.equal((await python.handleRequest({ url: '/' })).status, 200)
  assert.equal(isAlive(pid), false)
})

withPython('busy is not hung: many awaits, a GIL held for less than the limit, a blocked thread',
  { appTarget: 'blocking_app:app', timeouts: { hang: 400 } }, async (python) => {
    let hung = 0
    python.on('worker:hung', () => hung++)
    const { pid } = python.stats().workers[0]
    for (let i = 0; i < 8; i++) await python.handleRequest({ url: '/busy?ms=120' })
    await Promise.all(Array.from({ length: 500 }, () => python.handleRequest({ url: '/quick' })))
    assert.equal(hung, 0)
    assert.equal(python.stats().workers[0].pid, pid)
    assert.ok(python.stats().workers[0].lag > 0)
  })

withPython('a long await is not hung', { appTarget: 'slow_app:app', timeouts: { hang: 100 } }, async (python) => {
  assert.equal((await python.handleRequest({ url: '/?ms=500' })).status, 200)
})
