/** What metrics, health, the dashboard and traces show of a handler with the option `remote`. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'

import { createParser } from 'eventsource-parser'
import { Registry } from 'prom-client'
import { WebSocketServer } from 'ws'

import { createMetrics } from '../../addon/lib/adapters/metrics.js'
import { eventually, leakTest, startPython, withServer } from '../support/harness.js'
import { Run } from '../support/run.js'
import { freePort } from './servers.js'

/** Runs with a small service, which the test can stop. */
function observingTest (name, run) {
  leakTest(name, async () => {
    const seen = []
    const server = createServer((req, res) => {
      seen.push(req)
      if (req.url === '/slow') return
      res.statusCode = Number(req.url.slice(1)) || 200
      res.end('hello')
    })
    const sockets = new WebSocketServer({ server })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const stop = async () => {
      if (!server.listening) return
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      for (const socket of sockets.clients) socket.terminate()
      await closed
    }
    try {
      await run({ url: `http://127.0.0.1:${server.address().port}`, seen, stop })
    } finally {
      await stop()
    }
  })
}

/** @returns the values in text of Prometheus, by name and labels */
const valuesOf = (text) => Object.fromEntries(text.split('\n')
  .filter((line) => line.startsWith('node_asgi_'))
  .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]))

/** A request with a connection of its own, which any process may get. */
const ask = (port) => fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })

/** @returns the sections that a dashboard sends first */
async function look (url) {
  const abort = new AbortController()
  const { body } = await fetch(url, { signal: abort.signal })
  const shown = {}
  const parser = createParser({
    onEvent: ({ event, data }) => { shown[event] = JSON.parse(data) }
  })
  const decoder = new TextDecoder()
  for await (const piece of body) {
    parser.feed(decoder.decode(piece, { stream: true }))
    if (shown.timeline !== undefined) break
  }
  abort.abort()
  return shown
}

observingTest('metrics knew no endpoints, and not their WebSockets', async (service) => {
  const nobody = `http://127.0.0.1:${await freePort()}`
  const python = startPython({ remote: [service.url, nobody] })
  const registry = new Registry()
  const metrics = createMetrics(python, { registry })
  await eventually(() => assert.deepEqual(python.stats().endpoints.map(({ state }) => state).sort(),
    ['out', 'up']))
  for (const url of ['/', '/404', '/500']) await python.handleRequest({ url })
  const socket = await python.connect('/')
  const values = valuesOf(await registry.metrics())
  const counts = (name, ...states) => states.map((state) =>
    values[`node_asgi_${name}{state="${state}"}`])
  assert.deepEqual(counts('endpoints', 'connecting', 'up', 'out', 'trial', 'leaving'),
    [0, 1, 1, 0, 0])
  assert.deepEqual(counts('workers', 'starting', 'ready', 'draining'), [0, 0, 0])
  assert.equal(values['node_asgi_workers_limit{bound="max"}'], 0)
  for (const status of ['2xx', '4xx', '5xx']) {
    assert.equal(values[`node_asgi_requests_total{outcome="answered",status="${status}"}`], 1)
  }
  assert.equal(values.node_asgi_request_duration_seconds_count, 3)
  assert.equal(values.node_asgi_queue_seconds_count, 4)
  assert.equal(values.node_asgi_websockets, 1)
  assert.equal(values.node_asgi_in_flight, 1)
  socket.close()
  await once(socket, 'close')
  metrics.stop()
  await python.close()
})

observingTest('a local pool has no series of endpoints', async () => {
  const python = startPython({ workers: 1 })
  const registry = new Registry()
  const metrics = createMetrics(python, { registry })
  await python.ready
  assert.deepEqual(Object.keys(valuesOf(await registry.metrics()))
    .filter((name) => name.includes('endpoint')), [])
  assert.equal(python.health.check().endpoints, undefined)
  metrics.stop()
  await python.close()
})

observingTest('/readyz follows the endpoints', async ({ url, stop }) => {
  const python = startPython({ remote: { url, eject: { min: 10_000 } } })
  await python.ready
  await withServer(python.health, async (base) => {
    const ask = async () => {
      const response = await fetch(`${base}/readyz`)
      return [response.status, await response.json()]
    }
    const [status, { endpoints, workers }] = await ask()
    assert.equal(status, 200)
    assert.equal(endpoints.up, 1)
    assert.equal(workers.ready, 0)
    await stop()
    await assert.rejects(python.handleRequest({ url: '/' }), { code: 'ERR_REMOTE_UNREACHABLE' })
    const [later, { reason, code, endpoints: { out } }] = await ask()
    assert.deepEqual([later, code, out], [503, 'ERR_REMOTE_UNREACHABLE', 1])
    assert.match(reason, /^no endpoint takes requests: .*refuses connections/)
  })
  await python.close()
})

