import { createHistogram } from 'node:perf_hooks'

// Microseconds up to an hour, accurate to one part in a hundred.
const RANGE = { lowest: 1, highest: 3_600_000_000, figures: 2 }

const PERCENTILES = /** @type {const} */ ([50, 90, 99, 99.9])

/** A histogram of durations in milliseconds. */
export class Times {
  /** @type {import('node:perf_hooks').RecordableHistogram} */
  #histogram = createHistogram(RANGE)

  /** @param {number} time milliseconds */
  add (time) {
    this.#histogram.record(Math.min(RANGE.highest, Math.max(1, Math.round(time * 1000))))
  }

  /** @param {Times} times all of which are added */
  merge (times) {
    this.#histogram.add(times.#histogram)
  }

  /** In milliseconds; all zero while the histogram is empty. */
  summary () {
    const histogram = this.#histogram
    const { count } = histogram
    const inMs = (/** @type {number} */ value) => count === 0 ? 0 : value / 1000
    const [p50, p90, p99, p999] = PERCENTILES.map((part) => inMs(histogram.percentile(part)))
    return { count, mean: inMs(histogram.mean), p50, p90, p99, p999, max: inMs(histogram.max) }
  }
}
