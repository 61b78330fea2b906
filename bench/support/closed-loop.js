// A closed loop: so many callers, each of which calls again as soon as it has its answer.
import { percentile } from './report.js'

/**
 * @param {() => Promise<void>} call throws when the answer is not right
 * @param {{ inFlight: number, seconds: number }} options
 * @returns {Promise<import('./wrk.js').Load>}
 */
export async function closedLoop (call, { inFlight, seconds }) {
  const latencies = []
  const started = performance.now()
  const end = started + seconds * 1000
  async function caller () {
    for (let sent = performance.now(); sent < end;) {
      await call()
      const now = performance.now()
      latencies.push(now - sent)
      sent = now
    }
  }
  await Promise.all(Array.from({ length: inFlight }, caller))
  return { seconds: (performance.now() - started) / 1000, ...latenciesOf(latencies) }
}

/** @param {number[]} latencies in milliseconds */
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
