import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'

import {
  APPS, childProcesses, eventually, isAlive, leakTest, startPython, withPython
} from '../support/harness.js'

const program = (name) => fileURLToPath(new URL(`../support/programs/${name}`, import.meta.url))

/** Starts a program in another Node process; `line` returns the next line that it prints. */
function run (name, args = []) {
  const child = spawn(process.execPath, [program(name), ...args],
    { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return { child, exit: once(child, 'exit'), line: async () => (await lines.next()).value }
}

async function withMarker (run) {
  const folder = await mkdtemp(join(tmpdir(), 'node-asgi-'))
  const marker = join(folder, 'marker')
  try {
    await run(marker, async () => (await readFile(marker, 'utf8')).trim().split('\n')
      .map((line) => line.split(' ')[0]))
  } finally {
    await rm(folder, { recursive: true })
  }
}

leakTest('lifespan: state, context variables, shutdown on close', async () => {
  await withMarker(async (marker, events) => {
    const python = startPython({ appTarget: 'lifespan_app:app', env: { LIFESPAN_MARKER: marker } })
    await python.ready
    assert.deepEqual(await events(), ['startup'])
    for (let i = 1; i <= 3; i++) {
      // A request sees neither what an earlier one added to its state nor its context variables.
      // Objects in the state are shared, as ASGI specifies (a shallow copy).
      assert.deepEqual((await python.handleRequest({ url: '/' })).json(),
        { state: { started: 'yes' }, tenant: 'from lifespan', requests: i })
    }
    await python.close()
    assert.deepEqual(await events(), ['startup', 'shutdown', 'returned'])
  })
})

leakTest('lifespan: ready rejects with the message of a failed startup', async () => {
  for (const [appTarget, lifespan, code, text] of [
    ['lifespan_fail_app:app', 'auto', 'ERR_LIFESPAN', /db\.example:5432/],
    ['lifespan_raise_app:app', 'on', 'ERR_LIFESPAN', /Traceback[^]*Error: raised in startup/],
    ['no_lifespan_app:app', 'on', 'ERR_LIFESPAN', /Traceback[^]*AssertionError: .*'lifespan'/]
  ]) {
    const python = startPython({ appTarget, lifespan })
    await assert.rejects(python.ready, (error) => {
      assert.equal(error.code, code, appTarget)
      assert.match(`${error.message} ${error.traceback}`, text, appTarget)
      return true
    })
    await python.close()
  }
})

leakTest('lifespan: "auto" accepts an app without it, "off" does not run it', async () => {
  for (const [appTarget, lifespan] of [
    ['no_lifespan_app:app', 'auto'],
    ['lifespan_raise_app:app', 'auto'],
    ['lifespan_fail_app:app', 'off']
  ]) {
    const python = startPython({ appTarget, lifespan })
    const loaded = []
    python.on('worker:ready', (details) => loaded.push(details.lifespan))
    await python.ready
    assert.deepEqual(loaded, [false], appTarget)
    await python.close()
  }
})

leakTest('lifespan: a startup that hangs times out', async () => {
  const python = startPython({ appTarget: 'lifespan_hang_app:app', timeouts: { startup: 300 } })
  await assert.rejects(python.ready, { code: 'ERR_STARTUP_TIMEOUT' })
  await python.close()
})

withPython('context variables do not leak between requests; each runs in its own task',
  { appTarget: 'context_app:app' }, async (python) => {
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) =>
      python.handleRequest({ url: `/?id=${i}&ms=${i % 5}` })))
    answers.forEach((answer, i) => assert.deepEqual(answer.json(),
      { before: 'nothing', after: String(i), is_task: true, same_task: true, running_loop: true }))
  })

for (const loop of ['asyncio', 'uvloop']) {
  withPython(`loop: ${loop}`, { appTarget: 'context_app:app', loop }, async (python) => {
    assert.equal((await python.handleRequest({ url: '/' })).status, 200)
  })
}

const disconnect = { appTarget: 'disconnect_app:app' }

withPython('an abort disconnects the application only', disconnect, async (python) => {
  const abort = new AbortController()
  const request = python.handleRequest({ url: '/wait?id=a' }, { signal: abort.signal })
  await eventually(async () => {
    assert.equal((await python.handleRequest({ url: '/seen' })).json().a, 'waiting')
  })
  abort.abort()
  await assert.rejects(request, { name: 'AbortError' })
  await eventually(async () => {
    assert.equal((await python.handleRequest({ url: '/seen' })).json().a, 'disconnect')
  })
  await assert.rejects(python.handleRequest({ url: '/seen' }, { signal: AbortSignal.abort() }),
    { name: 'AbortError' })
})

const slow = { appTarget: 'slow_app:app' }

