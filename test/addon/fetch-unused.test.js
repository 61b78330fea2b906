import assert from 'node:assert/strict'
import { test } from 'node:test'

import { fakeHandler } from '../support/fake-handler.js'

// In a separate file, because no other code in the process may name the class.
const isLoaded = () => Object.getOwnPropertyDescriptor(globalThis, 'Request').get === undefined

test('a request does not make Node load its fetch', async (t) => {
  assert.equal(isLoaded(), false)
  const { python } = fakeHandler(t, {}, { app: (request) => request.respond(200, 'hello') })
  await python.handleRequest({ url: '/' })
  await python.handleRequest({ url: '/' }, { timeout: 1000 })
  assert.equal(isLoaded(), false)
})
