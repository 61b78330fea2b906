// The examples of frameworks, as their readers run them.
import assert from 'node:assert/strict'
import { join } from 'node:path'

import { EXAMPLES, checkFrameworkExample, runExample } from '../support/example.js'
import { leakTest } from '../support/harness.js'

leakTest('examples/express', async () => {
  await runExample(join(EXAMPLES, 'express'), 'server.js', async (url) => {
    await checkFrameworkExample(url, 'Express')
    const response = await fetch(`${url}/api/nothing`, { headers: { 'x-user': 'ada' } })
    assert.equal(response.status, 404)
    assert.equal(await response.text(), 'Express has no /api/nothing either\n')
  })
})

leakTest('examples/fastify', async () => {
  await runExample(join(EXAMPLES, 'fastify'), 'server.js',
    (url) => checkFrameworkExample(url, 'Fastify'))
})
