/** Applications that run the event loop in a request, with nest_asyncio. */

import assert from 'node:assert/strict'

import { withPython } from '../support/harness.js'

const app = { appTarget: 'nested_app:app', loop: 'asyncio' }

const first = 'nest_asyncio that is first applied in a request ended the worker'
withPython(first, app, async (python) => {
  const [{ pid }] = python.stats().workers
  for (const [url, answer] of [['/', 'plain'], ['/nested', 'nested'], ['/', 'plain']]) {
    assert.equal((await python.handleRequest({ url })).body.toString(), answer)
  }
  assert.equal(python.stats().workers[0].pid, pid)
})

withPython('... and among many requests', app, async (python) => {
  const [{ pid }] = python.stats().workers
  for (let round = 0; round < 3; round++) {
    const urls = Array.from({ length: 40 }, (_, i) => i % 4 === 1 ? '/nested' : '/')
    const responses = await Promise.all(urls.map((url) => python.handleRequest({ url })))
    assert.deepEqual(responses.map(({ body }) => body.toString()),
      urls.map((url) => url === '/' ? 'plain' : 'nested'))
  }
  assert.equal(python.stats().workers[0].pid, pid)
})

withPython('a nested loop waited for ever for the body of its request', app, async (python) => {
  const body = Buffer.alloc(3_000_000, 'x')
  const post = (url) => python.handleRequest({ method: 'POST', url, body }, { timeout: 10_000 })
  assert.equal((await post('/body')).body.toString(), '3000000')
  const answers = await Promise.all(Array.from({ length: 5 }, () => post('/body')))
  for (const answer of answers) assert.equal(answer.body.toString(), '3000000')
})
