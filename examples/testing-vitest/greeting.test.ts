import { expect, test } from 'vitest'

import { testPython } from 'node-asgi/testing'

test('greets everybody', async () => {
  await using python = await testPython({ overrides: { 'main:get_users': 'fakes:get_users' } })
  const response = await python.fetch('/greeting')
  expect(await response.json()).toEqual({ text: 'Hello, Ada and Grace!' })
})

test('greets as it is told to', async () => {
  await using python = await testPython({
    overrides: { 'main:get_users': { value: ['Linus'] } },
    env: { GREETING: 'Moi' }
  })
  const response = await python.fetch('/greeting')
  expect(await response.json()).toEqual({ text: 'Moi, Linus!' })
})
