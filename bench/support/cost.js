// What a load costs: the CPU time of Node and of the workers, divided by what was done.
import { cpuTime } from './proc.js'

/** Of all threads, those that have ended too; in nanoseconds. */
function ownTime () {
  const { user, system } = process.cpuUsage()
  return (user + system) * 1000
}

/**
 * Runs `work` again and again, so many at a time, for a while.
 * @param {{ pids: number[], inFlight: number, seconds: number,
 *   work: (client: number) => Promise<unknown> }} options `work` is told which of the clients calls,
 *   from 0, and throws when an answer is wrong
 * @returns {Promise<{ count: number, rate: number, node: number, workers: number, total: number }>}
 *   CPU microseconds for each
 */
export async function costOf ({ pids, inFlight, seconds, work }) {
  const inWorkers = () => pids.reduce((sum, pid) => sum + cpuTime(pid), 0)
  const before = { node: ownTime(), workers: inWorkers() }
  const begun = performance.now()
  const end = begun + seconds * 1000
  let count = 0
  async function client (_, number) {
    do {
      await work(number)
      count++
    } while (performance.now() < end)
  }
  await Promise.all(Array.from({ length: inFlight }, client))
  const rate = count / (performance.now() - begun) * 1000
  const node = (ownTime() - before.node) / count / 1000
  const workers = (inWorkers() - before.workers) / count / 1000
  return { count, rate, node, workers, total: node + workers }
}
