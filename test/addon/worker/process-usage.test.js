import assert from 'node:assert/strict'
import { test } from 'node:test'

import { processUsage } from '../../../addon/lib/worker/process-usage.js'
import { near } from '../../support/near.js'

test('what this process uses, and one that does not exist', () => {
  const { user, system } = process.cpuUsage()
  const { runs, cpuTime, memory } = processUsage(process.pid)
  assert.equal(runs, true)
  assert.ok(Math.abs(cpuTime - (user + system) / 1000) < 200, `${cpuTime} ms`)
  near(memory, process.memoryUsage.rss())
  const end = performance.now() + 100
  while (performance.now() < end) { /* use some */ }
  assert.ok(processUsage(process.pid).cpuTime > cpuTime)
  assert.deepEqual(processUsage(2 ** 22 + 1), { memory: 0, cpuTime: 0, runs: false })
})

test('the name of a program does not confuse what it uses', () => {
  const before = process.title
  const { memory } = processUsage(process.pid)
  process.title = 'a) R 1 (b'
  try {
    near(processUsage(process.pid).memory, memory)
  } finally {
    process.title = before
  }
})
