// Calls at fixed times. Node's timers are a millisecond late or more; a thread that sleeps on a
// futex is not, so any delay comes from what is called.
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { latenciesOf } from './closed-loop.js'

const now = () => Number(process.hrtime.bigint()) / 1e6

if (!isMainThread) tick(workerData)

/** Runs in the thread: sleeps until each time, then posts a message. */
function tick ({ first, interval, count }) {
  const neverNotified = new Int32Array(new SharedArrayBuffer(4))
  for (let i = 0; i < count; i++) {
    const wait = first + i * interval - now()
    if (wait > 0) Atomics.wait(neverNotified, 0, 0, wait)
    parentPort.postMessage(i)
  }
}

/**
 * Calls `work` at fixed times, one call at a time. A call that is late does not shift the times of
 * the later ones, and latency counts from the planned time.
 * @param {{ interval: number, count: number, work: () => Promise<unknown> }} options milliseconds
 * @returns {Promise<{ latency: object, service: object }>} latenciesOf() the milliseconds until
 *   `work` is done: from the planned time, and from the call
 */
export async function atFixedRate ({ interval, count, work }) {
  const first = now() + 100 // The thread has started by then.
  const thread = new Worker(new URL(import.meta.url), { workerData: { first, interval, count } })
  const latencies = new Float64Array(count)
  const service = new Float64Array(count)
  try {
    await new Promise((resolve, reject) => {
      let previous = Promise.resolve()
      thread.on('error', reject)
      thread.on('message', i => {
        previous = previous.then(async () => {
          const begun = now()
          await work()
          const done = now()
          latencies[i] = done - (first + i * interval)
          service[i] = done - begun
          if (i === count - 1) resolve()
        })
        previous.catch(reject)
      })
    })
  } finally {
    await thread.terminate()
  }
  return { latency: latenciesOf(latencies), service: latenciesOf(service) }
}