observingTest('the dashboard showed a pool of no workers', async ({ url, seen }) => {
  const python = startPython({ remote: url })
  const { dashboard } = python
  await python.ready
  const slow = python.handleRequest({ url: '/slow' }).catch(() => {})
  await python.handleRequest({ url: '/' })
  await eventually(() => assert.equal(seen.length, 2))
  await withServer(dashboard, async (base) => {
    await eventually(async () => {
      const { pool, workers, endpoints, running } = await look(`${base}/events`)
      assert.deepEqual([pool.remote, pool.endpointsReady, pool.endpointsKnown], [url, 1, 1])
      assert.deepEqual(workers, [])
      assert.deepEqual(endpoints, [
        { id: 1, url, state: 'up', inFlight: 1, requests: 2, errors: 0, error: null }
      ])
      assert.equal(running.count, 1)
      const [{ name, worker, pid }] = running.list // after a second
      assert.deepEqual([name, worker, pid], ['GET /slow', 1, 0])
    }, 10_000)
  })
  await python.close({ timeout: 0 })
  await slow
})

observingTest('traceparent gets to the service, that of a client and that of a tracer', async (
  { url, seen }) => {
  const { context, propagation, trace } = await import('@opentelemetry/api')
  const { PythonInstrumentation } = await import('../../addon/lib/adapters/tracing.js')
  const parent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
  const python = startPython({ remote: url })
  await python.ready
  const send = () => python.handleRequest({ url: '/', headers: { traceparent: parent } })
  await send()
  assert.equal(seen.at(-1).headers.traceparent, parent)
  // A tracer and a propagator as small as they can be. test/observability has the real ones.
  let spans = 0
  const startSpan = () => ({
    spanContext: () => ({ traceId: 'a'.repeat(32), spanId: 'c'.repeat(16), traceFlags: 1 }),
    setAttributes () {},
    setStatus () {},
    recordException () {},
    end: () => { spans++ }
  })
  propagation.setGlobalPropagator({
    inject: (where, carrier, setter) => {
      const { traceId, spanId } = trace.getSpanContext(where)
      setter.set(carrier, 'traceparent', `00-${traceId}-${spanId}-01`)
    },
    extract: (where) => where,
    fields: () => ['traceparent']
  })
  const instrumentation = new PythonInstrumentation()
  instrumentation.setTracerProvider({ getTracer: () => ({ startSpan }) })
  try {
    await context.with(context.active(), send)
    assert.equal(seen.at(-1).headers.traceparent, `00-${'a'.repeat(32)}-${'c'.repeat(16)}-01`)
    assert.equal(spans, 1)
  } finally {
    instrumentation.disable()
    propagation.disable()
  }
  await python.close()
})

observingTest('--processes with --remote named no application, and resized workers', async (
  { url, stop }) => {
  const side = await freePort()
  const run = new Run(['--processes', '2', '--remote', url, '--port', '0', '--metrics',
    String(side), '--health', String(side), '--dashboard', String(side)],
  { NODE_ASGI_BUILD: 'none' })
  const at = `http://127.0.0.1:${side}`
  const get = async (path) => {
    const response = await fetch(at + path)
    return { status: response.status, text: await response.text() }
  }
  try {
    const port = await run.port()
    assert.match(run.stdout, new RegExp(`with ${url}, in 2 processes\\n$`))
    await eventually(async () =>
      assert.equal(JSON.parse((await get('/readyz')).text).endpoints?.up, 2), 10_000)
    for (let i = 0; i < 4; i++) {
      assert.equal(await (await ask(port)).text(), 'hello')
    }
    const values = valuesOf((await get('/metrics')).text)
    assert.equal(values['node_asgi_endpoints{state="up"}'], 2)
    assert.equal(values['node_asgi_requests_total{outcome="answered",status="2xx"}'], 4)
    await eventually(async () => {
      const { pool, endpoints } = await look(`${at}/dashboard/events`)
      assert.deepEqual([pool.remote, pool.endpointsReady], [url, 2])
      assert.deepEqual(endpoints.map(({ id }) => id), ['1.1', '2.1'])
    }, 10_000)
    for (const signal of ['SIGHUP', 'SIGTTIN']) {
      run.child.kill(signal)
      await run.match('stderr', new RegExp(`${signal} re\\w+ nothing: the application is remote`))
    }
    await stop()
    for (let i = 0; i < 2; i++) await ask(port)
    await eventually(async () => assert.equal((await get('/readyz')).status, 503), 10_000)
  } finally {
    run.child.kill('SIGTERM')
    assert.equal(await run.closed, 0, run.stderr)
  }
})
