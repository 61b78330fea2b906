import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'

import { createFake, settle } from '../../support/fake-binding.js'
import { fakeHandler, handlerOn } from '../../support/fake-handler.js'

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
    spin: 7,
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
    interface: 'auto',
    threads: 10,
    preload: ['json'],
    lifespan: 'auto',
    loop: 'auto',
    rootPath: '/r',
    spin: 7,
    timeouts: { startup: 1.5, shutdown: 0.2, cancel: 1 }
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

test('worker:start came after worker:ready when the worker was quicker than the news of its fork', async (t) => {
  const { python, fake } = fakeHandler(t)
  const events = []
  for (const name of ['worker:start', 'worker:ready']) {
    python.on(name, ({ pid }) => events.push([name, pid]))
  }
  const { control } = fake
  const deliver = control.deliver.bind(control)
  const late = []
  control.deliver = (message) => {
    if (message.type === 'forked') late.push(message)
    else deliver(message)
  }
  await python.ready
  for (const message of late) deliver(message)
  const { pid } = fake.workers[0]
  assert.deepEqual(events, [['worker:start', pid], ['worker:ready', pid]])
})

test('when no worker can start, ready rejects with the traceback, and so do requests', async (t) => {
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
  assert.equal(fake.workers.length, 2, 'they are not tried again at once')
  assert.equal(python.stats().state, 'failed')
  assert.deepEqual(log.lines, [])
})

