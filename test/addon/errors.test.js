import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as errors from '../../addon/lib/errors.js'

test('an error shows its class and carries its code', () => {
  const error = errors.closedError()
  assert.ok(error instanceof errors.NodeAsgiError)
  assert.ok(error instanceof Error)
  assert.equal(error.name, 'UnavailableError')
  assert.equal(error.code, 'ERR_CLOSED')
  assert.match(error.stack, /^UnavailableError: /)
  assert.deepEqual(Object.keys(error), ['code'])
})

test('an error of the application', () => {
  const error = new errors.AppError('ValueError', 'boom', 'Traceback ...', true)
  assert.match(error.message, /ValueError: boom/)
  assert.equal(error.type, 'ValueError')
  assert.equal(error.pythonMessage, 'boom')
  assert.equal(error.traceback, 'Traceback ...')
  assert.equal(error.responseStarted, true)
})

test('how a worker ended', () => {
  const worker = { id: 3, pid: 77, readyAt: 1 }
  const killed = errors.crashedError(worker, null, 11)
  assert.equal(killed.signal, 'SIGSEGV')
  assert.equal(killed.exitCode, null)
  assert.equal(killed.pid, 77)
  assert.match(killed.message, /worker 3 \(pid 77\) ended by SIGSEGV/)
  const exited = errors.crashedError(worker, 3, 0)
  assert.equal(exited.signal, null)
  assert.equal(exited.exitCode, 3)
  assert.match(exited.message, /exit code 3/)
  assert.match(errors.crashedError(worker, null, 0).message, /with its fork server/)
  assert.match(errors.crashedError({ ...worker, readyAt: 0 }, 9, 0).message, /code 9 before it was ready/)
  assert.equal(killed.request, null)
  const lost = errors.lostError(killed, 'POST /pay')
  assert.match(lost.message, /^POST \/pay was lost: worker 3 \(pid 77\) ended by SIGSEGV/)
  const { code, pid, signal, exitCode, request } = lost
  assert.deepEqual({ code, pid, signal, exitCode, request },
    { code: 'ERR_WORKER_CRASHED', pid: 77, signal: 'SIGSEGV', exitCode: null, request: 'POST /pay' })
})

test('a signal without a name keeps its number', () => {
  assert.equal(errors.signalName(9), 'SIGKILL')
  assert.equal(errors.signalName(99), 'signal 99')
})

test('the reasons why a worker did not start', () => {
  for (const [kind, code] of [['import', 'ERR_APP_IMPORT'], ['lifespan', 'ERR_LIFESPAN'],
    ['timeout', 'ERR_STARTUP_TIMEOUT'], ['internal', 'ERR_PYTHON_FAILED']]) {
    const error = errors.startupError(kind, 'KeyError', 'x', 'Traceback\n  line\n')
    assert.equal(error.code, code)
    assert.equal(error.type, 'KeyError')
    assert.match(error.message, /KeyError: x\n\nTraceback\n {2}line$/)
  }
  assert.doesNotMatch(errors.startupError('lifespan', '', 'no database', '').message, /\n/)
  assert.match(errors.startupError('lifespan', '', 'no database', '').message, /: no database$/)
})

test("the binding's refusals become errors of ours, other errors stay", () => {
  const refusal = Object.assign(new RangeError('CR in x'), { code: 'ERR_INVALID_HEADER' })
  assert.ok(errors.requestError(refusal) instanceof errors.InvalidRequestError)
  assert.equal(errors.requestError(refusal).message, 'CR in x')
  const other = new TypeError('x')
  assert.equal(errors.requestError(other), other)
})

test('every code has its HTTP status', () => {
  for (const [code, status] of [['ERR_INVALID_HEADER', 400], ['ERR_HEADERS_TOO_LARGE', 431],
    ['ERR_APP', 500], ['ERR_WORKER_CRASHED', 502], ['ERR_QUEUE_FULL', 503], ['ERR_CLOSED', 503],
    ['ERR_REQUEST_TIMEOUT', 504]]) assert.equal(errors.httpStatus({ code }), status)
  assert.equal(errors.httpStatus(new Error('x')), 500)
  assert.equal(errors.httpStatus(undefined), 500)
})
