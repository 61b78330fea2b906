/** A test as a user of vitest writes it, who never closes the handler. */

import { isMainThread } from 'node:worker_threads'

import { expect, test } from 'vitest'

import { PythonHandler } from '../../../addon/lib/index.js'

const python = new PythonHandler(JSON.parse(process.env.HANDLER_OPTIONS))

test('Python answers in a thread', async () => {
  expect(isMainThread).toBe(false)
  const response = await python.handleRequest({ url: '/' })
  expect(response.status).toBe(200)
})
