import assert from 'node:assert/strict'
import { test } from 'node:test'

import { residentMemory } from '../../../addon/lib/util/resident-memory.js'
import { near } from '../../support/near.js'

test('resident memory of this process, and of one that is not there', () => {
  near(residentMemory(process.pid), process.memoryUsage.rss())
  assert.equal(residentMemory(2 ** 22 + 1), 0)
})
