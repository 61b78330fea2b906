/**
 * `node-asgi/metrics`: metrics of handlers in a registry of prom-client. types/metrics.d.ts
 * declares it for users.
 */

import { register } from 'prom-client'

import { InvalidOptionError } from '../errors.js'
import { checkOptions, describe } from '../errors/unknown-key.js'
import { serviceOf } from '../handler.js'
import { describe as describeError } from '../http/exchange.js'
import { MetricSet } from './metric-set.js'

const KEYS = new Set(['registry', 'prefix', 'labels', 'buckets'])

const PREFIX = 'node_asgi_'

/** A name of Prometheus, of which a prefix is the beginning. */
const NAME = /^[a-z_]\w*$/i

/** Seconds. A handler is faster than the services that prom-client's own buckets are for. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/**
 * The metrics of each registry, by prefix: handlers share them.
 * @type {WeakMap<object, Map<string, MetricSet>>}
 */
const registries = new WeakMap()

/**
 * @param {import('../handler.js').PythonHandler} python
 * @param {Record<string, any>} [options]
 */
export function createMetrics (python, options) {
  checkOptions(options, KEYS, 'createMetrics()')
  const { registry = register, prefix = PREFIX, labels = {}, buckets = BUCKETS } = options ?? {}
  const service = handlerService(python)
  if (typeof registry?.registerMetric !== 'function') {
    throw new InvalidOptionError('registry',
      `registry must be a Registry of prom-client, not ${describe(registry)}`)
  }
  if (typeof prefix !== 'string' || !NAME.test(prefix)) {
    throw new InvalidOptionError('prefix', 'prefix must begin a name of Prometheus, for example ' +
      `${PREFIX}, not ${describe(prefix)}`)
  }
  checkLabels(labels)
  checkBuckets(buckets)
  const sets = registries.get(registry) ?? new Map()
  registries.set(registry, sets)
  const set = sets.get(prefix) ?? new MetricSet(registry, prefix, Object.keys(labels), buckets)
  sets.set(prefix, set)
  const leave = set.add(service, labels)
  const { logger } = service.settings
  return {
    registry,
    listener: (/** @type {any} */ req, /** @type {any} */ res) => {
      answer(registry, req, res).catch((error) => {
        logger.error(`[node-asgi] the metrics could not be read: ${describeError(error)}`)
        if (!res.headersSent) res.writeHead(500)
        res.end()
      })
    },
    stop: () => {
      leave()
      if (set.isEmpty) sets.delete(prefix)
    }
  }
}

/** @param {any} python */
function handlerService (python) {
  const service = serviceOf(python)
  if (service !== undefined) return service
  throw new InvalidOptionError('python',
    `createMetrics() needs a PythonHandler of this copy of node-asgi, not ${describe(python)}`)
}

/** @param {any} labels */
function checkLabels (labels) {
  const isRecord = typeof labels === 'object' && labels !== null && !Array.isArray(labels)
  if (isRecord && Object.entries(labels).every(([name, value]) =>
    NAME.test(name) && typeof value === 'string')) return
  throw new InvalidOptionError('labels', 'labels must be names and texts, for example ' +
    `{ app: 'api' }, not ${describe(labels)}`)
}

/** @param {any} buckets */
function checkBuckets (buckets) {
  const isList = Array.isArray(buckets) && buckets.length > 0
  if (isList && buckets.every((bound, i) => bound > (i === 0 ? 0 : buckets[i - 1]))) return
  throw new InvalidOptionError('buckets', 'buckets must be rising upper bounds in seconds, for ' +
    `example [0.01, 0.1, 1], not ${describe(buckets)}`)
}

/**
 * @param {import('prom-client').Registry} registry
 * @param {any} req
 * @param {any} res
 */
async function answer (registry, req, res) {
  if (req.method !== 'GET' && req.method !== 'HEAD') {
    res.writeHead(405, { allow: 'GET, HEAD' })
    return res.end()
  }
  const text = Buffer.from(await registry.metrics())
  res.writeHead(200, {
    'content-type': registry.contentType, 'content-length': text.length, 'cache-control': 'no-store'
  })
  res.end(req.method === 'HEAD' ? undefined : text)
}
