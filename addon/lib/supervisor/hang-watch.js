import { Clock } from '../util/clock.js'

/** Turns of the clock within the limit: the more, the more exact and the more pings. */
const TURNS = 10
const LONGEST_TURN = 1000

/**
 * Finds workers whose event loop stands still. A worker that has requests is pinged once a turn; its
 * loop answers as soon as it takes frames, however much it awaits. One whose answer has been missing
 * for the whole limit hangs. Idle workers are left alone.
 */
export class HangWatch {
  /** @type {Clock} */
  #clock

  /**
   * @param {number} limit milliseconds; 0: nothing is ever found
   * @param {() => Iterable<import('../worker/worker.js').Worker>} workers
   * @param {(worker: import('../worker/worker.js').Worker) => void} onHung called once for each
   */
  constructor (limit, workers, onHung) {
    this.limit = limit
    this.workers = workers
    this.onHung = onHung
    this.#clock = new Clock(Math.min(LONGEST_TURN, limit / TURNS), () => this.#tick())
  }

  /** A worker has got something to do. */
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
      if (!worker.pinged) worker.ping()
      else if (++worker.silence === last) this.onHung(worker)
    }
    return busy
  }
}
