import assert from 'node:assert/strict'
import { test } from 'node:test'

import { RemoteError } from '../../../addon/lib/errors.js'
import { Timeline } from '../../../addon/lib/dashboard/timeline.js'

const exit = { worker: 3, pid: 40, code: null, signal: null, error: null }

test('what happens to the processes is told in words', () => {
  const timeline = new Timeline()
  const events = [
    ['worker:exit', { ...exit, reason: 'crash', signal: 'SIGSEGV' }],
    ['worker:exit', { ...exit, reason: 'crash', code: 1 }],
    ['worker:exit', { ...exit, reason: 'hung', signal: 'SIGKILL' }],
    ['worker:exit', { ...exit, reason: 'reload' }],
    ['worker:recycle', { worker: 3, pid: 40, reason: 'memory' }],
    ['worker:recycle', { worker: 3, pid: 40, reason: 'asked' }],
    ['reload', { error: null, duration: 1234 }],
    ['reload', { error: new Error('x'), duration: 1 }],
    ['pool:failed', { error: new Error('x') }],
    ['pool:recovered', {}],
    ['worker:ready', { worker: 3, pid: 40 }]
  ]
  events.forEach(([name, details], i) => timeline.add(name, details, i))
  assert.deepEqual(timeline.list().map(({ kind, text }) => `${kind}: ${text}`), [
    'failure: Worker 3 (pid 40) crashed: SIGSEGV',
    'failure: Worker 3 (pid 40) crashed: exit code 1',
    'failure: Worker 3 (pid 40) was blocked and has been killed',
    'recycle: Worker 3 (pid 40) is being replaced because of its memory',
    'recycle: Worker 3 (pid 40) is being replaced because somebody asked for it',
    'reload: Reloaded in 1.2 s',
    'failure: The reload failed',
    'failure: No worker can be started',
    'recovery: Requests are answered again'
  ])
})

test('what happens to endpoints was not told', () => {
  const timeline = new Timeline()
  const url = 'http://a:1'
  const error = new RemoteError('ERR_REMOTE_UNREACHABLE', 'it refuses connections',
    { endpoint: 'http://a:1' })
  const events = [
    ['endpoint:added', { endpoint: 1, url }],
    ['endpoint:ejected', { endpoint: 1, url, error, delay: 100 }],
    ['pool:failed', { error }],
    ['endpoint:recovered', { endpoint: 1, url }],
    ['endpoint:removed', { endpoint: 1, url }]
  ]
  events.forEach(([name, details], i) => timeline.add(name, details, i))
  assert.deepEqual(timeline.list().map(({ kind, text }) => `${kind}: ${text}`), [
    'resize: http://a:1 is an endpoint now',
    'failure: http://a:1 gets no requests: it refuses connections',
    'failure: No endpoint takes requests',
    'recovery: http://a:1 gets requests again',
    'resize: http://a:1 is no longer an endpoint'
  ])
})

test('the list is bounded', () => {
  const timeline = new Timeline()
  for (let i = 0; i < 1000; i++) timeline.add('pool:recovered', {}, i)
  assert.deepEqual([timeline.list().length, timeline.list()[0].time], [100, 900])
})
