import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'

import { FLAGS } from '../../addon/lib/cli/settings/table.js'
import * as errors from '../../addon/lib/errors.js'

/** Every fact must be in the message of the error. */
function assertFacts (error, ...facts) {
  for (const fact of facts) assert(error.message.includes(fact), `no ${fact} in: ${error.message}`)
}

const PYTHON = '/venv/bin/python3 (Python 3.12.1, from VIRTUAL_ENV)'

test('an error has the name of its class, and its code', () => {
  const error = errors.closedError()
  assert.ok(error instanceof errors.NodeAsgiError)
  assert.ok(error instanceof Error)
  assert.equal(error.name, 'UnavailableError')
  assert.equal(error.code, 'ERR_CLOSED')
  assert.match(error.stack, /^UnavailableError: /)
  assert.deepEqual(Object.keys(error), ['code'])
})

test('an error of the application has the parts of the Python exception', () => {
  const error = new errors.AppError('ValueError', 'boom', 'Traceback ...', true)
  assert.equal(error.code, 'ERR_APP')
  assertFacts(error, 'ValueError: boom')
  assert.equal(error.type, 'ValueError')
  assert.equal(error.pythonMessage, 'boom')
  assert.equal(error.traceback, 'Traceback ...')
  assert.equal(error.responseStarted, true)
  assert.match(new errors.AppError('KeyError', '', '', false).message, /KeyError$/)
})

test('a worker that crashed: how it ended', () => {
  const worker = { id: 3, pid: 77, readyAt: 1 }
  const killed = errors.crashedError(worker, null, 11)
  assert.equal(killed.code, 'ERR_WORKER_CRASHED')
  assert.equal(killed.signal, 'SIGSEGV')
  assert.equal(killed.exitCode, null)
  assert.equal(killed.pid, 77)
  assert.equal(killed.request, null)
  assertFacts(killed, 'worker 3 (pid 77)', 'SIGSEGV')
  assertFacts(errors.crashedError(worker, null, 9), 'SIGKILL', 'memory')
  const exited = errors.crashedError(worker, 3, 0)
  assert.equal(exited.signal, null)
  assert.equal(exited.exitCode, 3)
  assertFacts(exited, 'exit code 3')
  assertFacts(errors.crashedError(worker, null, 0), 'fork server')
  assertFacts(errors.crashedError({ ...worker, readyAt: 0, interpreter: PYTHON }, 9, 0),
    'exit code 9', 'ready', PYTHON)
})

test('a request that was lost has the facts of its worker, and its own name', () => {
  const killed = errors.crashedError({ id: 3, pid: 77, readyAt: 1 }, null, 11)
  const lost = errors.lostError(killed, 'POST /pay')
  assertFacts(lost, 'POST /pay', killed.message)
  const { code, pid, signal, exitCode, request } = lost
  assert.deepEqual({ code, pid, signal, exitCode, request }, {
    code: 'ERR_WORKER_CRASHED', pid: 77, signal: 'SIGSEGV', exitCode: null, request: 'POST /pay'
  })
  const other = new TypeError('x')
  assert.equal(errors.lostError(other, 'GET /'), other)
})

test('a signal without a name keeps its number', () => {
  assert.equal(errors.signalName(9), 'SIGKILL')
  assert.equal(errors.signalName(99), 'signal 99')
})

test('a worker that did not start: code, exception and traceback', () => {
  for (const [kind, code] of [['import', 'ERR_APP_IMPORT'], ['lifespan', 'ERR_LIFESPAN'],
    ['timeout', 'ERR_STARTUP_TIMEOUT'], ['internal', 'ERR_PYTHON_FAILED']]) {
    const error = errors.startupError(PYTHON, kind, 'KeyError', 'x', 'Traceback\n  line\n')
    assert.equal(error.code, code)
    assert.equal(error.type, 'KeyError')
    assert.match(error.message, /KeyError: x(;[^\n]*)?\n\nTraceback\n {2}line$/)
    assertFacts(error, PYTHON)
  }
  const silent = errors.startupError(PYTHON, 'lifespan', '', 'no database', '')
  assert.match(silent.message, /^[^\n]*: no database$/)
})

