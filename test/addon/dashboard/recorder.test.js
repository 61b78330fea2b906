import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Recorder } from '../../../addon/lib/dashboard/recorder.js'
import { AppError, InvalidRequestError, UnavailableError } from '../../../addon/lib/errors.js'

const START = 1_000_000_000

/** A recorder with a clock that is set by hand, in seconds since it began to record. */
function make (options = {}) {
  const clock = { now: 1 }
  const recorder = new Recorder({ ...options, now: () => (START + clock.now) * 1000 })
  const request = (more) => ({
    type: 'http',
    method: 'GET',
    path: '/items/7',
    rootPath: '',
    acceptedAt: 100,
    startedAt: 0,
    endedAt: 0,
    status: 0,
    outcome: null,
    error: null,
    worker: 1,
    pid: 10,
    ...more
  })
  /** A request that takes so many milliseconds. */
  const answer = (status, time, more) => {
    const record = request({ status, startedAt: 100 + time, ...more })
    recorder.onResponse(record)
    Object.assign(record, { outcome: 'answered', endedAt: 200 + time })
    recorder.onEnd(record)
  }
  const fail = (outcome, error, more) =>
    recorder.onEnd(request({ outcome, error, endedAt: 150, ...more }))
  return { recorder, clock, request, answer, fail }
}

test('requests of a second become its row', () => {
  const { recorder, clock, answer } = make()
  answer(200, 10)
  answer(200, 10)
  answer(404, 10)
  answer(500, 10)
  assert.deepEqual(recorder.listSeconds(), [], 'the second is not over')
  clock.now = 3
  assert.deepEqual(recorder.listSeconds(), [
    [START + 1, 4, 1, 1, 10, 10, 10],
    [START + 2, 0, 0, 0, null, null, null]
  ])
  assert.deepEqual(recorder.listSeconds(START + 2), [[START + 2, 0, 0, 0, null, null, null]])
})

test('the rate was too low as long as less than a minute was recorded', () => {
  const { recorder, clock, answer } = make()
  assert.deepEqual(recorder.recent(), { rate: 0, failures: 0, p50: null, p99: null })
  for (let i = 0; i < 20; i++) {
    clock.now = 1 + i / 2
    answer(i % 2 === 0 ? 200 : 503, 4)
  }
  clock.now = 11
  assert.deepEqual(recorder.recent(), { rate: 2, failures: 10, p50: 4, p99: 4 })
  clock.now = 200
  assert.equal(recorder.recent().rate, 0)
})

test('a failed request counts once, however far it came', () => {
  const { recorder, clock, request, fail } = make()
  const raised = new AppError('ValueError', 'no', 'Traceback (most recent call last):\n' +
    '  File "/srv/main.py", line 3, in boom\nValueError: no\n', false)
  fail('failed', raised)
  // After the start of its response.
  const record = request({ status: 200, startedAt: 120 })
  recorder.onResponse(record)
  recorder.onEnd({ ...record, outcome: 'failed', error: raised, endedAt: 150 })
  // It was told by its status.
  const other = request({ status: 500, startedAt: 120 })
  recorder.onResponse(other)
  recorder.onEnd({ ...other, outcome: 'failed', error: raised, endedAt: 150 })
  clock.now = 2
  assert.deepEqual(recorder.listSeconds().map((second) => second.slice(1, 4)), [[3, 0, 3]])
  const [{ what, count, request: name }] = recorder.failures.list()
  assert.deepEqual([what, count, name], ['ValueError: no', 3, 'GET /items/7'])
})

test('what clients do wrong, or do not wait for, is no failure', () => {
  const { recorder, clock, fail } = make()
  fail('rejected', new InvalidRequestError('ERR_BODY_TOO_LARGE', 'too large'))
  fail('aborted', new Error('the client has gone'))
  fail('rejected', new UnavailableError('ERR_QUEUE_FULL', 'the queue is full'))
  clock.now = 2
  assert.deepEqual(recorder.listSeconds().map((second) => second.slice(1, 4)), [[2, 1, 1]])
  assert.deepEqual(recorder.failures.list().map(({ what }) => what), ['the queue is full'])
})

test('requests are grouped by route', () => {
  const { recorder, answer } = make({ templates: () => ['/items/{item_id}'], rootPath: '/api' })
  answer(200, 5, { path: '/items/8' })
  answer(200, 5, { path: '/api/items/9' })
  answer(200, 5, { path: '/mounted/items/10', rootPath: '/mounted' })
  answer(404, 5, { path: '/apiary/1' })
  answer(101, 5, { path: '/chat', type: 'websocket' })
  answer(200, 5, { path: '', method: 'P'.repeat(1000) })
  assert.deepEqual(recorder.listRoutes().map(({ name, count }) => `${name} ${count}`).sort(), [
    'GET (not found) 1', 'GET /items/{item_id} 3', 'PPPPPPPPPPPPPPPP / 1', 'WebSocket /chat 1'
  ])
})

test('an exception after an error page was without its request', () => {
  const { recorder } = make()
  recorder.onErrorLogged('Exception in ASGI application after its response was complete ' +
    '(GET /a (b))\nTraceback (most recent call last):\n  File "m.py", line 1, in f\n' +
    'KeyError: 1\n', { worker: 2, pid: 20 })
  recorder.onErrorLogged('could not connect', { worker: 0, pid: 5 })
  assert.deepEqual(recorder.failures.list().map(({ what, request, worker }) =>
    [what, request, worker]), [['could not connect', '', 0], ['KeyError: 1', 'GET /a (b)', 2]])
})

test('events become marks, and those with an error are failures', () => {
  const { recorder } = make()
  const error = Object.assign(new Error('the application cannot be imported'),
    { traceback: 'Traceback (most recent call last):\nImportError: x\n' })
  recorder.onEvent('pool:failed', { error })
  assert.equal(recorder.outage, error)
  recorder.onEvent('reload', { error: null, duration: 5 })
  recorder.onEvent('pool:recovered', {})
  assert.equal(recorder.outage, null)
  assert.deepEqual(recorder.timeline.list().map(({ kind }) => kind),
    ['failure', 'reload', 'recovery'])
  assert.deepEqual(recorder.failures.list().map(({ what }) => what), ['ImportError: x'])
})

test('a flood of requests takes a few megabytes', () => {
  const { recorder, clock, answer, fail } = make()
  for (let i = 0; i < 20_000; i++) {
    clock.now = i / 50
    answer(200, i, { path: `/${'p'.repeat(i % 300)}/q${i}` })
    if (i % 10 === 0) fail('lost', new Error(`${'e'.repeat(i % 293)}`))
  }
  assert.equal(recorder.listRoutes().length, 25)
  assert.equal(recorder.listSeconds().length, 300)
  assert.equal(recorder.failures.list().length, 50)
})
