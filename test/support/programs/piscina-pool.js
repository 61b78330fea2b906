/**
 * Runs Python in the threads of a piscina pool, which ends them when they are idle. Prints the
 * statuses and how many threads are left.
 */

import { setTimeout as sleep } from 'node:timers/promises'

import { Piscina } from 'piscina'

/**
 * Milliseconds for piscina to end its idle threads. It has been seen to keep one, which waits in
 * Atomics.wait(); destroy() ends that.
 */
const PATIENCE = 5000

const pool = new Piscina({
  filename: new URL('piscina-task.js', import.meta.url).href,
  workerData: JSON.parse(process.argv[2]),
  idleTimeout: 20,
  minThreads: 0,
  maxThreads: 2
})
for (let round = 0; round < 3; round++) {
  const statuses = await Promise.all(Array.from({ length: 4 }, () => pool.run()))
  const end = performance.now() + PATIENCE
  while (pool.threads.length > 0 && performance.now() < end) await sleep(10)
  console.log(statuses.join(' '))
}
await Promise.all(Array.from({ length: 4 }, () => pool.run()))
await pool.destroy()
console.log('destroyed')
