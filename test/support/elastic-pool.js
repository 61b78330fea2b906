import { BATCH, ElasticPolicy } from '../../addon/lib/supervisor/elastic-policy.js'
import { seeded } from './random.js'

export const SECOND = 1000

/** Milliseconds, as in elasticity.js. */
const WAITING = 10
const BUSY = 50
const HOLD = 100

/**
 * A pool in which each worker computes, one request after the other, under a load that is given by
 * its rate. Time goes by in milliseconds.
 * @param {object} parts
 * @param {(time: number) => number} parts.rate requests a second
 * @param {number} parts.service milliseconds of computing for a request
 * @param {number} parts.start milliseconds that a worker takes to start
 * @param {number} parts.length milliseconds
 */
export function simulate ({ rate, service, start, length, min = 1, max = 8, idle = 30_000 }) {
  const random = seeded(1)
  const policy = new ElasticPolicy({ min, max, idle }, 1000)
  /** The requests of each worker: when they arrived. `spent`: on the first. */
  let workers = Array.from({ length: min }, () => ({ list: [], spent: 0 }))
  let starting = []
  const queue = []
  const times = []
  const run = { firstGrowth: Infinity, most: min, turns: 0, longestQueue: 0, mean: 0 }
  let [next, released, direction] = [0, false, 0]
  for (let now = 0; now < length; now++) {
    for (let rest = rate(now) / 1000; rest > 0; rest--) if (random() < rest) queue.push(now)
    const ready = starting.filter((at) => at <= now)
    starting = starting.filter((at) => at > now)
    workers.push(...ready.map(() => ({ list: [], spent: 0 })))
    const limit = !released && workers.length + starting.length < max ? BATCH : 1000
    while (queue.length > 0 && workers.length > 0) {
      const least = workers.reduce((a, b) => b.list.length < a.list.length ? b : a)
      if (least.list.length >= limit) break
      least.list.push(queue.shift())
    }
    for (const worker of workers) {
      for (let left = 1; left > 0 && worker.list.length > 0;) {
        const step = Math.min(left, service - worker.spent)
        left -= step
        worker.spent += step
        if (worker.spent < service - 1e-9) continue
        times.push(now - worker.list.shift())
        worker.spent = 0
      }
    }
    run.longestQueue = Math.max(run.longestQueue, queue.length)
    run.mean += (workers.length + starting.length) / length
    if (now < next) continue
    const inFlight = workers.reduce((sum, { list }) => sum + list.length, 0)
    const count = workers.length + starting.length
    const waited = queue.length > 0 ? now - queue[0] : 0
    // A turn of an event loop takes what has been sent meanwhile, so it is as long as its requests.
    const lag = Math.min(...workers.map(({ list }) => list.length * service))
    const wanted = policy.decide({
      now,
      ready: workers.length,
      starting: starting.length,
      inFlight,
      waiting: queue.length,
      waited,
      lag: workers.length === 0 || count === max ? 0 : lag
    })
    for (let i = count; i < wanted; i++) starting.push(now + start)
    const victim = wanted < count ? workers.find(({ list }) => list.length === 0) : undefined
    if (victim !== undefined) workers = workers.filter((each) => each !== victim)
    const change = Math.sign(workers.length + starting.length - count)
    if (change > 0) run.firstGrowth = Math.min(run.firstGrowth, now)
    if (change !== 0 && change !== direction) {
      run.turns++
      direction = change
    }
    run.most = Math.max(run.most, wanted)
    if (waited >= HOLD) released = true
    else if (inFlight <= workers.length * BATCH / 2) released = false
    next = now + (queue.length > 0 ? WAITING : BUSY)
  }
  times.sort((a, b) => a - b)
  return { ...run, workers: workers.length, p99: times[Math.floor(times.length * 0.99)] }
}
