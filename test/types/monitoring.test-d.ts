import { createServer } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import { PythonHandler, type Readiness } from 'node-asgi'
import { createMetrics } from 'node-asgi/metrics'
import { PythonInstrumentation } from 'node-asgi/tracing'
import { SpanKind, type TracerProvider } from '@opentelemetry/api'
import { Registry } from 'prom-client'
import { type Equal, expectTrue } from './expect.js'

declare const python: PythonHandler
declare const provider: TracerProvider

const metrics = createMetrics(python, {
  registry: new Registry(), labels: { app: 'a' }, prefix: 'python_', buckets: [0.1, 1]
})
createServer(metrics.listener)
createHttp2Server(metrics.listener)
expectTrue<Equal<typeof metrics.registry, Registry>>()
metrics.stop()
createMetrics(python)
// @ts-expect-error labels are texts
createMetrics(python, { labels: { app: 1 } })

const instrumentation = new PythonInstrumentation({
  ignoreRequest: ({ path, incoming }) => incoming && path === '/health',
  requestHook: (span, { method }) => { span.updateName(`${method} ${SpanKind.CLIENT}`) }
})
instrumentation.setTracerProvider(provider)
// @ts-expect-error it has no such option
new PythonInstrumentation({ requestHooks: () => {} })

createServer(python.health)
createHttp2Server(python.health.readyz)
expectTrue<Equal<ReturnType<typeof python.health.check>, Readiness>>()
python.health.suspend()
python.health.suspend('stopping')
python.health.resume()
