import assert from 'node:assert/strict'
import { after, test } from 'node:test'

import { testPython } from 'node-asgi/testing'

const python = await testPython({ overrides: { 'main:get_users': 'fakes:get_users' } })
after(() => python.close())

test('greets everybody', async () => {
  const response = await python.fetch('/greeting')
  assert.deepEqual(await response.json(), { text: 'Hello, Ada and Grace!' })
})

test('greets as it is told to', async (t) => {
  const python = await testPython({
    overrides: { 'main:get_users': { value: ['Linus'] } },
    env: { GREETING: 'Moi' }
  })
  t.after(() => python.close())
  const response = await python.fetch('/greeting')
  assert.deepEqual(await response.json(), { text: 'Moi, Linus!' })
})
