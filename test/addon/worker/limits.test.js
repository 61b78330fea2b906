import assert from 'node:assert/strict'
import { constants } from 'node:os'
import { test } from 'node:test'

import { Limits } from '../../../addon/lib/worker/limits.js'

const OUT_OF_MEMORY = 112
const NONE = { memory: Infinity, cpu: Infinity, files: 100, processes: Infinity, core: 0 }

test('the exit code for memory means something only if memory is limited', () => {
  const limits = new Limits({ ...NONE, memory: 1000 }, OUT_OF_MEMORY)
  assert.match(limits.reached(OUT_OF_MEMORY, 0).how, /1000 bytes/)
  assert.equal(limits.reached(1, 0), null)
  assert.equal(limits.reached(null, 9), null)
  assert.equal(new Limits(NONE, OUT_OF_MEMORY).reached(OUT_OF_MEMORY, 0), null)
})

test('SIGXCPU means something only if CPU time is limited', () => {
  const { SIGXCPU } = constants.signals
  assert.match(new Limits({ ...NONE, cpu: 5000 }, OUT_OF_MEMORY).reached(null, SIGXCPU).how,
    /5000 ms/)
  assert.equal(new Limits(NONE, OUT_OF_MEMORY).reached(null, SIGXCPU), null)
})
