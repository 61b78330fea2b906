// PythonHandler.shared(), and handlers that are garbage collected without close().
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { PassThrough } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import { PythonHandler } from '../../addon/lib/index.js'
import { createLog } from '../support/fake-binding.js'
import {
  APPS, VENV_PYTHON, awake, childProcesses, eventually, leakTest
} from '../support/harness.js'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc')

const quiet = () => createLog()
const options = (more = {}) => ({
  docroot: APPS,
  appTarget: 'echo_app:app',
  workers: 1,
  python: process.env.NODE_ASGI_TEST_PYTHON ?? VENV_PYTHON,
  trustProxy: ['loopback'],
  logger: quiet(),
  ...more
})

leakTest('each evaluation of a module leaked a pool', async () => {
  const first = PythonHandler.shared(options())
  await awake(first.ready)
  for (let i = 0; i < 20; i++) assert.equal(PythonHandler.shared(options()), first)
  assert.equal(childProcesses().length, 1)
  const { status } = await first.handleRequest({ url: '/buffered' })
  assert.equal(status, 200)
  await first.close()
})

leakTest('another copy of the package has the same handler', async () => {
  const first = PythonHandler.shared(options())
  const copy = await import('../../addon/lib/handler.js?copy')
  assert.notEqual(copy.PythonHandler, PythonHandler)
  assert.equal(copy.PythonHandler.shared(options()), first)
  const other = copy.PythonHandler.shared(options({ workers: 2 }))
  assert.notEqual(other, first)
  assert.equal(PythonHandler.shared(options({ workers: 2 })), other)
  await Promise.all([first.close(), other.close()])
})

leakTest('other options close the handler before, whose requests finish', async () => {
  const logger = createLog()
  const first = PythonHandler.shared(options({ appTarget: 'slow_app:app', logger }))
  await awake(first.ready)
  const slow = first.handleRequest({ url: '/?ms=300' })
  const second = PythonHandler.shared(
    options({ appTarget: 'slow_app:app', env: { A: '1' }, logger }))
  assert.notEqual(second, first)
  assert.equal((await awake(slow)).status, 200)
  await assert.rejects(first.handleRequest({ url: '/' }), { code: 'ERR_CLOSED' })
  await awake(second.ready)
  assert.match(logger.lines.join('\n'), /other options now, so the old one closes/)
  await Promise.all([first.close(), second.close()])
})

leakTest('after close(), there is a new handler', async () => {
  const first = PythonHandler.shared(options())
  const closing = first.close()
  const second = PythonHandler.shared(options())
  assert.notEqual(second, first)
  await awake(second.ready)
  await Promise.all([closing, second.close()])
})

leakTest('names keep handlers apart, and mistakes are refused', async () => {
  const first = PythonHandler.shared(options(), { name: 'first' })
  const second = PythonHandler.shared(options({ env: { A: '1' } }), { name: 'second' })
  assert.equal(PythonHandler.shared(options(), { name: 'first' }), first)
  assert.equal(PythonHandler.shared(options({ env: { A: '1' } }), { name: 'second' }), second)
  for (const which of [{ name: '' }, { name: 7 }, { key: 'x' }, 'x']) {
    assert.throws(() => PythonHandler.shared(options(), which), { code: 'ERR_INVALID_OPTION' })
  }
  await Promise.all([first.close(), second.close()])
})

leakTest('the logger of the last evaluation gets what is logged', async () => {
  const loggers = [createLog(), createLog()]
  const app = { appTarget: 'print_app:app' }
  const python = PythonHandler.shared(options({ ...app, logger: loggers[0] }))
  await awake(python.ready)
  PythonHandler.shared(options({ ...app, logger: loggers[1] }))
  loggers[0].lines.length = 0
  await python.handleRequest({ url: '/stdout' })
  await eventually(() => assert.notEqual(loggers[1].lines.length, 0))
  assert.deepEqual(loggers[0].lines, [])
  await python.close()
})

/** Runs the garbage collector until a check passes. */
const afterCollecting = (check) => eventually(async () => {
  collect()
  await sleep(20)
  await check()
}, 15_000)

leakTest('the processes of a handler that nobody could reach any more went on', async () => {
  const logger = createLog()
  // In a function of its own, so that no variable of this test keeps it.
  async function forget () {
    const python = new PythonHandler(options({ logger }))
    await awake(python.ready)
    const { status } = await python.handleRequest({ url: '/buffered' })
    assert.equal(status, 200)
    python.on('worker:exit', () => {})
  }
  await forget()
  assert.equal(childProcesses().length, 1)
  await afterCollecting(() => assert.deepEqual(childProcesses(), []))
  const warnings = logger.lines.filter((line) => line.includes('garbage collected without close()'))
  assert.equal(warnings.length, 1)
  assert.match(warnings[0], /^warn .*echo_app:app/)
})

leakTest('a handler that was closed is collected without a warning', async () => {
  const logger = createLog()
  let weak
  async function use () {
    const python = new PythonHandler(options({ logger }))
    weak = new WeakRef(python)
    await awake(python.ready)
    await python.close()
  }
  await use()
  await afterCollecting(() => assert.equal(weak.deref(), undefined))
  assert.deepEqual(logger.lines.filter((line) => line.includes('garbage')), [])
})

leakTest('what uses a handler keeps it: its functions, servers, requests and sockets', async () => {
  const logger = createLog()
  await useAll(logger)
  await afterCollecting(() => assert.deepEqual(childProcesses(), []))
  assert.equal(logger.lines.filter((line) => line.includes('garbage')).length, 5)
})

async function useAll (logger) {
  const start = (app = 'echo_app:app') => new PythonHandler(options({ appTarget: app, logger }))
  const attached = createServer()
  start().attach(attached)
  const served = createServer(start().listener)
  const { fetch } = start()
  const body = new PassThrough()
  const pending = start().handleRequest({ method: 'POST', url: '/buffered', body })
  const socket = await awake(start('websocket_app:app').connect('/echo'))
  for (let i = 0; i < 20; i++) {
    collect()
    await sleep(20)
  }
  assert.deepEqual(logger.lines.filter((line) => line.includes('garbage')), [])
  for (const server of [attached, served]) {
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const response = await globalThis.fetch(`http://127.0.0.1:${server.address().port}/buffered`)
    assert.equal(response.status, 200)
    server.closeAllConnections()
    server.close()
  }
  assert.equal((await fetch('/buffered')).status, 200)
  body.end('the end')
  assert.equal((await awake(pending)).text(), 'the end')
  assert.equal(socket.readyState, 1)
  socket.close()
}
