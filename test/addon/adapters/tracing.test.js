import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { test } from 'node:test'

import { SpanKind, SpanStatusCode, diag } from '@opentelemetry/api'

import { PythonInstrumentation } from '../../../addon/lib/adapters/tracing.js'
import { fakeHandler } from '../../support/fake-handler.js'

/** A tracer that keeps its spans as plain objects. test/observability has the real ones. */
function recorder () {
  const spans = []
  const startSpan = (name, { kind, attributes }) => {
    const span = { name, kind, attributes: { ...attributes }, exceptions: [] }
    spans.push(Object.assign(span, { status: null, ends: 0 }))
    return Object.assign(span, {
      setAttributes: (more) => Object.assign(span.attributes, more),
      setAttribute: (key, value) => { span.attributes[key] = value },
      setStatus: (status) => { span.status = status.code },
      recordException: (error) => span.exceptions.push(error),
      spanContext: () => ({ traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1 }),
      end: () => { span.ends++ }
    })
  }
  return { spans, provider: { getTracer: () => ({ startSpan }) } }
}

function traced (t, app, config) {
  const { spans, provider } = recorder()
  const instrumentation = new PythonInstrumentation(config)
  t.after(() => instrumentation.disable())
  instrumentation.setTracerProvider(provider)
  return { ...fakeHandler(t, {}, { app }), spans, instrumentation }
}

test('a call of the program is a client, with what the conventions ask for', async (t) => {
  const { python, spans } = traced(t, (request) => request.respond(201, 'ok'))
  await python.handleRequest({ method: 'POST', url: 'http://h:1/a?secret', body: 'x' })
  const [{ name, kind, attributes, ends, status }] = spans
  assert.deepEqual([name, kind, ends, status], ['POST', SpanKind.CLIENT, 1, null])
  assert.equal(attributes['http.request.method'], 'POST')
  assert.equal(attributes['url.full'], 'http://h:1/a')
  assert.equal(attributes['server.port'], 1)
  assert.equal(attributes['http.response.status_code'], 201)
  assert.equal(attributes['node_asgi.outcome'], 'answered')
  assert.equal(attributes['node_asgi.worker'], 1)
  assert.equal(attributes['error.type'], undefined)
  assert.doesNotMatch(JSON.stringify(attributes), /secret/)
})

test('a request of the network is a server', async (t) => {
  const { python, spans } = traced(t, (request) => request.respond(503, 'busy'))
  const server = createServer(python.listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  await (await fetch(`http://127.0.0.1:${server.address().port}/x`)).text()
  server.closeAllConnections()
  server.close()
  const [{ kind, attributes, status }] = spans
  assert.equal(kind, SpanKind.SERVER)
  assert.equal(status, SpanStatusCode.ERROR)
  assert.equal(attributes['client.address'], '127.0.0.1')
  assert.equal(attributes['error.type'], '503')
  assert.equal(attributes['url.full'], undefined)
})

test('an exception of the application is in the span, with its traceback', async (t) => {
  const { python, spans } = traced(t,
    (request) => request.raise('ValueError', 'wrong', 'Traceback: line 1'))
  await assert.rejects(python.handleRequest({ url: '/' }))
  const [{ exceptions, status, attributes, ends }] = spans
  assert.deepEqual(exceptions,
    [{ name: 'ValueError', message: 'wrong', stack: 'Traceback: line 1' }])
  assert.deepEqual([status, attributes['error.type'], ends], [SpanStatusCode.ERROR, 'ERR_APP', 1])
})

test('a request that the sender aborted is no failure', async (t) => {
  const gone = new AbortController()
  const { python, spans } = traced(t, () => gone.abort())
  await assert.rejects(python.handleRequest({ url: '/' }, { signal: gone.signal }))
  assert.equal(spans[0].status, null)
  assert.equal(spans[0].attributes['node_asgi.outcome'], 'aborted')
})

test('requests can be ignored, and hooks see the others', async (t) => {
  const { python, spans } = traced(t, (request) => request.respond(200, ''), {
    ignoreRequest: ({ path }) => path === '/health',
    requestHook: (span, { path }) => span.setAttribute('mine', path),
    responseHook: (span, { status }) => span.setAttribute('theirs', status)
  })
  await python.handleRequest({ url: '/health' })
  await python.handleRequest({ url: '/x' })
  assert.deepEqual(spans.map(({ attributes: { mine, theirs } }) => [mine, theirs]), [['/x', 200]])
})

test('a hook that throws is reported, and the request goes on', async (t) => {
  const errors = []
  diag.setLogger({ error: (...args) => errors.push(args), warn () {}, info () {} },
    { suppressOverrideMessage: true })
  t.after(() => diag.disable())
  const { python, spans } = traced(t, (request) => request.respond(200, ''), {
    requestHook: () => { throw new Error('mine') }
  })
  await python.handleRequest({ url: '/' })
  assert.equal(spans[0].ends, 1)
  assert.match(errors[0][0], /requestHook/)
})

test('after disable() no span is open, and none is created', async (t) => {
  const { python, fake, spans, instrumentation } = traced(t, () => {})
  await python.ready
  const response = python.handleRequest({ url: '/' })
  instrumentation.disable()
  assert.equal(spans[0].ends, 1)
  fake.requests[0].respond(200, '')
  await response
  assert.equal(spans[0].ends, 1)
  await python.close()
  await assert.rejects(python.handleRequest({ url: '/' }))
  assert.equal(spans.length, 1)
})

test('an instrumentation that starts disabled waits for enable()', async (t) => {
  const { python, spans, instrumentation } = traced(t, (request) => request.respond(200, ''),
    { enabled: false })
  await python.handleRequest({ url: '/' })
  assert.deepEqual([spans.length, instrumentation.getConfig().enabled], [0, false])
  instrumentation.enable()
  instrumentation.enable()
  await python.handleRequest({ url: '/' })
  assert.equal(spans.length, 1)
  assert.throws(() => instrumentation.setConfig({ requestHooks: 1 }), /requestHook/)
})
