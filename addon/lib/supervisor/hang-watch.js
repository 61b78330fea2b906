import { Clock } from '../util/clock.js'

/** @typedef {import('../worker/worker.js').Worker} Worker */

/** Turns of the clock within the limit. More turns are more exact and need more pings. */
const TURNS = 10

/** Milliseconds. */
const LONGEST_TURN = 1000

/**
 * Finds workers whose event loop is blocked. Each worker that has requests is pinged once a turn. Its
 * event loop answers as soon as it takes frames, however many tasks are waiting. A worker hangs when
 * its answer has been missing for the whole limit. Idle workers are not watched.
 * @template {Pick<Worker, 'readyAt' | 'inFlight' | 'probe'>} T
 */
export class HangWatch {
  /** @type {Clock} */
  #clock

  /**
   * @param {number} limit milliseconds; 0: watch nothing
   * @param {() => Iterable<T>} workers
   * @param {(worker: T) => void} onHung called once for each worker that hangs
   */
  constructor (limit, workers, onHung) {
    this.limit = limit
    this.workers = workers
    this.onHung = onHung
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
    const last = Math.ceil(this.limit / this.#clock.turn)
    let busy = false
    for (const worker of this.workers()) {
      if (worker.readyAt === 0 || worker.inFlight === 0) continue
      busy = true
      if (worker.probe() === last) this.onHung(worker)
    }
    return busy
  }
}
