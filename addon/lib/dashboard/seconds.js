import { Latencies } from './latencies.js'

/** How many seconds the charts show. */
export const LENGTH = 300

/** Seconds over which the page adds up what it calls "now". */
export const RECENT = 60

/**
 * One second as the page gets it: its time in seconds since 1970, requests, those answered with
 * 4xx, those that failed, and percentiles of the latency in milliseconds.
 * @typedef {[time: number, requests: number, clientErrors: number, failures: number,
 *   p50: number | null, p95: number | null, p99: number | null]} Second
 */

class Row {
  constructor () {
    this.time = 0
    this.requests = 0
    this.clientErrors = 0
    this.failures = 0
    this.latencies = new Latencies()
  }

  /** @param {number} time */
  reset (time) {
    this.time = time
    this.requests = this.clientErrors = this.failures = 0
    this.latencies.clear()
  }
}

/** What happened in each of the last seconds. */
export class Seconds {
  /** The row of a second is at its time modulo the number of rows. */
  #rows = Array.from({ length: LENGTH }, () => new Row())

  /**
   * @param {number} time seconds since 1970
   * @returns {Row} to be added to
   */
  at (time) {
    const row = this.#rows[time % LENGTH]
    if (row.time !== time) row.reset(time)
    return row
  }

  /**
   * @param {number} from seconds since 1970
   * @param {number} to
   * @returns {Second[]} one for each second, both ends included
   */
  list (from, to) {
    const list = []
    for (let time = Math.max(from, to - LENGTH + 1); time <= to; time++) {
      list.push(this.#describe(time))
    }
    return list
  }

  /**
   * @param {number} from seconds since 1970
   * @param {number} to
   * @returns {object[]} the seconds in which something happened, for mergeRaw()
   */
  raw (from, to) {
    return this.#rows.filter(({ time }) => time >= from && time <= to)
      .map(({ latencies, ...row }) => ({ ...row, latencies: latencies.raw() }))
  }

  /**
   * @param {any} raw a second of another process, from raw()
   * @param {number} now seconds since 1970
   */
  mergeRaw (raw, now) {
    const { time, requests, clientErrors, failures, latencies } = Object(raw)
    if (!Number.isInteger(time) || time <= now - LENGTH || time > now) return
    const row = this.at(time)
    row.requests += Number(requests) || 0
    row.clientErrors += Number(clientErrors) || 0
    row.failures += Number(failures) || 0
    row.latencies.mergeRaw(latencies)
  }

  /**
   * @param {number} time
   * @returns {Second}
   */
  #describe (time) {
    const row = this.#rows[time % LENGTH]
    if (row.time !== time) return [time, 0, 0, 0, null, null, null]
    const { requests, clientErrors, failures, latencies } = row
    return [time, requests, clientErrors, failures,
      latencies.percentile(0.5), latencies.percentile(0.95), latencies.percentile(0.99)]
  }

  /**
   * @param {number} from seconds since 1970
   * @param {number} to
   */
  total (from, to) {
    const latencies = new Latencies()
    let requests = 0
    let failures = 0
    for (const row of this.#rows) {
      if (row.time < from || row.time > to) continue
      requests += row.requests
      failures += row.failures
      latencies.merge(row.latencies)
    }
    return { requests, failures, p50: latencies.percentile(0.5), p99: latencies.percentile(0.99) }
  }
}