test('a failure that nobody waits for is logged, and is no unhandled rejection', async (t) => {
  const { python, log } = fakeHandler(t, {}, { startWorker: failImport })
  await once(python, 'pool:failed')
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

test('after repeated crashes there is a delay, in which requests wait', async (t) => {
  stayAlive(t)
  const { python, fake } = fakeHandler(t, { restart: { min: 50, max: 50 } })
  await python.ready
  fake.workers[0].exit(1, 0)
  await once(python, 'worker:ready')
  fake.workers[1].exit(1, 0)
  await once(python, 'worker:exit')
  await settle()
  assert.equal(fake.workers.length, 2)
  assert.equal((await python.handleRequest({ url: '/' })).status, 200)
  assert.equal(fake.workers.length, 3)
})

test('after the delay a worker comes back', async (t) => {
  stayAlive(t)
  const { python, fake } = fakeHandler(t, { restart: { min: 1, max: 1, limit: Infinity } })
  await python.ready
  for (let i = 0; i < 4; i++) {
    fake.workers.at(-1).exit(1, 0)
    await once(python, 'worker:ready')
  }
  assert.equal((await python.handleRequest({ url: '/' })).status, 200)
})

test('after restart.limit the pool has failed: requests are rejected at once', async (t) => {
  const { python, fake, log } = fakeHandler(t, { restart: { ...slowly, limit: 1 } })
  const failed = once(python, 'pool:failed')
  await python.ready
  fake.workers[0].exit(1, 0)
  await once(python, 'worker:ready')
  const waiting = python.handleRequest({ method: 'POST', url: '/' })
  fake.workers[1].exit(1, 0)
  const [{ error }] = await failed
  assert.equal(error.code, 'ERR_WORKER_CRASHED')
  await waiting.catch(() => {})
  await assert.rejects(python.handleRequest({ url: '/' }), { code: 'ERR_WORKER_CRASHED' })
  assert.equal(python.stats().state, 'failed')
  assert.match(log.lines.join('\n'), /restart\.limit/)
})

test('a pool that has failed is tried on with one worker, and recovers with all', async (t) => {
  stayAlive(t)
  let broken = true
  const { python, fake, log } = fakeHandler(t, { workers: 3, restart: { min: 1, max: 1 } }, {
    startWorker: (worker) => broken ? failImport(worker) : worker.ready()
  })
  const events = []
  for (const name of ['pool:failed', 'pool:recovered']) python.on(name, () => events.push(name))
  await assert.rejects(python.ready, { code: 'ERR_APP_IMPORT' })
  while (fake.workers.length < 6) await settle(1)
  assert.ok(python.stats().workers.length <= 1)
  await assert.rejects(python.handleRequest({ url: '/' }), { code: 'ERR_APP_IMPORT' })
  assert.deepEqual(log.lines, [], 'not a line for each try')
  broken = false
  await once(python, 'pool:recovered')
  while (python.stats().ready < 3) await settle(1)
  assert.equal(python.stats().state, 'running')
  assert.equal((await python.handleRequest({ url: '/' })).status, 200)
  assert.deepEqual(events, ['pool:failed', 'pool:recovered'])
})

test('a fork server that cannot start is tried on, and recovers', async (t) => {
  stayAlive(t)
  let broken = true
  const { python, fake } = fakeHandler(t, { workers: 2, restart: { min: 1, max: 1 } }, {
    startServer: (server) => broken ? server.exit(1) : server.ready()
  })
  await assert.rejects(python.ready, { code: 'ERR_PYTHON_FAILED' })
  while (fake.servers.length < 3) await settle(1)
  broken = false
  await once(python, 'pool:recovered')
  while (python.stats().ready < 2) await settle(1)
  assert.equal((await python.handleRequest({ url: '/' })).status, 200)
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

// ---- recycling

/** Requests are answered when the test says so. */
const onDemand = { app: (request) => { if (request.path === '/quick') request.respond(200, 'ok') } }

test('a worker that has served its requests is replaced, and finishes what it has', async (t) => {
  const { python, fake, log } = fakeHandler(t, { recycle: { requests: 3, jitter: 0 } }, onDemand)
  const events = []
  for (const name of ['worker:recycle', 'worker:ready', 'worker:exit']) {
    python.on(name, ({ worker, reason, error }) => events.push([name, worker, reason, error]))
  }
  await python.ready
  await python.handleRequest({ url: '/quick' })
  const slow = [python.handleRequest({ url: '/slow' }), python.handleRequest({ url: '/slow' })]
  while (fake.channels[0].patience === null) await settle(1)
  assert.equal((await python.handleRequest({ url: '/quick' })).status, 200)
  assert.equal(fake.requests.at(-1).channel, fake.channels[1])
  assert.equal(fake.workers[0].gone, false)
  for (const request of fake.channels[0].requests.values()) request.respond(200, 'late')
  for (const response of await Promise.all(slow)) assert.equal(response.text(), 'late')
  await once(python, 'worker:exit')
  assert.deepEqual(events, [
    ['worker:ready', 1, undefined, undefined],
    ['worker:recycle', 1, 'requests', undefined],
    ['worker:ready', 2, undefined, undefined],
    ['worker:exit', 1, 'recycle', null]
  ])
  assert.equal(python.stats().ready, 1)
  assert.match(log.lines.join('\n'), /^info .*worker 1 .* recycled because of its requests/m)
})

test('a worker is recycled by age', async (t) => {
  stayAlive(t)
  const { python } = fakeHandler(t, { recycle: { age: 20 } })
  await python.ready
  const [{ reason, age }] = await once(python, 'worker:recycle')
  assert.equal(reason, 'age')
  assert.ok(age > 0)
})

test('one worker is recycled at a time', async (t) => {
  const waiting = []
  const { python, fake } = fakeHandler(t, { workers: 2, recycle: { requests: 1 } }, {
    startWorker: (worker) => worker.id <= 2 ? worker.ready() : waiting.push(worker)
  })
  await python.ready
  await Promise.all([1, 2].map(() => python.handleRequest({ url: '/' })))
  await settle()
  assert.equal(fake.workers.length, 3)
  waiting[0].ready()
  await settle()
  assert.equal(fake.workers.length, 4)
  assert.equal(python.stats().ready, 2)
})

test('a worker whose successor does not start goes on, and another successor is tried', async (t) => {
  stayAlive(t)
  const { python, log } = fakeHandler(t,
    { recycle: { requests: 1 }, restart: { min: 5, max: 5 } },
    { startWorker: (worker) => worker.id === 2 ? failImport(worker) : worker.ready() })
  await python.ready
  await python.handleRequest({ url: '/' })
  while (!log.lines.join().includes('did not start')) await settle(1)
  assert.equal((await python.handleRequest({ url: '/' })).status, 200)
  const [{ worker, reason }] = await once(python, 'worker:exit')
  assert.deepEqual([worker, reason], [1, 'recycle'])
  assert.equal(python.stats().ready, 1)
})

test('a worker that dies while its successor starts is succeeded by it', async (t) => {
  const successors = []
  const { python, fake } = fakeHandler(t, { recycle: { requests: 1 } }, {
    startWorker: (worker) => worker.id === 1 ? worker.ready() : successors.push(worker)
  })
  await python.ready
  await python.handleRequest({ url: '/' })
  while (successors.length === 0) await settle(1)
  fake.workers[0].exit(null, 9)
  await settle()
  assert.equal(fake.workers.length, 2)
  const waiting = python.handleRequest({ url: '/' })
  successors[0].ready()
  assert.equal((await waiting).status, 200)
})

test('what a recycled worker does not finish in time fails with a code of its own', async (t) => {
  stayAlive(t)
  const { python } = fakeHandler(t,
    { recycle: { requests: 1 }, timeouts: { retire: 20 } }, { app: () => {} })
  await python.ready
  await assert.rejects(python.handleRequest({ url: '/' }),
    { code: 'ERR_WORKER_RETIRED', worker: 1, message: /recycle/ })
})

// ---- reload

test('reload() switches to new workers when all are ready, and the old ones finish', async (t) => {
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
  assert.match(log.lines.join('\n'), /^info .*reloaded in \d+ ms/m)
})

test('a reload whose workers do not start leaves all as it was', async (t) => {
  const { python, fake, log } = fakeHandler(t, { workers: 2 }, {
    startWorker: (worker) => worker.id === 4 ? failImport(worker) : worker.ready()
  })
  const reloads = []
  python.on('reload', (details) => reloads.push(details))
  await python.ready
  await assert.rejects(python.reload(), { code: 'ERR_APP_IMPORT', traceback: 'Traceback: line 1' })
  assert.equal(reloads[0].error.code, 'ERR_APP_IMPORT')
  assert.equal(log.lines.filter((line) => line.startsWith('error')).length, 1)
  assert.match(log.lines.join('\n'), /^error .*reload failed.*No module named 'x'/m)
  assert.equal(fake.workers.length, 4, 'no replacements for what is not wanted')
  while (!fake.servers[1].gone) await settle(1)
  await settle()
  assert.deepEqual(python.stats().workers.map(({ id }) => id), [1, 2])
  assert.equal((await python.handleRequest({ url: '/' })).status, 200)
  await python.reload()
  assert.equal(python.stats().ready, 2)
})

test('calls of reload() during a reload are answered by one more', async (t) => {
  const { python, fake } = fakeHandler(t)
  await python.ready
  await Promise.all([python.reload(), python.reload(), python.reload()])
  assert.equal(fake.servers.length, 3)
})

test('reload() brings back a pool that has failed', async (t) => {
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

test('a reload during the first start can make it', async (t) => {
  const { python, fake } = fakeHandler(t, {}, {
    startWorker: (worker) => { if (worker.id > 1) worker.ready() }
  })
  await settle()
  await python.reload()
  await python.ready
  assert.equal(python.stats().state, 'running')
  while (!fake.servers[0].gone) await settle(1)
})

test('a reload does not keep recycling waiting for workers that it replaced', async (t) => {
  const { python, fake } = fakeHandler(t, { recycle: { requests: 1 } }, {
    app: (request) => { if (request.path === '/quick') request.respond(200, '') },
    startWorker: (worker) => { if (worker.id !== 2) worker.ready() }
  })
  await python.ready
  const slow = assert.rejects(python.handleRequest({ url: '/slow' }), { code: 'ERR_WORKER_RETIRED' })
  while (fake.workers.length < 2) await settle(1)
  await python.reload() // while worker 1, which has a request still, waits for its successor
  const recycled = once(python, 'worker:recycle')
  await python.handleRequest({ url: '/quick' })
  assert.equal((await recycled)[0].worker, 3)
  await python.close({ timeout: 0 })
  await slow
})

test('close() at the very moment that a reload switches leaves nothing behind', async (t) => {
  const { python, fake } = fakeHandler(t, { workers: 1 })
  await python.ready
  // What node:events tells within the same turn, before any promise of the reload goes on.
  const { Channel } = fake.binding
  const { deliver } = Channel.prototype
  let closing = null
  Channel.prototype.deliver = function () {
    deliver.call(this)
    if (fake.channels.length === 2 && this === fake.channels[1]) closing ??= python.close({ timeout: 0 })
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

test('close() does not wait as long as a reload for old requests', async (t) => {
  const { python, fake } = fakeHandler(t, {}, { app: () => {} })
  await python.ready
  const lost = assert.rejects(python.handleRequest({ url: '/' }), { code: 'ERR_WORKER_RETIRED' })
  await python.reload()
  await python.close({ timeout: 10 })
  await lost
  assert.ok(fake.channels.every((channel) => channel.isClosed))
})
