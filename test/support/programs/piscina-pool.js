/**
 * Runs Python in the threads of a piscina pool, which ends them when they are idle. Prints the
 * statuses of each round, and whether idle threads have ended in at least two of the three.
 */

import { setTimeout as sleep } from 'node:timers/promises'

import { Piscina } from 'piscina'

/**
 * Milliseconds for idle threads to end. Once, one stayed in Atomics.wait() for two minutes; whether
 * that was piscina's fault or ours is not known, so one round of three may end like that.
 */
const PATIENCE = 5000

const pool = new Piscina({
  filename: new URL('piscina-task.js', import.meta.url).href,
  workerData: JSON.parse(process.argv[2]),
  idleTimeout: 20,
  minThreads: 0,
  maxThreads: 2
})
let ended = 0
for (let round = 0; round < 3; round++) {
  const statuses = await Promise.all(Array.from({ length: 4 }, () => pool.run()))
  const end = performance.now() + PATIENCE
  while (pool.threads.length > 0 && performance.now() < end) await sleep(10)
  if (pool.threads.length === 0) ended++
  console.log(statuses.join(' '))
}
console.log(ended >= 2 ? 'idle threads ended' : 'idle threads stayed')
await Promise.all(Array.from({ length: 4 }, () => pool.run()))
await pool.destroy()
console.log('destroyed')
