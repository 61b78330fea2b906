import { Clock } from '../util/clock.js'

/** @typedef {import('../worker/worker.js').Worker} Worker */

/** Turns of the clock within the limit. More turns are more exact and need more pings. */
const TURNS = 10

/** Milliseconds. */
const LONGEST_TURN = 1000

/**
 * Part of the limit after which a worker counts as silent. It may well answer again, so it is not
 * killed, but new requests are better off elsewhere. When all workers are silent, waiting for the
 * whole limit helps nobody, and an extra worker does no harm even if the others answer after all.
 * At the default limit of 30 s this is 5 s: longer than most calls that hold the GIL, and shorter
 * than what clients usually wait.
 */
const SILENT = 1 / 6

/**
 * Finds workers whose event loop is blocked. Each worker that has requests is pinged once a turn.
 * Its event loop answers as soon as it takes frames, however many tasks are waiting. A worker hangs
 * when its answer has been missing for the whole limit, and is silent after a sixth of that. Idle
 * workers are not watched.
 * @template {Pick<Worker, 'state' | 'readyAt' | 'inFlight' | 'probe'>} T
 */
export class HangWatch {
  /** @type {Clock} */
  #clock

  /**
   * @param {number} limit milliseconds; 0: watch nothing
   * @param {() => Iterable<T>} workers
   * @param {object} callbacks
   * @param {(worker: T) => void} callbacks.onSilent called once for each silence of a worker
   * @param {(worker: T) => void} callbacks.onHung called once for each worker that hangs
   * @param {(worker: T, silence: number) => void} callbacks.onOutage called each sixth of the limit
   *   while every worker is silent, with the one that has been silent for the longest time, and
   *   that time in milliseconds
   */
  constructor (limit, workers, { onSilent, onHung, onOutage }) {
    this.limit = limit
    this.workers = workers
    this.onSilent = onSilent
    this.onHung = onHung
    this.onOutage = onOutage
    this.#clock = new Clock(Math.min(LONGEST_TURN, limit / TURNS), () => this.#tick())
  }

  /** A worker has something to do. */
  start () {
    if (this.limit > 0) this.#clock.start()
  }

  stop () {
    this.#clock.stop()
  }

  #tick () {
    const { turn } = this.#clock
    const last = Math.ceil(this.limit / turn)
    const first = Math.ceil(this.limit * SILENT / turn)
    let busy = false
    let answers = false
    /** @type {T | null} */
    let silent = null
    let longest = 0
    for (const worker of this.workers()) {
      if (worker.readyAt === 0) continue
      const takesRequests = worker.state === 'ready' || worker.state === 'silent'
      let missed = 0
      if (worker.inFlight > 0) {
        busy = true
        missed = worker.probe()
        if (missed === first) this.onSilent(worker)
        if (missed === last) this.onHung(worker)
      }
      if (!takesRequests) continue
      if (missed < first) answers = true
      if (missed > longest) {
        silent = worker
        longest = missed
      }
    }
    if (!answers && silent !== null && longest % first === 0) this.onOutage(silent, longest * turn)
    return busy
  }
}
