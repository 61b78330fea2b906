import type { MeterProvider, Span, TracerProvider } from '@opentelemetry/api'
import type { ObservedRequest } from './diagnostics.js'

/** Options of {@link PythonInstrumentation}. */
export interface PythonInstrumentationConfig {
  /**
   * Whether it creates spans from the start; `false`: not before `enable()`.
   * @defaultValue true
   */
  enabled?: boolean
  /**
   * Whether a request gets no span. It is called at the start of each request.
   * @defaultValue undefined
   */
  ignoreRequest?: (request: ObservedRequest) => boolean
  /**
   * Is called with each new span, for example to add attributes or to rename it.
   * @defaultValue undefined
   */
  requestHook?: (span: Span, request: ObservedRequest) => void
  /**
   * Is called when the response starts.
   * @defaultValue undefined
   */
  responseHook?: (span: Span, request: ObservedRequest) => void
}

/**
 * An instrumentation of OpenTelemetry that creates a span for each request and WebSocket of every
 * handler in the process. The application gets the context of the span in the headers that the
 * propagator writes (`traceparent`), so its own spans belong to the same trace. It needs
 * `@opentelemetry/api`, and does nothing as long as no SDK is set up.
 *
 * The parent of a span is the active span, and otherwise what the headers of the request name. A
 * request of the network without an active span gets a span of the kind `SERVER`, others `CLIENT`.
 * [Observability](../observability.md#traces) has an example.
 * @example
 * ```js
 * import { PythonInstrumentation } from 'node-asgi/tracing'
 *
 * const instrumentation = new PythonInstrumentation({
 *   ignoreRequest: ({ path }) => path === '/health'
 * })
 * instrumentation.disable()
 * ```
 */
export class PythonInstrumentation {
  constructor (config?: PythonInstrumentationConfig)
  /** The name of the tracer. */
  instrumentationName: string
  /** The version of node-asgi. */
  instrumentationVersion: string
  /** Creates spans from now on. */
  enable (): void
  /** Creates no more spans, and ends those of requests in progress. */
  disable (): void
  /** Sets where spans go. `registerInstrumentations()` and the SDK for Node.js call it. */
  setTracerProvider (provider: TracerProvider): void
  /** Does nothing: {@link createMetrics} of `node-asgi/metrics` has metrics. */
  setMeterProvider (provider: MeterProvider): void
  /** Replaces the options. */
  setConfig (config?: PythonInstrumentationConfig): void
  /** The options. */
  getConfig (): PythonInstrumentationConfig
}
