/** What happens to requests when workers die, hang or do not respond. */

import assert from 'node:assert/strict'
import { once } from 'node:events'

import {
  eventually, isAlive, leakTest, startPython, withPython, withServer
} from '../support/harness.js'
import { block } from '../support/time.js'

/** `/once?id=NAME` of crash_app.py kills its worker the first time, `/always` every time. */
const crash = { appTarget: 'crash_app:app' }

leakTest('a safe request is retried once on another worker', async () => {
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

const noRetry = { ...crash, retry: 0 }

withPython('a response completed before its worker ended is delivered', noRetry, async (python) => {
  // Blocks Node, so that all frames are in the ring when it learns that the worker has ended.
  const response = python.handleRequest({ url: '/last-words?n=20000' })
  await new Promise((resolve) => setImmediate(resolve))
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000)
  assert.equal((await response).body.length, 20000)
  await eventually(() => assert.equal(python.stats().ready, 1))
})

async function * stream () {
  yield 'piece'
}

const twoWorkers = { ...noRetry, workers: 2, env: { CRASH_MARKERS: '/nowhere' } }

withPython('retry: 0 disables retries', twoWorkers, async (python) => {
  await assert.rejects(python.handleRequest({ url: '/always' }), { code: 'ERR_WORKER_CRASHED' })
  await eventually(() => assert.equal(python.stats().ready, 2))
})

const stubborn = (disconnectGrace) => (
  { appTarget: 'stubborn_app:app', timeouts: { disconnectGrace, request: 0 } }
)

withPython('a task that ignores the disconnect is cancelled after disconnectGrace', stubborn(60),
  async (python) => {
    await assert.rejects(python.handleRequest({ url: '/ignore?id=a' }, { timeout: 50 }),
      { code: 'ERR_REQUEST_TIMEOUT' })
    await eventually(async () => {
      assert.deepEqual((await python.handleRequest({ url: '/seen' })).json().a, 'cancelled')
    })
    await eventually(() => assert.equal(python.stats().inFlight, 0))
  })

withPython('disconnectGrace: Infinity never cancels a task', stubborn(Infinity),
  async (python) => {
    await assert.rejects(python.handleRequest({ url: '/ignore?id=b&ms=300' }, { timeout: 20 }),
      { code: 'ERR_REQUEST_TIMEOUT' })
    await eventually(async () => {
      assert.deepEqual((await python.handleRequest({ url: '/seen' })).json().b, 'finished')
    })
  })

const blocking = { appTarget: 'blocking_app:app', timeouts: { hang: 300 } }

withPython('a worker with a blocked event loop is reported and replaced, another keeps serving',
  { ...blocking, retry: 0, workers: 2 }, async (python) => {
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

withPython('a hang was reported as the signal that asks for stacks, if nobody handled that',
  { ...blocking, retry: 0 }, async (python) => {
    const hung = once(python, 'worker:hung')
    const exit = once(python, 'worker:exit')
    await assert.rejects(python.handleRequest({ url: '/deaf?ms=60000' }), (error) => {
      assert.equal(error.code, 'ERR_WORKER_HUNG')
      assert.match(error.stacks, /faulthandler/)
      return true
    })
    assert.equal((await exit)[0].reason, 'hung')
    assert.match((await hung)[0].stacks, /faulthandler/)
  })

leakTest('the log told the same facts up to three times when a request hung', async () => {
  for (const [method, workers] of [['POST', 1], ['GET', 2]]) {
    const lines = []
    const write = (line) => lines.push(line)
    const logger = { info () {}, warn: write, error: write }
    const python = startPython({ ...blocking, workers: 2, logger })
    await python.ready
    await withServer(python.listener, async (base) => {
      assert.equal((await fetch(`${base}/sleep?ms=60000`, { method })).status, 504)
    })
    await eventually(() => assert.equal(python.stats().ready, 2))
    const log = lines.join('\n')
    assert.equal(log.split('was blocked for 300 ms').length - 1, workers, log)
    assert.match(log, new RegExp(`${method} /sleep was lost with worker \\d+ \\(pid \\d+\\): ` +
      'ERR_WORKER_HUNG'))
    await python.close()
  }
})

withPython('a worker that hangs is found although its request has timed out', blocking,
  async (python, t) => {
    // A request that nobody waits for does not keep this process alive.
    const timer = setInterval(() => {}, 1000)
    t.after(() => clearInterval(timer))
    const hung = once(python, 'worker:hung')
    await assert.rejects(python.handleRequest({ url: '/busy?ms=60000' }, { timeout: 50 }),
      { code: 'ERR_REQUEST_TIMEOUT' })
    assert.equal((await hung)[0].inFlight, 1)
    assert.equal((await python.handleRequest({ url: '/quick' })).status, 200)
  })

withPython('a worker that hangs during its replacement loses its request at the hang timeout',
  { ...blocking, retry: 0 }, async (python) => {
    const lost = assert.rejects(python.handleRequest({ url: '/busy?ms=60000' }),
      { code: 'ERR_WORKER_HUNG' })
    await python.reload()
    await lost
    assert.equal((await python.handleRequest({ url: '/quick' })).status, 200)
  })

const watched = { appTarget: 'main:app', timeouts: { hang: 200 } }

withPython('a stopped worker (SIGSTOP) is replaced', watched, async (python) => {
  const { pid } = python.stats().workers[0]
  process.kill(pid, 'SIGSTOP')
  // A GET is retried, and the replacement answers.
  assert.equal((await python.handleRequest({ url: '/' })).status, 200)
  assert.equal(isAlive(pid), false)
})

withPython('a busy worker is not hung: many awaits, blocked for less than the limit',
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

const awaiting = { appTarget: 'slow_app:app', timeouts: { hang: 100 } }

withPython('a worker that awaits for long is not hung', awaiting, async (python) => {
  assert.equal((await python.handleRequest({ url: '/?ms=500' })).status, 200)
})

// The idle threads of piscina are blocked until their next task.
leakTest('a worker is killed because Node was blocked while it became ready', async () => {
  const startup = 5000
  const kill = 500
  const python = startPython({ timeouts: { startup, kill } })
  await python.ready
  const exits = []
  python.on('worker:exit', ({ reason }) => {
    exits.push(reason)
    if (exits.length === 1) block(startup + kill + 100)
  })
  process.kill(python.stats().workers[0].pid, 'SIGKILL')
  await eventually(() => assert.ok(exits.length > 0 && python.stats().ready === 1), 20_000)
  assert.deepEqual(exits, ['crash'])
})
