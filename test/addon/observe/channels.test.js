import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { test } from 'node:test'

import { fakeHandler } from '../../support/fake-handler.js'

/** Notes the messages of channels while a test runs. */
function listen (t, names) {
  const heard = []
  for (const name of names) {
    const listener = (message) => heard.push([name, message])
    subscribe(`node-asgi:${name}`, listener)
    t.after(() => unsubscribe(`node-asgi:${name}`, listener))
  }
  return heard
}

test('the messages of a request carry its handler and the same object each time', async (t) => {
  const moments = ['start', 'sent', 'headers', 'end'].map((name) => `request:${name}`)
  const heard = listen(t, [...moments, 'request:error'])
  const { python } = fakeHandler(t)
  await python.handleRequest({ method: 'POST', url: 'http://h/a%20b?c=d', headers: { e: 'f' } })
  assert.deepEqual(heard.map(([name]) => name), moments)
  const { request } = heard[0][1]
  for (const [, message] of heard) {
    assert.equal(message.handler, python)
    assert.equal(message.request, request)
  }
  const { method, path, query, scheme, type, rootPath, server, client, httpVersion } = request
  assert.deepEqual({ method, path, query, scheme, type, rootPath, server, client, httpVersion }, {
    method: 'POST',
    path: '/a%20b',
    query: 'c=d',
    scheme: 'http',
    type: 'http',
    rootPath: '',
    server: { address: 'h', port: 80 },
    client: null,
    httpVersion: '1.1'
  })
  assert.equal(request.headers.get('E'), 'f')
})

test('a single channel is enough to be observed, and an error comes before the end', async (t) => {
  const heard = listen(t, ['request:error', 'request:end'])
  const { python } = fakeHandler(t, {}, { app: (request) => request.raise('ValueError', 'x', '') })
  await assert.rejects(python.handleRequest({ url: '/' }))
  const [[first, { error, request }], [second, end]] = heard
  assert.deepEqual([first, second], ['request:error', 'request:end'])
  assert.equal(error.code, 'ERR_APP')
  assert.equal(end.request, request)
  assert.equal(request.outcome, 'failed')
})

test('events of the handler have channels of their own', async (t) => {
  const heard = listen(t, ['worker:start', 'worker:ready', 'worker:exit', 'reload', 'app:error'])
  const { python } = fakeHandler(t, {}, { app: (request) => request.raise('ValueError', 'x', '') })
  await python.ready
  await assert.rejects(python.handleRequest({ url: '/' }))
  await python.reload()
  await python.close()
  assert.deepEqual(heard.map(([name]) => name), ['worker:start', 'worker:ready', 'app:error',
    'worker:start', 'worker:ready', 'reload', 'worker:exit', 'worker:exit'])
  for (const [, message] of heard) assert.equal(message.handler, python)
  const [, { worker, pid, python: version }] = heard[1]
  assert.equal(worker, 1)
  assert.ok(pid > 0)
  assert.equal(version, '3.11.2')
})
