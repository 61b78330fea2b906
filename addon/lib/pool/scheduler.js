/**
 * Decides which worker gets the next request: the one with the fewest in flight, and round-robin
 * among equals.
 */
export class Scheduler {
  #turn = 0

  /** @param {number} concurrency requests in flight per worker, not counting open WebSockets */
  constructor (concurrency) {
    this.concurrency = concurrency
  }

  /**
   * @template {{ inFlight: number, sockets: number }} T
   * @param {T[]} workers
   * @param {number} [concurrency] requests in flight per worker
   * @returns {T | null} null: no worker has room
   */
  pick (workers, concurrency = this.concurrency) {
    const { length } = workers
    let best = null
    let least = Infinity
    let index = this.#turn < length ? this.#turn : 0
    for (let i = 0; i < length; i++) {
      const worker = workers[index]
      if (++index === length) index = 0
      const { inFlight } = worker
      if (inFlight >= least || inFlight - worker.sockets >= concurrency) continue
      best = worker
      least = inFlight
      this.#turn = index
      if (least === 0) break
    }
    return best
  }
}