withPython('a request that takes too long fails with ERR_REQUEST_TIMEOUT', slow, async (python) => {
  await assert.rejects(python.handleRequest({ url: '/?ms=700' }, { timeout: 50 }),
    { code: 'ERR_REQUEST_TIMEOUT' })
  assert.equal((await python.handleRequest({ url: '/?ms=1' })).status, 200)
})

const twoSlow = { ...slow, workers: 2 }

withPython('handleRequestSync() works while other requests wait', twoSlow, async (python) => {
  const other = python.handleRequest({ url: '/?ms=50' })
  for (let i = 0; i < 5; i++) {
    assert.equal(python.handleRequestSync({ url: '/?ms=2' }).body.toString(), 'waited 2 ms')
  }
  assert.equal((await other).body.toString(), 'waited 50 ms')
  assert.equal(python.handleRequestSync({ url: '/?ms=1' }).body.toString(), 'waited 1 ms')
})

const exits = { appTarget: 'exit_app:app' }

leakTest('close() killed a worker that was exiting although time was left', async () => {
  const python = startPython(exits)
  const ended = once(python, 'worker:exit')
  // Longer than its share of timeouts.drain, and shorter than timeouts.kill.
  await python.handleRequest({ url: '/at-exit?ms=1000' })
  await python.close()
  const [{ code, signal }] = await ended
  assert.deepEqual([code, signal], [0, null])
})

withPython('handleRequestSync() reports crashes', exits, async (python) => {
  assert.throws(() => python.handleRequestSync({ url: '/kill' }), { code: 'ERR_WORKER_CRASHED' })
  await eventually(async () => {
    assert.equal((await python.handleRequest({ url: '/' })).status, 200)
  })
})

const fragile = { ...exits, workers: 2, retry: 0, restart: { min: 1, max: 1 } }

withPython('a dying worker fails its requests at once and is replaced', fragile, async (python) => {
  for (const [url, check] of [
    ['/os-exit?code=7', (error) => assert.equal(error.exitCode, 7)],
    ['/segv', (error) => assert.equal(error.signal, 'SIGSEGV')],
    ['/kill', (error) => assert.equal(error.signal, 'SIGKILL')],
    ['/abort', (error) => assert.equal(error.signal, 'SIGABRT')]
  ]) {
    await assert.rejects(python.handleRequest({ url }), (error) => {
      assert.equal(error.code, 'ERR_WORKER_CRASHED', url)
      assert.ok(error.pid > 0, url)
      check(error)
      return true
    })
  }
  const started = await python.handleStream({ url: '/segv?after=start' }).catch((error) => error)
  await assert.rejects(async () => {
    if (started instanceof Error) throw started
    for await (const chunk of started) assert.ok(chunk)
  }, { code: 'ERR_WORKER_CRASHED' })
  await eventually(() => assert.equal(python.stats().ready, 2))
  assert.equal((await python.handleRequest({ url: '/' })).status, 200)
})

leakTest('when no worker can start any more, requests fail at once with the reason', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'node-asgi-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const broken = join(folder, 'broken')
  const python = startPython({
    appTarget: 'chaos_app:app', env: { CHAOS_BROKEN: broken }, restart: { limit: 1 }
  })
  await python.ready
  writeFileSync(broken, '')
  process.kill(python.stats().workers[0].pid, 'SIGKILL')
  await eventually(() => assert.equal(python.stats().state, 'failed'))
  await assert.rejects(python.handleRequest({ url: '/ping' }), { code: 'ERR_APP_IMPORT' })
  assert.throws(() => python.handleRequestSync({ url: '/ping' }), { code: 'ERR_APP_IMPORT' })
  await python.close()
})

const blocking = { appTarget: 'blocking_app:app', workers: 2 }

withPython('a blocked worker gets no work while another is idle', blocking, async (python) => {
  const blocked = python.handleRequest({ url: '/sleep?ms=600' })
  let done = false
  blocked.then(() => { done = true })
  for (let i = 0; i < 20; i++) await python.handleRequest({ url: '/quick' })
  assert.equal(done, false)
  await blocked
})

const short = { ...slow, concurrency: 1, maxQueue: 2 }

withPython('requests beyond maxQueue fail with ERR_QUEUE_FULL', short, async (python) => {
  const requests = Array.from({ length: 5 }, () => python.handleRequest({ url: '/?ms=20' }))
  const results = await Promise.allSettled(requests)
  assert.deepEqual(results.map(({ status, reason }) => reason?.code ?? status),
    ['fulfilled', 'fulfilled', 'fulfilled', 'ERR_QUEUE_FULL', 'ERR_QUEUE_FULL'])
})

const prints = { appTarget: 'print_app:app' }

