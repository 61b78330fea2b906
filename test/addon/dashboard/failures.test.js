import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Failures, exceptionOf } from '../../../addon/lib/dashboard/failures.js'

const traceback = (message, line = 3) => `Error in request
Traceback (most recent call last):
  File "/srv/main.py", line ${line}, in boom
    raise ValueError(message)
ValueError: ${message}
`

const failure = (text, more = {}) =>
  ({ what: exceptionOf(text) ?? text, text, request: 'GET /', worker: 1, pid: 10, ...more })

test('the exception is the last line that begins with a name', () => {
  assert.equal(exceptionOf(traceback('no\n  second line\n')), 'ValueError: no')
  assert.equal(exceptionOf('Traceback (most recent call last):\n  x\nKeyboardInterrupt\n'),
    'KeyboardInterrupt')
  assert.equal(exceptionOf('connection refused'), null)
})

test('failures of one kind are one entry, although their messages differ', () => {
  const failures = new Failures()
  failures.add(failure(traceback('item 1')), 1000)
  failures.add(failure(traceback('other place', 9)), 1500)
  failures.add(failure(traceback('item 2'), { request: 'GET /2' }), 2000)
  failures.add(failure('worker 1 (pid 3) was killed'), 2500)
  failures.add(failure('worker 2 (pid 4) was killed'), 3000)
  assert.deepEqual(failures.list().map(({ what, count, first, last, request }) =>
    [what, count, first, last, request]), [
    ['worker 2 (pid 4) was killed', 2, 2500, 3000, 'GET /'],
    ['ValueError: item 2', 2, 1000, 2000, 'GET /2'],
    ['ValueError: other place', 1, 1500, 1500, 'GET /']
  ])
})

test('the texts are apart, and an entry keeps its number', () => {
  const failures = new Failures()
  failures.add(failure(traceback('1')), 1)
  const [{ id, text }] = failures.list()
  assert.equal(text, undefined)
  failures.add(failure(traceback('2')), 2)
  assert.match(failures.textOf(id), /ValueError: 2/)
  assert.equal(failures.textOf(99), null)
})

test('the memory is bounded', () => {
  const failures = new Failures()
  for (let i = 0; i < 1000; i++) {
    const text = `${'x'.repeat(i)}y${'z'.repeat(100_000)}`
    failures.add(failure(text, { what: `a${'b'.repeat(i)}`, request: 'r'.repeat(100_000) }), i)
  }
  const list = failures.list()
  assert.equal(list.length, 50)
  const length = list.reduce((sum, each) => sum + failures.textOf(each.id).length +
    JSON.stringify(each).length, 0)
  assert.ok(length < 3e6, `${length} characters`)
})
