import assert from 'node:assert/strict'
import { test } from 'node:test'

import { createFake, settle } from '../../support/fake-binding.js'
import { fakeHandler, handlerOn } from '../../support/fake-handler.js'

test('the fork server gets the interpreter, its file descriptors and the settings', async (t) => {
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
    appTarget: 'a:b',
    factory: false,
    interface: 'auto',
    threads: 10,
    preload: ['json'],
    lifespan: 'auto',
    loop: 'auto',
    rootPath: '/r',
    spin: 7,
    preparation: {},
    timeouts: { startup: 1.5, shutdown: 0.2, cancel: 1 },
    debug: false,
    debugger: null,
    limits: {},
    allowed: null
  })
})

for (const debug of [true, 5678]) {
  test(`with debug: ${debug} the fork server shares the terminal and the process group`,
    async (t) => {
      const fake = createFake()
      fake.system.hasTerminal = () => true
      const { python } = handlerOn(t, fake, { debug })
      await python.ready
      const [server] = fake.servers
      const { stdio, detached } = server.options
      assert.deepEqual(stdio, ['inherit', 'pipe', 'pipe', 100, 101, 'pipe'])
      assert.equal(detached, false)
      assert.deepEqual(fake.control.settings.debugger,
        { terminal: true, listen: debug === true ? null : ['127.0.0.1', 5678] })
      server.message({ type: 'corrupt', message: 'x' })
      await settle()
      // Not the group, to which this process belongs.
      assert.deepEqual(fake.groupsKilled, [server.pid])
    })
}

test('without a terminal, debug gives the workers none and says so', async (t) => {
  const fake = createFake()
  fake.system.hasTerminal = () => false
  const { python, log } = handlerOn(t, fake, { debug: true })
  await python.ready
  assert.equal(fake.servers[0].options.stdio[0], 'ignore')
  assert.equal(fake.servers[0].options.detached, true)
  assert.deepEqual(fake.control.settings.debugger, { terminal: false, listen: null })
  assert.match(log.lines.join('\n'), /warn .*terminal.*breakpoint\(\)/)
})

test('the stderr of a Python that exits early is in the error message', async (t) => {
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

test('a Python that closes the control socket and keeps running is killed', async (t) => {
  const { python, fake } = fakeHandler(t, {}, {
    startServer: (server) => server.message({ type: 'closed' })
  })
  await assert.rejects(python.ready, { code: 'ERR_PYTHON_FAILED' })
  assert.equal(fake.groupsKilled.length, 1)
})

test('a Python that cannot be run', async (t) => {
  const { python } = fakeHandler(t, {}, {
    spawnError: Object.assign(new Error('spawn ENOENT'), { code: 'ENOENT' })
  })
  await assert.rejects(python.ready, { code: 'ERR_PYTHON_NOT_FOUND' })
})

test('a fork server that does not become ready in time is killed', async (t) => {
  const { python, fake } = fakeHandler(t, { timeouts: { startup: 5 } }, { startServer: () => {} })
  await assert.rejects(python.ready, { code: 'ERR_STARTUP_TIMEOUT' })
  assert.equal(fake.groupsKilled.length, 1)
})

test('a failed preload rejects ready with its traceback', async (t) => {
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

test('a Python that ends before it takes the settings', async (t) => {
  const fake = createFake({ startServer: () => {} })
  fake.binding.Control.prototype.init = function () {
    this.server.child.stderr.write('not a python\n')
    this.server.exit(1)
    throw Object.assign(new Error('broken pipe'), { code: 'ERR_PYTHON_FAILED' })
  }
  const { python } = handlerOn(t, fake)
  await assert.rejects(python.ready, { code: 'ERR_PYTHON_FAILED', message: /not a python$/ })
})

test('a fork server whose ready message is invalid is killed', async (t) => {
  const fake = createFake({ startServer: (server) => server.ready({ threads: 'many' }) })
  const { python } = handlerOn(t, fake)
  await assert.rejects(python.ready, { code: 'ERR_PYTHON_FAILED', message: /broke the protocol/ })
  assert.equal(fake.groupsKilled.length, 1)
})

test('settings that are too large reject ready', async (t) => {
  const fake = createFake()
  fake.binding.Control.prototype.init = () => {
    throw Object.assign(new Error('the settings take more than 64 KiB'),
      { code: 'ERR_INVALID_OPTION' })
  }
  const { python } = handlerOn(t, fake)
  await assert.rejects(python.ready, { code: 'ERR_PYTHON_FAILED', message: /64 KiB/ })
  assert.equal(fake.groupsKilled.length, 1)
})
