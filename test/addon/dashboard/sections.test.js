import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Cores } from '../../../addon/lib/dashboard/sections.js'

test('the part of a core is what was used since the last look', () => {
  const cores = new Cores()
  const times = { 10: 1000, 20: 0 }
  const usageOf = (pid) => ({ cpuTime: times[pid] })
  const workers = [{ pid: 10 }, { pid: 20 }, { pid: 0 }]
  const look = (now) => {
    const used = cores.look(workers, now, usageOf)
    return workers.map(({ pid }) => used(pid))
  }
  assert.deepEqual(look(0), [null, null, null])
  times[10] += 250
  assert.deepEqual(look(100), [null, null, null], 'too soon')
  assert.deepEqual(look(1000), [0.25, 0, null])
  assert.deepEqual(look(1100), [0.25, 0, null], 'too soon')
  times[10] = 0 // another process
  assert.deepEqual(look(2000), [0, 0, null])
})
