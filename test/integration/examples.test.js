// The examples of frameworks, as their readers run them.
import assert from 'node:assert/strict'
import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'

import {
  EXAMPLES, checkFrameworkExample, runExample, withExample
} from '../support/example.js'
import { RAISING, checkFetchFramework } from '../support/fetch-framework.js'
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

leakTest('examples/hono', async () => {
  await withExample('hono', ['hono', '@hono'], async (folder) => {
    await appendFile(join(folder, 'main.py'), RAISING)
    await runExample(folder, 'server.js', (url) => checkFetchFramework(url, {
      client: '127.0.0.1', failure: /^Something went wrong\n$/
    }))
  })
})

leakTest('examples/koa', async () => {
  await withExample('koa', ['koa'], async (folder) => {
    await appendFile(join(folder, 'main.py'), RAISING)
    await runExample(folder, 'server.js', (url) => checkFetchFramework(url, {
      client: '127.0.0.1', failure: /^Internal Server Error$/
    }))
  })
})
