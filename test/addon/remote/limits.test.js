import assert from 'node:assert/strict'
import { test } from 'node:test'

import { loadBinding } from '../../../addon/lib/binding.js'
import { REMOTE_LIMITS } from '../../../addon/lib/remote/limits.js'

test('the limits are those of the addon', () => {
  const { limits } = loadBinding()
  for (const [name, value] of Object.entries(REMOTE_LIMITS)) assert.equal(value, limits[name], name)
})
