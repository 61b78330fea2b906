/** Traces with the spans of Node and of FastAPI, with OpenTelemetry's real SDKs on both sides. */

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

import { PythonHandler } from '../../addon/lib/index.js'
import { PythonInstrumentation } from '../../addon/lib/adapters/tracing.js'
import { eventually } from '../support/harness.js'

const here = (name) => fileURLToPath(new URL(name, import.meta.url))
const require = createRequire(import.meta.url)

const isInstalled = existsSync(here('node_modules/.node-asgi-stamp')) &&
  existsSync(here('.venv/installed'))
const skip = !isInstalled && 'run `bash test/observability/setup.sh` first'

const REMOTE = { trace: '0af7651916cd43dd8448eb211c80319c', span: 'b7ad6b7169203331' }
const TRACEPARENT = `00-${REMOTE.trace}-${REMOTE.span}-01`

describe('traces', { skip, timeout: 60_000 }, () => {
  let api
  let exporter
  let python
  let unregister
  let provider

  before(async () => {
    const sdk = require('@opentelemetry/sdk-trace-node')
    const { registerInstrumentations } = require('@opentelemetry/instrumentation')
    api = require('@opentelemetry/api')
    exporter = new sdk.InMemorySpanExporter()
    provider = new sdk.NodeTracerProvider({
      spanProcessors: [new sdk.SimpleSpanProcessor(exporter)]
    })
    provider.register()
    unregister = registerInstrumentations({
      instrumentations: [
        new PythonInstrumentation({ ignoreRequest: ({ path }) => path === '/spans' })
      ]
    })
    python = new PythonHandler({
      docroot: here('apps'),
      appTarget: 'traced_app:app',
      python: here('.venv/bin/python'),
      workers: 1,
      logger: false
    })
    await python.ready
  })

  after(async () => {
    unregister?.()
    await provider?.shutdown()
    await python?.close()
  })

  /** Spans of both sides of one trace, in one shape. */
  async function spansOf (trace) {
    const ours = exporter.getFinishedSpans().map((span) => ({
      name: span.name,
      kind: api.SpanKind[span.kind],
      trace: span.spanContext().traceId,
      id: span.spanContext().spanId,
      parent: span.parentSpanContext?.spanId ?? null,
      state: span.spanContext().traceState?.serialize() ?? '',
      status: span.status.code,
      attributes: span.attributes,
      events: span.events
    }))
    const theirs = await (await python.fetch('/spans')).json()
    return [...ours, ...theirs].filter((span) => span.trace === trace)
  }

  /** @returns each span of a trace as [kind, name, name of its parent] */
  function tree (spans) {
    const names = new Map(spans.map(({ id, kind, name }) => [id, `${kind} ${name}`]))
    return spans.map(({ kind, name, parent }) =>
      [`${kind} ${name}`, parent === null ? null : names.get(parent) ?? 'another process'])
  }

  async function inSpan (name, call) {
    const tracer = api.trace.getTracer('test')
    return tracer.startActiveSpan(name, async (span) => {
      try {
        return [span.spanContext().traceId, await call()]
      } finally {
        span.end()
      }
    })
  }

  it('have the span of the program, ours and those of FastAPI', async () => {
    const [trace, response] = await inSpan('job', () => python.fetch('/items/1'))
    assert.deepEqual(await response.json(), { item: '1' })
    const spans = await spansOf(trace)
    const shape = tree(spans)
    for (const expected of [
      ['INTERNAL job', null],
      ['CLIENT GET', 'INTERNAL job'],
      ['SERVER GET /items/{item}', 'CLIENT GET'],
      ['INTERNAL look it up', 'SERVER GET /items/{item}']
    ]) {
      assert.ok(shape.some((each) => String(each) === String(expected)),
        `${expected} is not in ${JSON.stringify(shape)}`)
    }
    const { attributes } = spans.find(({ kind }) => kind === 'CLIENT')
    assert.equal(attributes['http.response.status_code'], 200)
    assert.equal(attributes['url.path'], '/items/1')
  })

  it('go on with what a client on the network has begun', async () => {
    const { createServer } = require('node:http')
    const server = createServer(python.listener).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const response = await fetch(`http://127.0.0.1:${server.address().port}/headers`,
      { headers: { traceparent: TRACEPARENT, tracestate: 'vendor=1' } })
    const headers = await response.json()
    server.closeAllConnections()
    server.close()
    const spans = await spansOf(REMOTE.trace)
    const ours = spans.find(({ parent }) => parent === REMOTE.span)
    assert.deepEqual([ours.kind, ours.name, ours.state], ['SERVER', 'GET', 'vendor=1'])
    // The application gets our span instead of that of the client, and only once.
    assert.equal(headers.traceparent, `00-${REMOTE.trace}-${ours.id}-01`)
    assert.equal(headers.tracestate, 'vendor=1')
    assert.ok(spans.some(({ parent, name }) => parent === ours.id && name === 'GET /headers'))
  })

  it('take the headers of a request that the program passes on', async () => {
    const { trace, span } = { trace: REMOTE.trace.replace('0', '1'), span: REMOTE.span }
    await python.handleRequest({
      url: '/items/2', headers: { traceparent: `00-${trace}-${span}-01` }
    })
    const [ours] = (await spansOf(trace)).filter(({ parent }) => parent === span)
    assert.equal(ours.kind, 'CLIENT')
  })

  it('have requests of every kind', async () => {
    const [trace] = await inSpan('kinds', async () => {
      python.handleRequestSync({ url: '/items/3' })
      await (await python.handleStream({ url: '/items/4' })).body.toArray()
      const socket = await python.connect('/echo')
      socket.send('x')
      for await (const message of socket) assert.equal(message, 'x')
    })
    await eventually(async () => {
      const shape = tree(await spansOf(trace))
      const ours = shape.filter((each) => String(each) === 'CLIENT GET,INTERNAL kinds')
      assert.equal(ours.length, 3)
      const theirs = shape.filter(([name, parent]) => /^SERVER/.test(name) &&
        parent === 'CLIENT GET')
      assert.equal(theirs.length, 3)
    })
  })

  it('have the exception of the application', async () => {
    const [trace] = await inSpan('failing', () => python.fetch('/raise').catch(() => {}))
    const ours = (await spansOf(trace)).find(({ kind }) => kind === 'CLIENT')
    assert.equal(ours.status, api.SpanStatusCode.ERROR)
  })

  it('belong to the span of the HTTP instrumentation, if that is there', async () => {
    const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http')
    const { registerInstrumentations } = require('@opentelemetry/instrumentation')
    const stop = registerInstrumentations({ instrumentations: [new HttpInstrumentation()] })
    const { createServer } = require('node:http')
    const trace = REMOTE.trace.replace('0', '2')
    const server = createServer(python.listener).listen(0, '127.0.0.1')
    await once(server, 'listening')
    try {
      await (await fetch(`http://127.0.0.1:${server.address().port}/items/5`,
        { headers: { traceparent: `00-${trace}-${REMOTE.span}-01` } })).text()
      await eventually(async () => {
        const shape = tree(await spansOf(trace))
        assert.ok(shape.some((each) => String(each) === 'SERVER GET,another process'),
          JSON.stringify(shape))
        assert.ok(shape.some((each) => String(each) === 'CLIENT GET,SERVER GET'),
          JSON.stringify(shape))
        assert.ok(shape.some((each) => String(each) === 'SERVER GET /items/{item},CLIENT GET'))
      })
    } finally {
      server.closeAllConnections()
      server.close()
      stop()
    }
  })
})
