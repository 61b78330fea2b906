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

/** The states that a worker may be shown in, as long as it is shown. */
export const SHOWN_STATES = /** @type {const} */ (['starting', 'ready', 'draining'])

/** The states of endpoints of a remote application. */
export const ENDPOINT_STATES = /** @type {const} */ (
  ['connecting', 'up', 'out', 'trial', 'leaving'])

/**
 * @template {string} State
 * @param {readonly State[]} states
 * @param {{ state: string }[]} all
 * @returns {Record<State, number>} how many are in each of these states
 */
export function countStates (states, all) {
  return /** @type {any} */ (Object.fromEntries(states.map((state) =>
    [state, all.filter((each) => each.state === state).length])))
}

/**
 * @param {Worker[]} workers
 * @returns {Record<typeof SHOWN_STATES[number], number>}
 */
export function countWorkers (workers) {
  return countStates(SHOWN_STATES, workers.map(({ state }) => ({ state: shownState(state) })))
}

/** @param {import('../worker/states.js').WorkerState} state */
export function shownState (state) {
  return SHOWN[state]
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
    state: shownState(state),
    inFlight,
    lag,
    uptime: readyAt === 0 ? 0 : performance.now() - readyAt,
    memory: pid === 0 ? 0 : processUsage(pid).memory,
    ...traffic.summary()
  }
}
