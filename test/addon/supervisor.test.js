import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'

import { createFake, settle } from '../support/fake-binding.js'
import { fakeHandler, handlerOn } from '../support/fake-handler.js'

const failImport = (worker) =>
  worker.failStartup('import', 'ImportError', "No module named 'x'", 'Traceback: line 1')

/** For what does not keep the process alive by itself. */
function stayAlive (t) {
  const timer = setInterval(() => {}, 1000)
  t.after(() => clearInterval(timer))
}

/** Nothing is retried by itself while a test looks. */
const slowly = { min: 2 ** 30, max: 2 ** 30 }

test('the fork server gets the interpreter, its descriptors and the settings', async (t) => {
  const { python, fake } = fakeHandler(t, {
    appTarget: 'a:b',
    env: { X: 'y' },
    rootPath: '/r',
    preload: ['json'],
    python: process.execPath,
    timeouts: { startup: 1500 }
  })
  await python.ready
  const { command, cwd, env, stdio, detached } = fake.servers[0].options
  assert.equal(command, process.execPath)
  assert.equal(cwd, python.docroot)
  assert.equal(env.X, 'y')
  assert.match(env.NODE_ASGI_WORKER_MODULE, /_worker\.abi3\.so$/)
  assert.equal(env.PATH, process.env.PATH)
  assert.deepEqual(stdio, ['ignore', 'pipe', 'pipe', 100, 101])
  assert.equal(detached, true)
  assert.ok(fake.control.isSpawned)
  assert.deepEqual(fake.control.settings, {
    docroot: python.docroot,
    appTarget: 'a:b',
    factory: false,
    preload: ['json'],
    lifespan: 'auto',
    loop: 'auto',
    rootPath: '/r',
    timeouts: { startup: 1.5, shutdown: 0.2, drain: 0.2 }
  })
})

