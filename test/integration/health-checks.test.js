/** A pool that is only busy answers health checks, whichever way they arrive. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request } from 'node:http'

import { eventually, withPython } from '../support/harness.js'

const busy = { appTarget: 'slow_app:app', concurrency: 1, maxQueue: 2 }

async function status (port, path, options) {
  const [response] = await once(request({ port, path, agent: false, ...options }).end(), 'response')
  response.resume()
  return response.statusCode
}

withPython('a full queue refused health checks', busy, async (python) => {
  const mounted = createServer()
  python.attach(mounted, { prefix: '/api' })
  const whole = createServer(python.listener)
  for (const server of [mounted, whole]) await once(server.listen(0, '127.0.0.1'), 'listening')
  const [inner, outer] = [mounted, whole].map((server) => server.address().port)
  try {
    const order = []
    const note = (name, outcome) => outcome.then((value) => {
      order.push(name)
      return value
    })
    const pages = ['first', 'second', 'third'].map((name) =>
      note(name, python.handleRequest({ url: '/?ms=300' })))
    await eventually(() => assert.equal(python.stats().queued, 2))
    const checks = [
      note('check', status(inner, '/api/healthz?ms=0')),
      note('check', status(outer, '/readyz?ms=0', { method: 'HEAD' })),
      note('check', python.fetch('/livez?ms=0').then((response) => response.status)),
      note('check', python.handleRequest({ url: '/health?ms=0' }).then((given) => given.status))
    ]
    await eventually(() => assert.equal(python.stats().queued, 6))
    assert.equal(await status(inner, '/api/page'), 503)
    assert.equal(await status(outer, '/api/healthz'), 503)
    await assert.rejects(python.handleRequest({ url: '/' }), { code: 'ERR_QUEUE_FULL' })
    assert.deepEqual(await Promise.all(checks), [200, 200, 200, 200])
    await Promise.all(pages)
    assert.deepEqual(order,
      ['first', 'check', 'second', 'check', 'third', 'check', 'check'])
  } finally {
    for (const server of [mounted, whole]) server.close()
  }
})
