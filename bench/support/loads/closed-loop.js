// A closed-loop load: a number of callers, each of which calls again when it has its response.
import { percentile } from '../report/report.js'

/**
 * @param {(caller: number) => Promise<unknown>} call gets the number of the caller, from 0; throws
 *   when the response is wrong
 * @param {object} options
 * @param {number} options.inFlight
 * @param {number} options.seconds
 * @param {() => () => object} [options.clock] starts to count CPU time: cpuClock() of processes.js
 * @returns {Promise<import('./wrk.js').Load & { cpu?: object }>}
 */
export async function closedLoop (call, { inFlight, seconds, clock }) {
  const latencies = []
  const cpuSince = clock?.()
  const started = performance.now()
  const end = started + seconds * 1000
  async function caller (_, number) {
    for (let sent = performance.now(); sent < end;) {
      await call(number)
      const now = performance.now()
      latencies.push(now - sent)
      sent = now
    }
  }
  await Promise.all(Array.from({ length: inFlight }, caller))
  // Read before sorting, which is not part of the load.
  const measured = { seconds: (performance.now() - started) / 1000, cpu: cpuSince?.() }
  return { ...measured, ...latenciesOf(latencies) }
}

/** @param {ArrayLike<number>} latencies in milliseconds */
export function latenciesOf (latencies) {
  const sorted = Float64Array.from(latencies).sort()
  return {
    requests: sorted.length,
    p50: percentile(sorted, 0.5),
    p90: percentile(sorted, 0.9),
    p99: percentile(sorted, 0.99),
    p999: percentile(sorted, 0.999),
    max: sorted.at(-1)
  }
}