test('ready comes when every worker is, and then nothing keeps the process alive', async (t) => {
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

test('worker events', async (t) => {
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

test('when no worker can start, ready rejects with the traceback, for good', async (t) => {
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
  assert.equal(fake.workers.length, 2, 'they are not tried again')
  assert.ok(fake.servers[0].gone)
  assert.equal(python.stats().state, 'failed')
  assert.deepEqual(log.lines, [])
})

test('a failure that nobody waits for is logged, and is no unhandled rejection', async (t) => {
  const { fake, log } = fakeHandler(t, {}, { startWorker: failImport })
  while (!fake.servers[0]?.gone) await settle(1)
  await settle()
  assert.equal(log.lines.length, 1)
  assert.match(log.lines[0], /^error .*No module named 'x'.*Traceback: line 1/s)
})

test('what fails for one worker is tried again', async (t) => {
  const { python, fake, log } = fakeHandler(t, { workers: 2 }, {
    startWorker: (worker) => worker.id === 1 ? failImport(worker) : worker.ready()
  })
  await python.ready
  await settle()
  assert.equal(fake.workers.length, 3)
  assert.equal(python.stats().ready, 2)
  assert.match(log.lines.join('\n'), /No module named 'x'/)
})

test('a worker that crashes is replaced at once, its requests fail, others do not', async (t) => {
  const { python, fake } = fakeHandler(t, { workers: 2 }, {
    app: (request) => { if (request.path === '/answer') request.respond(200, 'ok') }
  })
  await python.ready
  const lost = python.handleRequest({ method: 'POST', url: '/hang' })
  await settle()
  const [victim] = fake.workers.filter((worker) => worker.channel.requests.size > 0)
  victim.exit(null, 11)
  await assert.rejects(lost, (error) => {
    assert.equal(error.code, 'ERR_WORKER_CRASHED')
    assert.equal(error.signal, 'SIGSEGV')
    assert.equal(error.pid, victim.pid)
    return true
  })
  await once(python, 'worker:ready')
  assert.equal(python.stats().ready, 2)
  assert.equal((await python.handleRequest({ url: '/answer' })).text(), 'ok')
})

test('after repeated crashes there is a delay, in which requests fail at once', async (t) => {
  const { python, fake } = fakeHandler(t, { restart: slowly })
  await python.ready
  fake.workers[0].exit(1, 0)
  await once(python, 'worker:ready')
  fake.workers[1].exit(1, 0)
  await once(python, 'worker:exit')
  await settle()
  assert.equal(fake.workers.length, 2)
  await assert.rejects(python.handleRequest({ url: '/' }), { code: 'ERR_WORKER_CRASHED' })
})

test('after the delay a worker comes back', async (t) => {
  stayAlive(t)
  const { python, fake } = fakeHandler(t, { restart: { min: 1, max: 1 } })
  await python.ready
  for (let i = 0; i < 4; i++) {
    fake.workers.at(-1).exit(1, 0)
    await once(python, 'worker:ready')
  }
  assert.equal((await python.handleRequest({ url: '/' })).status, 200)
})

test('restart.limit is the end', async (t) => {
  const { python, fake, log } = fakeHandler(t, { restart: { limit: 1 } })
  await python.ready
  fake.workers[0].exit(1, 0)
  await once(python, 'worker:ready')
  fake.workers[1].exit(1, 0)
  await once(python, 'worker:exit')
  await assert.rejects(python.handleRequest({ url: '/' }), { code: 'ERR_WORKER_CRASHED' })
  assert.equal(python.stats().state, 'failed')
  assert.match(log.lines.join('\n'), /restart\.limit/)
})

test('a worker that is not ready in time is killed', async (t) => {
  const { python, fake } = fakeHandler(t, { timeouts: { startup: 300 } },
    { startWorker: () => {} })
  await assert.rejects(python.ready, { code: 'ERR_STARTUP_TIMEOUT' })
  assert.ok(fake.workers[0].gone)
})

test('a worker that failed to start and does not exit is killed', async (t) => {
  const { python, fake } = fakeHandler(t, {}, {
    startWorker (worker) {
      const { exit } = worker
      worker.exit = (code, signal) => { if (signal === 9) exit.call(worker, code, signal) }
      failImport(worker)
    }
  })
  await assert.rejects(python.ready, { code: 'ERR_APP_IMPORT' })
  assert.ok(fake.workers[0].gone)
})

test('a worker that breaks the protocol is killed and replaced', async (t) => {
  const { python, fake } = fakeHandler(t, {}, { app: () => {} })
  await python.ready
  const lost = python.handleRequest({ method: 'POST', url: '/' })
  await settle()
  fake.workers[0].corrupt('nonsense')
  await assert.rejects(lost, { code: 'ERR_WORKER_PROTOCOL' })
  await once(python, 'worker:ready')
  assert.ok(fake.workers[0].gone)
  assert.equal(python.stats().ready, 1)
})

test('a fork server that does not kill is killed itself', async (t) => {
  const { python, fake } = fakeHandler(t, { timeouts: { kill: 5 } }, { app: () => {} })
  await python.ready
  fake.deaf = true
  const lost = python.handleRequest({ method: 'POST', url: '/' })
  await settle()
  fake.workers[0].corrupt('nonsense')
  await assert.rejects(lost, { code: 'ERR_WORKER_PROTOCOL' })
  await once(python, 'worker:ready')
  assert.deepEqual(fake.groupsKilled, [-fake.servers[0].pid])
  assert.equal(fake.servers.length, 2)
  fake.deaf = false
})

test('a fork server that dies takes its workers along, and both come back', async (t) => {
  const { python, fake, log } = fakeHandler(t, { workers: 2 }, { app: () => {} })
  await python.ready
  const lost = python.handleRequest({ method: 'POST', url: '/' })
  await settle()
  fake.servers[0].exit(null, 'SIGKILL')
  await assert.rejects(lost, { code: 'ERR_WORKER_CRASHED', message: /with its fork server/ })
  while (python.stats().ready < 2) await settle(1)
  assert.equal(fake.servers.length, 2)
  assert.equal(fake.workers.length, 4)
  assert.match(log.lines.join('\n'), /fork server .* was ended by SIGKILL/)
})

test('a python that exits before it is ready: its stderr is in the message', async (t) => {
  const { python } = fakeHandler(t, {}, {
    startServer (server) {
      server.child.stderr.write('node-asgi needs Python 3.10 or later, this is 3.9.2\n')
      server.exit(1)
    }
  })
  await assert.rejects(python.ready, {
    code: 'ERR_PYTHON_FAILED', message: /exited with code 1 .*\n\nnode-asgi needs Python 3\.10/s
  })
})

test('a python that closes the socket and lives on is killed', async (t) => {
  const { python, fake } = fakeHandler(t, {}, {
    startServer: (server) => server.message({ type: 'closed' })
  })
  await assert.rejects(python.ready, { code: 'ERR_PYTHON_FAILED' })
  assert.equal(fake.groupsKilled.length, 1)
})

test('a python that cannot be run', async (t) => {
  const { python } = fakeHandler(t, {}, {
    spawnError: Object.assign(new Error('spawn ENOENT'), { code: 'ENOENT' })
  })
  await assert.rejects(python.ready, { code: 'ERR_PYTHON_NOT_FOUND' })
})

test('a fork server that is never ready', async (t) => {
  const { python, fake } = fakeHandler(t, { timeouts: { startup: 5 } }, { startServer: () => {} })
  await assert.rejects(python.ready, { code: 'ERR_STARTUP_TIMEOUT' })
  assert.equal(fake.groupsKilled.length, 1)
})

test('a preload that fails', async (t) => {
  const { python } = fakeHandler(t, { preload: ['nope'] }, {
    startServer (server) {
      server.message({
        type: 'server_failed',
        errorType: 'ModuleNotFoundError',
        message: "No module named 'nope'",
        traceback: 'Traceback: preload'
      })
      server.exit(1)
    }
  })
  await assert.rejects(python.ready, (error) => {
    assert.equal(error.code, 'ERR_PRELOAD')
    assert.equal(error.traceback, 'Traceback: preload')
    return true
  })
})

test('threads that preload left are told of', async (t) => {
  const { python, log } = fakeHandler(t, {}, {
    startServer: (server) => server.ready({ threads: ['ThreadPoolExecutor-0_0'] })
  })
  await python.ready
  assert.match(log.lines.join('\n'), /^warn .*ThreadPoolExecutor-0_0/)
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

test('close() kills workers that do not stop', async (t) => {
  const { python, fake } = fakeHandler(t, { timeouts: { drain: 1, shutdown: 1, kill: 1 } },
    { stopWorker: () => {} })
  await python.ready
  await python.close()
  assert.ok(fake.workers[0].gone)
})

test('close() ends even when the fork server does nothing', async (t) => {
  const { python, fake } = fakeHandler(t, { timeouts: { drain: 1, shutdown: 1, kill: 1 } },
    { stopWorker: () => {} })
  await python.ready
  fake.deaf = true
  await python.close()
  assert.deepEqual(fake.groupsKilled, [-fake.servers[0].pid])
  assert.ok(fake.channels.every((channel) => channel.isClosed))
})

test('close() before the start is over', async (t) => {
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

test('close() after the start has failed', async (t) => {
  const { python } = fakeHandler(t, {}, { startWorker: failImport })
  await assert.rejects(python.ready, { code: 'ERR_APP_IMPORT' })
  await python.close()
  await assert.rejects(python.handleRequest({ method: 'POST', url: '/' }), { code: 'ERR_CLOSED' })
})

const broken = () => Object.assign(new Error('the fork server takes no message: Broken pipe'),
  { code: 'ERR_PYTHON_FAILED' })
const failing = class { constructor () { throw exhausted() } }
const exhausted = () => Object.assign(new Error('memfd_create: Too many open files'),
  { code: 'ERR_NO_RESOURCES' })

test('a python that has ended before it takes the settings', async (t) => {
  const fake = createFake({ startServer: () => {} })
  fake.binding.Control.prototype.init = function () {
    this.server.child.stderr.write('not a python\n')
    this.server.exit(1)
    throw broken()
  }
  const { python } = handlerOn(t, fake)
  await assert.rejects(python.ready, { code: 'ERR_PYTHON_FAILED', message: /not a python$/ })
})

test('a fork server that says nonsense of itself is killed', async (t) => {
  const fake = createFake({ startServer: (server) => server.ready({ threads: 'many' }) })
  const { python } = handlerOn(t, fake)
  await assert.rejects(python.ready, { code: 'ERR_PYTHON_FAILED', message: /broke the protocol/ })
  assert.equal(fake.groupsKilled.length, 1)
})

test('settings that do not fit reject ready', async (t) => {
  const fake = createFake()
  fake.binding.Control.prototype.init = () => {
    throw Object.assign(new Error('the settings take more than 64 KiB'),
      { code: 'ERR_INVALID_OPTION' })
  }
  const { python } = handlerOn(t, fake)
  await assert.rejects(python.ready, { code: 'ERR_PYTHON_FAILED', message: /64 KiB/ })
  assert.equal(fake.groupsKilled.length, 1)
})

for (const [what, cripple] of [
  ['control socket', (fake) => { fake.binding.Control = failing }],
  ['channel', (fake) => { fake.binding.Channel = failing }],
  ['output', (fake) => { fake.binding.Control.prototype.fork = () => { throw exhausted() } }]
]) {
  test(`no descriptors for a ${what} at the start`, async (t) => {
    const fake = createFake()
    cripple(fake)
    const { python } = handlerOn(t, fake)
    await assert.rejects(python.ready, { code: 'ERR_PYTHON_FAILED', message: /ulimit -n/ })
  })
}

for (const [what, cripple] of [
  ['channel', (fake) => { fake.binding.Channel = failing }],
  ['output', (fake) => { fake.control.fork = () => { throw exhausted() } }]
]) {
  test(`no descriptors for the ${what} of a replacement`, async (t) => {
    stayAlive(t)
    const { python, fake, log } = fakeHandler(t, { restart: { min: 1, max: 1 } })
    await python.ready
    const { Channel } = fake.binding
    cripple(fake)
    fake.workers[0].exit(1, 0)
    while (!log.lines.join().includes('ulimit')) await settle(1)
    await assert.rejects(python.handleRequest({ method: 'POST', url: '/' }))
    fake.binding.Channel = Channel
    delete fake.control.fork
    while (python.stats().ready === 0) await settle(1)
    assert.equal((await python.handleRequest({ method: 'POST', url: '/' })).status, 200)
  })
}
