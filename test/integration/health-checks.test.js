/** A pool that is only busy answers health checks, whichever way they arrive. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import { PassThrough } from 'node:stream'

import { eventually, withPython } from '../support/harness.js'

const busy = { appTarget: 'echo_app:app', concurrency: 1, maxQueue: 2 }

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
    // The application reads the body of the first until it ends.
    const body = new PassThrough()
    const pages = [{ method: 'POST', body }, {}, {}].map((more, i) =>
      note(`page ${i}`, python.handleRequest({ url: '/page', ...more })))
    await eventually(() => assert.equal(python.stats().queued, 2))
    const checks = [
      note('check', status(inner, '/api/healthz?full')),
      note('check', status(outer, '/readyz', { method: 'HEAD' })),
      note('check', python.fetch('/livez').then((response) => response.status)),
      note('check', python.handleRequest({ url: '/health' }).then((given) => given.status))
    ]
    await eventually(() => assert.equal(python.stats().queued, 6))
    assert.equal(await status(inner, '/api/page'), 503)
    assert.equal(await status(outer, '/api/healthz'), 503)
    await assert.rejects(python.handleRequest({ url: '/' }), { code: 'ERR_QUEUE_FULL' })
    body.end()
    assert.deepEqual(await Promise.all(checks), [200, 200, 200, 200])
    await Promise.all(pages)
    assert.deepEqual(order,
      ['page 0', 'check', 'page 1', 'check', 'page 2', 'check', 'check'])
  } finally {
    for (const server of [mounted, whole]) server.close()
  }
})
