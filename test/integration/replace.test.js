/** Workers that are replaced without having failed: recycled, reloaded, drained. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import {
  awake, eventually, isAlive, leakTest, startPython, withPython, withServer
} from '../support/harness.js'

/**
 * Each client sends requests without a pause until stopped, and then two more. Returns a function
 * that stops them and returns the answers of each client.
 */
function steady (python, url, clients) {
  const stop = new AbortController()
  const running = Promise.all(Array.from({ length: clients }, async () => {
    const answers = []
    for (let more = 2; more > 0; more -= stop.signal.aborted ? 1 : 0) {
      answers.push((await python.handleRequest({ method: 'POST', url, body: 'x' })).body.toString())
    }
    return answers
  }))
  // A failure is thrown when the test asks for the answers.
  running.catch(() => {})
  return async () => {
    stop.abort()
    return await running
  }
}

/** Runs a test in a temporary folder. */
function inFolder (name, run) {
  leakTest(name, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'node-asgi-'))
    try {
      await run(folder, t)
    } finally {
      await rm(folder, { recursive: true })
    }
  })
}

const main = (answer) => `
async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b${JSON.stringify(answer)}})
`

withPython('recycling under load loses no request',
  { appTarget: 'exit_app:app', workers: 2, recycle: { requests: 200, jitter: 0.5 }, preload: true },
  async (python) => {
    let recycled = 0
    python.on('worker:recycle', () => recycled++)
    const stop = steady(python, '/', 8)
    await eventually(() => assert.ok(recycled >= 10), 20_000)
    const pids = new Set((await stop()).flat())
    assert.ok(pids.size > 8, `${pids.size} workers`)
    const { exits, failed, lost, rejected } = python.stats()
    assert.deepEqual({ failed, lost, rejected }, { failed: 0, lost: 0, rejected: 0 })
    assert.deepEqual(Object.keys(exits), ['recycle'])
  })

withPython('a worker is recycled when it uses too much memory',
  { appTarget: 'memory_app:app', recycle: { memory: 150 << 20 } }, async (python) => {
    const { pid, memory } = python.stats().workers[0]
    assert.ok(memory > 0 && memory < 100 << 20)
    await python.handleRequest({ url: '/' })
    const recycled = once(python, 'worker:recycle')
    await python.handleRequest({ url: '/grow?mib=200' })
    const [details] = await awake(recycled)
    assert.deepEqual([details.pid, details.reason], [pid, 'memory'])
    const [{ reason, error, code }] = await once(python, 'worker:exit')
    assert.deepEqual([reason, error, code], ['recycle', null, 0])
    assert.notEqual((await python.handleRequest({ url: '/' })).body.toString(), String(pid))
  })

inFolder('reload() serves the new code; the old code finishes its requests', async (folder) => {
  await writeFile(join(folder, 'main.py'), main('first version'))
  const python = startPython({ docroot: folder, workers: 2, preload: true })
  await python.ready
  const stop = steady(python, '/', 4)
  const old = python.stats().workers.map(({ pid }) => pid)
  await writeFile(join(folder, 'main.py'), main('the second version'))
  await python.reload()
  assert.equal((await python.handleRequest({ url: '/' })).body.toString(), 'the second version')
  // Once a client has an answer from the new version, it never gets one from the old version.
  for (const answers of await stop()) {
    const turns = answers.filter((answer, i) => answer !== answers[i - 1])
    assert.deepEqual(turns, ['first version', 'the second version'])
  }
  await eventually(() => assert.deepEqual(old.filter(isAlive), []))
  assert.equal(python.stats().generation, 2)
  await python.close()
})

inFolder('broken new code rejects reload(), and the old code keeps serving', async (folder) => {
  await writeFile(join(folder, 'main.py'), main('works'))
  const python = startPython({ docroot: folder, workers: 2 })
  await python.ready
  const stop = steady(python, '/', 4)
  const pids = python.stats().workers.map(({ pid }) => pid)
  for (const [broken, expected] of [
    ['import nothing_like_this\n', { code: 'ERR_APP_IMPORT', message: /'nothing_like_this'/ }],
    ['def app(:\n', { code: 'ERR_APP_IMPORT', message: /SyntaxError/ }],
    ['import os\nos._exit(3)\n', { code: 'ERR_WORKER_CRASHED', exitCode: 3, message: /\b3\b/ }]
  ]) {
    await writeFile(join(folder, 'main.py'), broken)
    await assert.rejects(python.reload(), expected)
  }
  assert.deepEqual([...new Set((await stop()).flat())], ['works'])
  await eventually(() => {
    assert.deepEqual(python.stats().workers.map(({ pid }) => pid), pids)
  })
  await writeFile(join(folder, 'main.py'), main('works again'))
  await python.reload()
  assert.equal((await python.handleRequest({ url: '/' })).body.toString(), 'works again')
  await python.close()
})