test('messages name the options that help', () => {
  const worker = { id: 3, pid: 77, reason: 'recycle' }
  assertFacts(errors.startupError(PYTHON, 'import', '', '', ''), 'appTarget', 'docroot')
  assertFacts(errors.startupError(PYTHON, 'timeout', '', '', ''), 'timeouts.startup')
  assertFacts(errors.preloadError(PYTHON, 'preload', '', '', ''), 'preload')
  assertFacts(errors.hungError(worker, 500, ''), 'worker 3 (pid 77)', '500 ms', 'timeouts.hang')
  assertFacts(errors.cutOffError(), 'timeouts.drain', 'close()')
  assertFacts(errors.drainedError(worker), 'worker 3 (pid 77)', 'recycle', 'timeouts.retire')
  assertFacts(errors.queueFullError(9), '9 requests', 'workers', 'concurrency', 'maxQueue')
  assertFacts(new errors.RequestTimeoutError(250), '250 ms', 'timeouts.request')
  assertFacts(errors.resourceError(new Error('EMFILE')), 'EMFILE', 'ulimit -n')
})

test('a preload that was found and failed is not said to be the wrong one', () => {
  const { message } = errors.preloadError(PYTHON, 'preload', 'ModuleNotFoundError',
    "No module named 'numpy'", 'stack')
  assert.ok(message.includes("No module named 'numpy'"), message)
  assert.doesNotMatch(message, /check/)
})

test('options that Python marks get their names; other marks, and tracebacks, stay', () => {
  const marked = 'set {option:docroot}; {option:factory} {option:interface} {option:no} {option:}'
  for (const make of [(...texts) => errors.startupError(PYTHON, 'import', ...texts),
    (...texts) => errors.preloadError(PYTHON, 'preload', ...texts)]) {
    const { message } = make('TypeError', marked, 'in {option:docroot}')
    assert(message.includes('set docroot; factory interface {option:no} {option:}'), message)
    assert(message.endsWith('in {option:docroot}'), message)
  }
})

test('on the command line, messages name flags', () => {
  // In a process of its own, because the names are a setting of the whole process.
  const library = new URL('../../addon/lib/', import.meta.url)
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', `
    import * as errors from '${library}errors.js'
    import { FLAGS } from '${library}cli/settings/table.js'
    import { nameOptionsAsFlags } from '${library}util/option-name.js'
    nameOptionsAsFlags(FLAGS)
    const PYTHON = '/venv/bin/python3'
    const worker = { id: 3, pid: 77, reason: 'recycle' }
    console.log(JSON.stringify([
      errors.closedError(), errors.queueFullError(9), errors.drainedError(worker),
      errors.hungError(worker, 500, ''),
      errors.startupError(PYTHON, 'import', '', '', ''),
      errors.startupError(PYTHON, 'timeout', '', '', ''),
      errors.preloadError(PYTHON, 'preload', '', '', ''),
      new errors.RequestTimeoutError(250),
      errors.startupError(PYTHON, 'import', 'TypeError',
        'set {option:factory}, {option:interface}', '')
    ].map(({ message }) => message)))
  `], { encoding: 'utf8' })
  assert.equal(stderr, '')
  const messages = JSON.parse(stdout)
  for (const name of [...Object.keys(FLAGS), 'PythonHandler']) {
    // Some are words of other meanings, too, as in "the application".
    if (!/[.A-Z]/.test(name) && !['concurrency', 'docroot'].includes(name)) continue
    const option = new RegExp(`(?<![-\\w])${name}\\b`)
    for (const message of messages) assert.doesNotMatch(message, option)
  }
  for (const flag of ['--workers', '--timeout-retire', '--timeout-hang', '[app]', '--docroot',
    '--timeout-startup', '--preload', '--timeout-request', 'set --factory, --interface']) {
    assert(messages.some((message) => message.includes(flag)), flag)
  }
})

test("the binding's refusals become InvalidRequestErrors, other errors stay", () => {
  const refusal = Object.assign(new RangeError('CR in x'), { code: 'ERR_INVALID_HEADER' })
  assert.ok(errors.requestError(refusal) instanceof errors.InvalidRequestError)
  assert.equal(errors.requestError(refusal).message, 'CR in x')
  const other = new TypeError('x')
  assert.equal(errors.requestError(other), other)
})
