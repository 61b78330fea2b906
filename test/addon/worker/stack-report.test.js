import assert from 'node:assert/strict'
import { test } from 'node:test'

import { StackReport, parseStacks } from '../../../addon/lib/worker/stack-report.js'

const REPORT = `Thread 0x00007f747d2b96c0 (most recent call first):
  File "/srv/main.py", line 12 in thread

Current thread 0x00007f7480250b80 (most recent call first):
  File "/usr/lib/python3.11/selectors.py", line 468 in select
  ...

Task GET /slow (running):
  File "/srv/main.py", line 9, in slow
    await deep(1000)
  waits for Future

Task Task-3 (waiting):
  File "/srv/main.py", line 20, in poll

End of the stacks`

test('what the application printed meanwhile was lost from the log', () => {
  const report = new StackReport()
  const lines = REPORT.split('\n')
  lines.splice(2, 0, 'the application prints this')
  lines.unshift('and this')
  const passedOn = lines.filter((line) => !report.take(line))
  assert.deepEqual(passedOn, ['and this', 'the application prints this'])
  assert.equal(report.isComplete, true)
  assert.equal(`${report.text}\n\nEnd of the stacks`, REPORT)
  assert.equal(report.take('  afterwards'), false)
})

test('a report without an end is bounded', () => {
  const report = new StackReport()
  report.take('Thread 0x1 (most recent call first):')
  for (let i = 0; i < 100; i++) report.take(`  ${'x'.repeat(60_000)}`)
  assert.ok(report.text.length < 1024 * 1024)
  assert.equal(report.isComplete, false)
})

test('a report is parsed into threads and tasks', () => {
  const { threads, tasks } = parseStacks(REPORT.replace(/\n\nEnd.*/, ''))
  assert.match(threads, /^Thread 0x.*select\n {2}\.\.\.$/s)
  assert.deepEqual(tasks.map(({ name }) => name), ['GET /slow', 'Task-3'])
  assert.match(tasks[0].text, /^Task GET \/slow \(running\):\n.*waits for Future$/s)
  assert.deepEqual(parseStacks(''), { threads: '', tasks: [] })
})
