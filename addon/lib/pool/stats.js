import { processUsage } from '../worker/process-usage.js'

/** @typedef {import('../worker/worker.js').Worker} Worker */

/**
 * The states that stats() shows, by those of states.js.
 * @type {Record<import('../worker/states.js').WorkerState, 'starting' | 'ready' | 'draining' |
 *   'gone'>}
 */
const SHOWN = {
  starting: 'starting',
  ready: 'ready',
  silent: 'ready',
  draining: 'draining',
  dying: 'draining',
  exited: 'draining',
  gone: 'gone'
}

/**
 * What stats() shows of one worker.
 * @param {Worker} worker
 */
export function workerStats (worker) {
  const { id, pid, state, inFlight, lag, readyAt, traffic } = worker
  return {
    id,
    pid,
    state: SHOWN[state],
    inFlight,
    lag,
    uptime: readyAt === 0 ? 0 : performance.now() - readyAt,
    memory: pid === 0 ? 0 : processUsage(pid).memory,
    ...traffic.summary()
  }
}
