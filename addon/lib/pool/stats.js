/**
 * Counts and histograms: what stats() shows.
 */

import { createHistogram } from 'node:perf_hooks'

import { residentMemory } from '../util/resident-memory.js'

/** @typedef {import('../worker/worker.js').Worker} Worker */
/** @typedef {import('node:perf_hooks').RecordableHistogram} RecordableHistogram */

/**
 * Of the requests that workers were given. Each ends in one of the last four, or is in flight.
 * @typedef {object} Counts
 * @property {number} requests
 * @property {number} answered by a complete response
 * @property {number} failed in the application
 * @property {number} aborted by whoever sent it, or timed out
 * @property {number} lost with their worker; some of them are sent again
 */

// Microseconds up to an hour, to one part in a hundred.
const RANGE = { lowest: 1, highest: 3_600_000_000, figures: 2 }

const PERCENTILES = /** @type {const} */ ([50, 90, 99, 99.9])

/** Of times, to which milliseconds are added. */
export class Times {
  /** @type {RecordableHistogram} */
  #histogram = createHistogram(RANGE)

  /** @param {number} time milliseconds */
  add (time) {
    this.#histogram.record(Math.min(RANGE.highest, Math.max(1, Math.round(time * 1000))))
  }

  /** @param {Times} times all of which are added */
  merge (times) {
    this.#histogram.add(times.#histogram)
  }

  /** In milliseconds; all zero as long as there is none. */
  summary () {
    const histogram = this.#histogram
    const { count } = histogram
    const inMs = (/** @type {number} */ value) => count === 0 ? 0 : value / 1000
    const [p50, p90, p99, p999] = PERCENTILES.map((part) => inMs(histogram.percentile(part)))
    return { count, mean: inMs(histogram.mean), p50, p90, p99, p999, max: inMs(histogram.max) }
  }
}

/** What has become of the requests of one worker, or of many. */
export class Traffic {
  constructor () {
    this.requests = 0
    this.answered = 0
    this.failed = 0
    this.aborted = 0
    this.lost = 0
    /** From the sending of a request to the start of its response. */
    this.latency = new Times()
  }

  /** @param {Traffic} traffic */
  merge (traffic) {
    this.requests += traffic.requests
    this.answered += traffic.answered
    this.failed += traffic.failed
    this.aborted += traffic.aborted
    this.lost += traffic.lost
    this.latency.merge(traffic.latency)
  }

  summary () {
    const { requests, answered, failed, aborted, lost } = this
    return { requests, answered, failed, aborted, lost, latency: this.latency.summary() }
  }
}

/** @param {Worker} worker */
export function workerStats (worker) {
  const { id, pid, state, inFlight, lag, readyAt, traffic } = worker
  return {
    id,
    pid,
    state,
    inFlight,
    lag,
    uptime: readyAt === 0 ? 0 : performance.now() - readyAt,
    memory: pid === 0 ? 0 : residentMemory(pid),
    ...traffic.summary()
  }
}