inFolder('a pool that could not start recovers when the cause is gone', async (folder) => {
  await writeFile(join(folder, 'main.py'), 'raise RuntimeError("the database is down")\n')
  const python = startPython({ docroot: folder, workers: 2, restart: { min: 10, max: 50 } })
  const recovered = once(python, 'pool:recovered')
  await assert.rejects(python.ready, { code: 'ERR_APP_IMPORT', message: /the database is down/ })
  await assert.rejects(python.handleRequest({ url: '/' }), { message: /the database is down/ })
  await writeFile(join(folder, 'main.py'), main('the database is up'))
  await awake(recovered)
  assert.equal((await python.handleRequest({ url: '/' })).body.toString(), 'the database is up')
  await eventually(() => assert.equal(python.stats().ready, 2))
  await python.close()
})

inFolder('draining: finish, disconnect, cancel, then lifespan shutdown', async (folder) => {
  const marker = join(folder, 'marker')
  const python = startPython({
    appTarget: 'drain_app:app',
    env: { DRAIN_MARKER: marker },
    timeouts: { drain: 150, disconnect: 150, cancel: 100, shutdown: 1000 }
  })
  await python.ready
  const exited = once(python, 'worker:exit')
  const streams = {}
  for (const name of ['heeds', 'ignores', 'swallows']) {
    streams[name] = await python.handleStream({ url: `/${name}?id=${name}` })
  }
  await python.handleRequest({ url: '/background?id=background&ms=50' })
  const ended = Promise.all(Object.values(streams).map(async ({ body }) => {
    await assert.rejects(body.toArray(), { code: 'ERR_CLOSED' })
  }))
  await python.close()
  await ended
  const events = (await readFile(marker, 'utf8')).trim().split('\n')
  assert.deepEqual(events.slice(0, 2), ['background finished', 'heeds disconnect'])
  assert.deepEqual(events.slice(2, 4).sort(), ['ignores cancelled', 'swallows cancelled'])
  assert.deepEqual(events[4], 'lifespan shutdown')
  const [{ code, signal, error, reason }] = await exited
  assert.deepEqual({ code, signal, error, reason },
    { code: 0, signal: null, error: null, reason: 'close' })
})

inFolder('a worker that does not react to a stop is killed', async (folder) => {
  const python = startPython({
    appTarget: 'drain_app:app',
    env: { DRAIN_MARKER: join(folder, 'marker') },
    timeouts: { drain: 20, disconnect: 20, cancel: 20, shutdown: 20, kill: 100 }
  })
  await python.ready
  const exited = once(python, 'worker:exit')
  const lost = assert.rejects(python.handleRequest({ url: '/block?ms=60000' }),
    { code: 'ERR_CLOSED' })
  await sleep(50)
  await python.close()
  await lost
  const [{ signal, error }] = await exited
  assert.deepEqual({ signal, error }, { signal: 'SIGKILL', error: null })
})

inFolder('a reload cuts off an event stream when its timeout is over', async (folder) => {
  const python = startPython({
    appTarget: 'drain_app:app',
    env: { DRAIN_MARKER: join(folder, 'marker') },
    timeouts: { disconnect: 100 }
  })
  await python.ready
  await withServer(python.listener, async (url) => {
    const response = await fetch(`${url}/ignores?id=a`)
    const reader = response.body.getReader()
    assert.equal(Buffer.from((await reader.read()).value).toString(), 'started\n')
    await python.reload({ timeout: 100 })
    // Cut off, not ended: the client must not take it for complete.
    await assert.rejects(reader.read())
    assert.equal((await fetch(`${url}/`)).status, 200)
  })
  // A longer timeout here does not extend that of the old generation.
  await python.close({ timeout: 60_000 })
  assert.deepEqual(python.stats().exits, { reload: 1, close: 1 })
})
