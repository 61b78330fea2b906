import assert from 'node:assert/strict'
import { test } from 'node:test'

import { createClosing } from '../../../addon/lib/http/closing.js'
import { eventually } from '../../support/harness.js'

test('closing a server uses up the budget of closing the handler, until it is over', async () => {
  const budget = 100
  const { listener, left } = createClosing({ streams: () => [] }, budget)
  assert.equal(left(), budget)
  listener({})
  await eventually(() => assert.ok(left() < budget))
  listener({}) // A second server does not start anew.
  assert.ok(left() < budget)
  // It was closed for good, and the handler served others since.
  await eventually(() => assert.equal(left(), budget))
})
