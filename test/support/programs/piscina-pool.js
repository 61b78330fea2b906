/**
 * Runs Python in the threads of a piscina pool, which terminates them when they are idle. After
 * each round it waits until they and their Python processes have ended, and prints the statuses.
 */

import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

import { Piscina } from 'piscina'

import { childProcesses } from '../processes.js'

/**
 * Threads of the pool, and tasks of a round. If there were more tasks, piscina 5.3 might never
 * terminate an idle thread: when it gives a thread a task from its queue, it clears the thread's
 * idle timer in a microtask. A thread that answers before that has its new timer cleared.
 */
const THREADS = 2

const pool = new Piscina({
  filename: new URL('piscina-task.js', import.meta.url).href,
  workerData: JSON.parse(process.argv[2]),
  idleTimeout: 20,
  minThreads: 0,
  maxThreads: THREADS
})

/** @param {number} count */
async function runTasks (count) {
  const statuses = await Promise.all(Array.from({ length: count }, () => pool.run()))
  return statuses.join(' ')
}

for (let round = 0; round < 3; round++) {
  const statuses = runTasks(THREADS)
  // `pool.threads` omits a thread as soon as it is told to end, whether or not it does.
  const ends = pool.threads.map((thread) => {
    thread.ref()
    return once(thread, 'exit')
  })
  await Promise.all(ends)
  while (childProcesses().length > 0) await sleep(10)
  console.log(`${await statuses}: ${ends.length} threads ended and left no process`)
}
await runTasks(2 * THREADS)
await pool.destroy()
console.log('destroyed')
