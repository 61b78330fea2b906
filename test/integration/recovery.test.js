/** What becomes of requests when workers die, hang or do not react. */

import assert from 'node:assert/strict'

import { eventually, leakTest, startPython, withPython } from '../support/harness.js'

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
