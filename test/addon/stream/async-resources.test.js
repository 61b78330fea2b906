import assert from 'node:assert/strict'
import { createHook } from 'node:async_hooks'
import { test } from 'node:test'

import { fakeHandler } from '../../support/fake-handler.js'

/**
 * How many asynchronous resources of ours some calls create.
 * @param {() => Promise<unknown>} calls
 * @returns {Promise<number>}
 */
async function created (calls) {
  let count = 0
  const hook = createHook({
    init (id, type) { if (type === 'NODE_ASGI_REQUEST') count++ }
  }).enable()
  try {
    await calls()
  } finally {
    hook.disable()
  }
  return count
}

test('every handleRequest() created an asynchronous resource that nothing used', async (t) => {
  const { python } = fakeHandler(t)
  await python.ready
  const call = () => python.handleRequest({ url: '/' })
  assert.equal(await created(() => Promise.all([call(), call(), call()])), 0)
})

test('a response with listeners takes one asynchronous resource', async (t) => {
  const { python } = fakeHandler(t)
  await python.ready
  assert.equal(await created(() => python.handleStream({ url: '/' })), 1)
})
