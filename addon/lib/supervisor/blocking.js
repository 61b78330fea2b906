/**
 * Waiting for handleRequestSync(). The event loop is blocked meanwhile, so what it would do is done
 * here.
 */

import { RequestTimeoutError, noWorkerError } from '../errors.js'

/** @typedef {import('./supervisor.js').Supervisor} Supervisor */

/** Milliseconds that one wait watches a single worker. */
const SLICE = 200

/**
 * Blocks until a worker is ready, or until none can become ready.
 * @param {Supervisor} supervisor
 */
export function waitForWorker (supervisor) {
  const { pool, timeouts } = supervisor
  const end = performance.now() + timeouts.startup + timeouts.kill
  if (pool.workers.length === 0) pool.demand?.()
  while (pool.workers.length === 0 && performance.now() < end) {
    // One whose start has failed is waited for, too: its end decides whether another one is
    // started.
    const worker = supervisor.workers.find((each) => each.readyAt === 0)
    if (worker === undefined || !supervisor.wait(worker, SLICE)) return
  }
}

/**
 * Blocks until the outcome of a request is known.
 * @param {Supervisor} supervisor
 * @param {import('../worker/worker.js').Worker} worker that has it
 * @param {import('../stream/request-stream.js').RequestStream} stream
 */
export function waitForResponse (supervisor, worker, stream) {
  const { request: timeout } = supervisor.timeouts
  const end = timeout === 0 ? Infinity : performance.now() + timeout
  while (!stream.finished) {
    const left = end - performance.now()
    if (left <= 0) {
      stream.cancel(new RequestTimeoutError(timeout))
    } else if (!supervisor.wait(worker, Math.ceil(Math.min(left, SLICE)))) {
      stream.cancel(noWorkerError(
        'the fork server has ended, and with it the worker that had the request'))
    }
  }
}
