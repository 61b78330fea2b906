/**
 * What requests of a running server cost, from two readings of its metrics.
 */

import { CommandError } from '../failure.js'
import { parseExposition } from './exposition.js'

/** @typedef {import('./exposition.js').Sample} Sample */
/** @typedef {import('./model.js').Costs} Costs */

const MICROSECONDS = 1e6
const MILLISECONDS = 1000

/** Milliseconds that the server has to answer. */
const PATIENCE = 10_000

/** The most that is read, in bytes. */
const LONGEST = 16 * 1024 * 1024

/** With fewer requests, what else the processes do counts too much. */
const FEWEST = 100

/**
 * @typedef {object} Measured
 * @property {number} rate requests/s
 * @property {Costs} costs
 */

/**
 * @param {string} url of the metrics
 * @param {number} time milliseconds between the two readings
 * @returns {Promise<Measured>}
 * @throws {CommandError}
 */
export async function measure (url, time) {
  const before = await read(url)
  const start = performance.now()
  await new Promise((resolve) => setTimeout(resolve, time))
  const after = await read(url)
  return compare(before, after, performance.now() - start)
}

/**
 * @param {string} url
 * @returns {Promise<Sample[]>}
 */
async function read (url) {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE) })
    if (!response.ok) throw new Error(`it answered with ${response.status}`)
    let text = ''
    const decoder = new TextDecoder()
    for await (const bytes of /** @type {any} */ (response.body ?? [])) {
      text += decoder.decode(bytes, { stream: true })
      if (text.length > LONGEST) throw new Error('its answer does not end')
    }
    return parseExposition(text)
  } catch (error) {
    const { message, cause } = /** @type {Error} */ (error)
    const reason = /** @type {Error | undefined} */ (cause)?.message || message
    throw new CommandError(`the metrics at ${url} cannot be read: ${reason}. Start the server ` +
      'with --metrics, and give the URL that it prints')
  }
}

/**
 * @param {Sample[]} before
 * @param {Sample[]} after
 * @param {number} time milliseconds between them
 * @returns {Measured}
 * @throws {CommandError}
 */
export function compare (before, after, time) {
  const growth = (/** @type {string} */ name) => {
    const earlier = new Map(named(before, name).map(({ labels, value }) => [labels, value]))
    // A worker that was not there before has also used time to start, which no request costs. One
    // that is no longer there has no second reading.
    return named(after, name).reduce((sum, { labels, value }) =>
      sum + Math.max(0, value - (earlier.get(labels) ?? value)), 0)
  }
  const requests = growth('node_asgi_requests_total')
  if (requests < FEWEST) {
    throw new CommandError(`the server has answered ${requests} requests in ` +
      `${Math.round(time / MILLISECONDS)} s; costs need ${FEWEST} or more. Measure while it has ` +
      'its usual load, or for longer (--seconds)')
  }
  const timed = growth('node_asgi_request_duration_seconds_count')
  return {
    rate: requests / time * MILLISECONDS,
    costs: {
      node: growth('process_cpu_seconds_total') / requests * MICROSECONDS,
      python: growth('node_asgi_worker_cpu_seconds_total') / requests * MICROSECONDS,
      duration: timed === 0
        ? 0
        : growth('node_asgi_request_duration_seconds_sum') / timed * MILLISECONDS,
      nodeMemory: largest(after, 'process_resident_memory_bytes') / processCount(after),
      workerMemory: largest(after, 'node_asgi_worker_memory_bytes')
    }
  }
}

/**
 * @param {Sample[]} samples
 * @param {string} name
 * @throws {CommandError} if there is none
 */
function named (samples, name) {
  const found = samples.filter((sample) => sample.name === name)
  if (found.length > 0) return found
  throw new CommandError(`the metrics do not include ${name}. Give the metrics that --metrics ` +
    "serves. In a program, they are those of node-asgi/metrics and prom-client's " +
    'collectDefaultMetrics() in one registry, without a prefix')
}

/**
 * With --processes, metrics are those of all Node processes together. The number of a worker then
 * has that of its process, too, such as 2.1.
 * @param {Sample[]} samples
 * @returns {number} at least 1
 */
function processCount (samples) {
  return new Set(named(samples, 'node_asgi_worker_memory_bytes').map(({ labels }) =>
    /worker="(\d+)\.\d+"/.exec(labels)?.[1])).size
}

/**
 * @param {Sample[]} samples
 * @param {string} name
 */
function largest (samples, name) {
  return Math.max(...named(samples, name).map(({ value }) => value))
}
