/**
 * The states of a worker, and what moves it from one to the next. docs/architecture.md draws this
 * table and says who causes each transition.
 *
 * - `starting`: Its process is being forked, imports the application and runs lifespan startup.
 * - `ready`: It takes requests.
 * - `silent`: Its event loop has not answered for a sixth of `timeouts.hang`, while another worker
 *   answers. It gets no new requests until it answers.
 * - `draining`: It has been told to finish its requests, to run lifespan shutdown and to exit.
 * - `dying`: It has failed, or has not ended in time. It is about to exit or has been killed.
 * - `exited`: Its process has ended. The last frames in its ring are still to be read.
 * - `gone`: Every request has its outcome, and everything the worker held has been released.
 *
 * @typedef {'starting' | 'ready' | 'silent' | 'draining' | 'dying' | 'exited' | 'gone'} WorkerState
 */

/**
 * @typedef {'become ready' | 'suspect' | 'answer' | 'stop' | 'fail' | 'kill' | 'exit' | 'release'}
 *   Transition
 */

/**
 * The next state, by state and transition. A transition that a state does not list does nothing:
 * news of a process may arrive late.
 * @type {Readonly<Record<WorkerState, Partial<Record<Transition, WorkerState>>>>}
 */
export const TRANSITIONS = Object.freeze({
  starting: {
    'become ready': 'ready',
    stop: 'draining',
    fail: 'dying',
    exit: 'exited',
    release: 'gone'
  },
  ready: {
    suspect: 'silent',
    stop: 'draining',
    fail: 'dying',
    exit: 'exited',
    release: 'gone'
  },
  silent: {
    answer: 'ready',
    stop: 'draining',
    fail: 'dying',
    exit: 'exited',
    release: 'gone'
  },
  draining: {
    stop: 'draining',
    fail: 'dying',
    kill: 'dying',
    exit: 'exited',
    release: 'gone'
  },
  dying: {
    exit: 'exited',
    release: 'gone'
  },
  exited: {
    release: 'gone'
  },
  gone: {}
})
