import assert from 'node:assert/strict'
import { test } from 'node:test'

import { processActivity } from '../../../addon/lib/util/process-activity.js'

test('the activity of this process, and of one that does not exist', () => {
  const { user, system } = process.cpuUsage()
  const { runs, cpuTime } = processActivity(process.pid)
  assert.equal(runs, true)
  assert.ok(Math.abs(cpuTime - (user + system) / 1000) < 200, `${cpuTime} ms`)
  const end = performance.now() + 100
  while (performance.now() < end) { /* use some */ }
  assert.ok(processActivity(process.pid).cpuTime > cpuTime)
  assert.deepEqual(processActivity(2 ** 22 + 1), { runs: false, cpuTime: 0 })
})
