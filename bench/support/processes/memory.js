import { readFileSync } from 'node:fs'

const MIB = 2 ** 20

/** Bytes; the same on all machines that these benchmarks run on. */
const PAGE = 4096

/** The proportional set size of a process in bytes: each shared page is divided by its sharers. */
export function pss (pid) {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  return Number(/^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1]) * 1024
}

/** Samples the memory of this process and of the workers until stopped. */
export function sampleMemory (pids, interval = 100) {
  const now = () => ({ node: process.memoryUsage.rss(), workers: pids.map(pss) })
  const first = now()
  const samples = [first]
  const timer = setInterval(() => samples.push(now()), interval)
  return {
    stop () {
      clearInterval(timer)
      samples.push(now())
      const growth = read => (Math.max(...samples.map(read)) - read(first)) / MIB
      return {
        baseline: { node: first.node / MIB, workers: first.workers.map(bytes => bytes / MIB) },
        nodeGrowth: growth(sample => sample.node),
        workerGrowth: Math.max(...pids.map((_, i) => growth(sample => sample.workers[i]))),
        samples: samples.length
      }
    }
  }
}

/** The resident memory of a process in bytes, without what it shares; cheaper than pss(). */
function privateBytes (pid) {
  const [, resident, shared] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ').map(Number)
  return (resident - shared) * PAGE
}

/**
 * Watches the memory of processes.
 * @param {number[]} pids
 * @param {number} [interval] milliseconds
 * @returns {{ stop: () => number }} stop() gives how many MiB more they took together at most
 */
export function watchMemory (pids, interval = 100) {
  const now = () => pids.reduce((sum, pid) => sum + privateBytes(pid), 0)
  const first = now()
  let most = first
  const look = () => { most = Math.max(most, now()) }
  const timer = setInterval(look, interval)
  return {
    stop () {
      clearInterval(timer)
      look()
      return (most - first) / MIB
    }
  }
}
