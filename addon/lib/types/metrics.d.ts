import type { Registry } from 'prom-client'
import type { Listener, PythonHandler } from './handler.js'

/** Options of {@link createMetrics}. */
export interface MetricsOptions {
  /**
   * The registry of prom-client that gets the metrics.
   * @defaultValue prom-client's own `register`
   */
  registry?: Registry<any>
  /**
   * The beginning of the names of the metrics.
   * @defaultValue `'node_asgi_'`
   */
  prefix?: string
  /**
   * Labels that every metric of this handler has. If a registry has metrics of several handlers,
   * each handler needs a value of its own, and all need the same names.
   * @defaultValue `{}`
   */
  labels?: Readonly<Record<string, string>>
  /**
   * The upper bounds of the buckets of both histograms, in seconds, in rising order.
   * @defaultValue `[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]`
   */
  buckets?: readonly number[]
}

/** What {@link createMetrics} returns. */
export interface Metrics {
  /** The registry that has the metrics. */
  registry: Registry
  /** Answers GET and HEAD with everything in the registry, in the format of Prometheus. */
  listener: Listener
  /**
   * Removes the metrics of this handler from the registry. They stay there until then, even if the
   * handler is closed.
   */
  stop: () => void
}

/**
 * Puts metrics of a handler into a registry of prom-client, which you install.
 * [Observability](../observability.md#metrics) lists them.
 * @throws {@link InvalidOptionError} `ERR_INVALID_OPTION`: an option is invalid, or the registry
 *   has metrics of a handler with the same labels
 * @example
 * ```js
 * import { createServer } from 'node:http'
 * import { createMetrics } from 'node-asgi/metrics'
 *
 * const metrics = createMetrics(python)
 * const server = createServer(metrics.listener).listen(3001, '127.0.0.1')
 * ```
 */
export function createMetrics (python: PythonHandler, options?: MetricsOptions): Metrics