withPython('output of workers arrives by line, with the worker id', prints, async (python) => {
  const lines = []
  for (const name of ['stdout', 'stderr']) {
    python.on(name, (line, { worker, pid }) => {
      lines.push([name, line])
      assert.equal(worker, 1)
      assert.equal(pid, python.stats().workers[0]?.pid ?? pid)
    })
  }
  for (const url of ['/stdout', '/stderr', '/logging', '/unicode']) {
    await python.handleRequest({ url })
  }
  await eventually(() => {
    for (const expected of [
      ['stdout', 'one line in 4 pieces'],
      ['stdout', 'two'],
      ['stdout', 'lines'],
      ['stderr', 'a line on stderr'],
      ['stderr', 'a line from logging'],
      ['stdout', 'grüße ☃ 🐍']
    ]) {
      assert.ok(lines.some((line) => line.join() === expected.join()), expected.join())
    }
  })
})

leakTest('output just before a worker exits is not lost', async () => {
  const python = startPython(prints)
  const lines = []
  python.on('stdout', (line) => lines.push(line))
  await python.ready
  await python.handleRequest({ url: '/partial' })
  await python.close()
  assert.deepEqual(lines, ['imported', 'no newline yet'])
})

leakTest('requests after close() are refused, and close() can be repeated', async () => {
  const python = startPython({})
  await python.ready
  const last = python.handleRequest({ url: '/' })
  await Promise.all([python.close(), python.close()])
  assert.equal((await last).status, 200)
  await assert.rejects(python.handleRequest({ url: '/' }), { code: 'ERR_CLOSED' })
  assert.throws(() => python.handleRequestSync({ url: '/' }), { code: 'ERR_CLOSED' })
})

leakTest('close() during the start rejects ready', async () => {
  const python = startPython({})
  const ready = assert.rejects(python.ready, { code: 'ERR_CLOSED' })
  await python.close()
  await ready
})

leakTest('requests before ready wait for a worker', async () => {
  const python = startPython({})
  assert.equal((await python.handleRequest({ url: '/' })).status, 200)
  await python.close()
})

leakTest('several handlers in one process', async () => {
  const handlers = ['main:app', 'slow_app:app', 'echo_app:app'].map((appTarget) =>
    startPython({ appTarget, workers: 2 }))
  await Promise.all(handlers.map((python) => python.ready))
  const answers = await Promise.all(
    handlers.map((python) => python.handleRequest({ url: '/?ms=1' })))
  assert.deepEqual(answers.map(({ status }) => status), [200, 200, 200])
  await Promise.all(handlers.map((python) => python.close()))
})

leakTest('Node worker threads can have their own handlers', async () => {
  const threads = Array.from({ length: 3 }, () =>
    new Worker(program('thread.js'), { workerData: { docroot: APPS } }))
  await Promise.all(threads.map(async (thread) => {
    const exit = once(thread, 'exit')
    assert.deepEqual((await once(thread, 'message'))[0], { status: 200 })
    assert.equal((await exit)[0], 0)
  }))
})

leakTest('terminating a worker thread that has a handler leaks nothing', async () => {
  const thread = new Worker(program('thread.js'), { workerData: { docroot: APPS, stay: true } })
  await once(thread, 'message')
  await thread.terminate()
})

leakTest('a pending request keeps the process alive, an idle handler does not', async () => {
  const { exit, line } = run('idle.js', [APPS])
  assert.equal(await line(), '200')
  assert.match(await line(), /^waited 200 ms$/)
  const server = Number((await line()).split(' ')[1])
  assert.deepEqual(await exit, [0, null])
  await eventually(() => assert.equal(isAlive(server), false))
})

for (const signal of ['SIGKILL', 'SIGTERM']) {
  leakTest(`${signal} to Node leaves no process running`, async () => {
    const { child, exit, line } = run('serve.js', [APPS, 'blocking_app:app'])
    const pids = (await line()).split(' ').map(Number)
    assert.equal(pids.length, 3)
    const [server] = childProcesses(child.pid)
    // One of the workers has a blocked event loop.
    await sleep(50)
    child.kill(signal)
    await exit
    await eventually(() => {
      for (const pid of [server, ...pids]) assert.equal(isAlive(pid), false, `${pid} is running`)
    }, 10_000)
  })
}

leakTest('lifespan shutdown runs even after SIGKILL to Node', async () => {
  await withMarker(async (marker, events) => {
    process.env.LIFESPAN_MARKER = marker
    const { child, exit, line } = run('serve.js', [APPS, 'lifespan_app:app'])
    delete process.env.LIFESPAN_MARKER
    await line()
    child.kill('SIGKILL')
    await exit
    await eventually(async () => {
      assert.equal((await events()).filter((event) => event === 'returned').length, 2)
    })
  })
})
