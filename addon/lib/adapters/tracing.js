/**
 * `node-asgi/tracing`: spans of OpenTelemetry for requests. types/tracing.d.ts declares it for
 * users.
 *
 * It has the interface of an instrumentation of OpenTelemetry, and listens to the channels of
 * observe/channels.js, so it needs nothing of OpenTelemetry but its API.
 */

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { readFileSync } from 'node:fs'

import { SpanKind, SpanStatusCode, context, diag, propagation, trace } from '@opentelemetry/api'

import { AppError } from '../errors.js'
import { checkOptions } from '../errors/unknown-key.js'
import { endAttributes, startAttributes } from './span-attributes.js'

/** @typedef {import('@opentelemetry/api').Span} Span */
/** @typedef {import('../observe/request-record.js').RequestRecord} RequestRecord */

/**
 * @typedef {object} Config
 * @property {boolean} [enabled]
 * @property {(request: RequestRecord) => boolean} [ignoreRequest]
 * @property {(span: Span, request: RequestRecord) => void} [requestHook]
 * @property {(span: Span, request: RequestRecord) => void} [responseHook]
 */

const KEYS = new Set(['enabled', 'ignoreRequest', 'requestHook', 'responseHook'])

const { version } = JSON.parse(
  readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'))

/** How a propagator reads the headers of a request. */
const GETTER = {
  /** @param {RequestRecord} request */
  keys: (request) => request.headers.keys(),
  /**
   * @param {RequestRecord} request
   * @param {string} name
   */
  get: (request, name) => request.headers.get(name) ?? undefined
}

/** How a propagator writes them. */
const SETTER = {
  /**
   * @param {RequestRecord} request
   * @param {string} name
   * @param {string} value
   */
  set: (request, name, value) => request.setHeader(name, value)
}

export class PythonInstrumentation {
  instrumentationName = 'node-asgi'
  instrumentationVersion = version

  /** @type {Map<RequestRecord, Span>} those that have not ended */
  #spans = new Map()

  /** @type {Config} */
  #config = {}

  #isEnabled = false

  #tracer = trace.getTracer(this.instrumentationName, version)

  #listeners = {
    'node-asgi:request:start': (/** @type {any} */ { request }) => this.#start(request),
    'node-asgi:request:headers': (/** @type {any} */ { request }) => {
      const span = this.#spans.get(request)
      if (span !== undefined) this.#call('responseHook', span, request)
    },
    'node-asgi:request:end': (/** @type {any} */ { request }) => this.#end(request)
  }

  /** @param {Config} [config] */
  constructor (config) {
    this.setConfig(config)
    if (this.#config.enabled !== false) this.enable()
  }

  /** @param {Config} [config] */
  setConfig (config) {
    checkOptions(config, KEYS, 'PythonInstrumentation')
    this.#config = { enabled: true, ...config }
  }

  getConfig () {
    return this.#config
  }

  /** @param {import('@opentelemetry/api').TracerProvider} provider */
  setTracerProvider (provider) {
    this.#tracer = provider.getTracer(this.instrumentationName, this.instrumentationVersion)
  }

  /** It has no metrics: node-asgi/metrics does. */
  setMeterProvider () {}

  enable () {
    if (this.#isEnabled) return
    this.#isEnabled = true
    for (const [name, listener] of Object.entries(this.#listeners)) subscribe(name, listener)
  }

  disable () {
    this.#isEnabled = false
    for (const [name, listener] of Object.entries(this.#listeners)) unsubscribe(name, listener)
    for (const span of this.#spans.values()) span.end()
    this.#spans.clear()
  }

  /**
   * A hook that throws costs no more than what it would have done.
   * @param {'ignoreRequest' | 'requestHook' | 'responseHook'} name
   * @param {any[]} args
   */
  #call (name, ...args) {
    try {
      const hook = /** @type {((...args: any[]) => any) | undefined} */ (this.#config[name])
      return hook?.(...args)
    } catch (error) {
      diag.error(`node-asgi/tracing: ${name} has thrown`, error)
    }
  }

  /** @param {RequestRecord} request */
  #start (request) {
    if (this.#call('ignoreRequest', request)) return
    let parent = context.active()
    const isCalled = trace.getSpan(parent) !== undefined
    // Somebody else may have passed a context on in the headers.
    if (!isCalled) parent = propagation.extract(parent, request, GETTER)
    // What serves a client is a server. What another span does is a call of Python.
    const kind = request.incoming && !isCalled ? SpanKind.SERVER : SpanKind.CLIENT
    const attributes = startAttributes(request, kind)
    const span = this.#tracer.startSpan(request.method, { kind, attributes }, parent)
    this.#spans.set(request, span)
    propagation.inject(trace.setSpan(parent, span), request, SETTER)
    this.#call('requestHook', span, request)
  }

  /** @param {RequestRecord} request */
  #end (request) {
    const span = this.#spans.get(request)
    if (span === undefined) return
    this.#spans.delete(request)
    const { error, outcome } = request
    span.setAttributes(endAttributes(request))
    if (error !== null) {
      span.recordException(describeException(error))
      // A client that has gone is no failure of the server.
      if (outcome !== 'aborted') span.setStatus({ code: SpanStatusCode.ERROR })
    } else if (request.status >= 500) {
      span.setStatus({ code: SpanStatusCode.ERROR })
    }
    span.end()
  }
}

/**
 * @param {any} error
 * @returns {import('@opentelemetry/api').Exception}
 */
function describeException (error) {
  if (error instanceof AppError) {
    return { name: error.type, message: error.pythonMessage, stack: error.traceback }
  }
  return error instanceof Error ? error : String(error)
}
