// Load it before the program: node --import ./tracing.mjs server.mjs
import { registerInstrumentations } from '@opentelemetry/instrumentation'
import { BatchSpanProcessor, ConsoleSpanExporter, NodeTracerProvider } from
  '@opentelemetry/sdk-trace-node'
import { PythonInstrumentation } from 'node-asgi/tracing'

const provider = new NodeTracerProvider({
  spanProcessors: [new BatchSpanProcessor(new ConsoleSpanExporter())]
})
provider.register()
registerInstrumentations({
  instrumentations: [new PythonInstrumentation({ ignoreRequest: ({ path }) => path === '/health' })]
})
