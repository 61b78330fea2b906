// The examples of frameworks, as their readers run them.
import assert from 'node:assert/strict'
import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'

import {
  EXAMPLES, checkFrameworkExample, runExample, withExample
} from '../support/example.js'
import { RAISING, checkFetchFramework, checkSocket } from '../support/fetch-framework.js'
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

/** What each framework answers to an exception that reaches it. */
const FAILURES = {
  hono: /^Something went wrong\n$/,
  koa: /^Internal Server Error$/,
  h3: /^{"status":500,/
}

const PACKAGES = { hono: ['hono', '@hono'], koa: ['koa'], h3: ['h3', 'srvx', 'rou3'] }

for (const [name, failure] of Object.entries(FAILURES)) {
  leakTest(`examples/${name}`, async () => {
    await withExample(name, PACKAGES[name], async (folder) => {
      await appendFile(join(folder, 'main.py'), RAISING)
      await runExample(folder, 'server.js', async (url) => {
        await checkFetchFramework(url, { client: '127.0.0.1', failure })
        await checkSocket(url)
      })
    })
  })
}
