import { Clock } from '../util/clock.js'
import { processUsage } from '../worker/process-usage.js'

/** @typedef {import('../binding.js').ProcessUsage} ProcessUsage */
/** @typedef {import('../worker/worker.js').Worker} Worker */

/** Turns of the clock within the limit. More turns are more exact and need more pings. */
const TURNS = 10

/** Milliseconds. */
const LONGEST_TURN = 1000

/**
 * Part of the limit after which a worker counts as silent. It may well answer again, so it is not
 * killed, but new requests are better off with a worker that answers. When all workers are silent,
 * waiting for the whole limit helps nobody, and an extra worker does no harm even if the others
 * answer after all. At the default limit of 30 s this is 5 s: longer than most calls that block,
 * and shorter than what clients usually wait.
 */
const SILENT = 1 / 6

/**
 * Part of its time that a silent worker uses the CPU if it computes rather than waits. An extra
 * worker would only compete with those that compute for cores and, with a large model, for memory.
 */
const COMPUTES = 1 / 2

/**
 * Finds workers whose event loop is blocked. Each worker that has requests is pinged once a turn.
 * Its event loop answers as soon as it takes frames, however many tasks are waiting. A worker hangs
 * when its answer has been missing for the whole limit, and is silent after a sixth of that. Idle
 * workers are not watched.
 * @template {Pick<Worker, 'pid' | 'state' | 'readyAt' | 'inFlight' | 'probe'>} T
 */
export class HangWatch {
  /** @type {Clock} */
  #clock

  /** @type {WeakMap<T, number>} milliseconds of CPU time when the answer was first missing */
  #cpuTimes = new WeakMap()

  /**
   * @param {number} limit milliseconds; 0: watch nothing
   * @param {() => Iterable<T>} workers
   * @param {object} callbacks
   * @param {(worker: T) => void} callbacks.onSilent called each turn for a silent worker, while
   *   another one answers
   * @param {(worker: T) => void} callbacks.onHung called once for each worker that hangs
   * @param {(worker: T, silence: number) => void} callbacks.onOutage called each sixth of the limit
   *   while every worker is silent and none computes, with the one that has been silent for the
   *   longest time, and that time in milliseconds
   * @param {(pid: number) => Pick<ProcessUsage, 'cpuTime' | 'runs'>} [usageOf]
   */
  constructor (limit, workers, { onSilent, onHung, onOutage }, usageOf = processUsage) {
    this.limit = limit
    this.workers = workers
    this.onSilent = onSilent
    this.onHung = onHung
    this.onOutage = onOutage
    this.usageOf = usageOf
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
    /** @type {{ worker: T, missed: number }[]} */
    const silent = []
    for (const worker of this.workers()) {
      if (worker.readyAt === 0) continue
      let missed = 0
      if (worker.inFlight > 0) {
        busy = true
        missed = worker.probe()
        if (missed === 1) this.#cpuTimes.set(worker, this.usageOf(worker.pid).cpuTime)
        if (missed === last) this.onHung(worker)
      }
      if (worker.state !== 'ready' && worker.state !== 'silent') continue
      if (missed < first) answers = true
      else silent.push({ worker, missed })
    }
    if (answers) {
      for (const { worker } of silent) this.onSilent(worker)
    } else if (silent.length > 0) {
      const longest = silent.reduce((a, b) => b.missed > a.missed ? b : a)
      if (longest.missed % first > 0) return busy
      const computes = silent.some(({ worker, missed }) =>
        this.#computes(worker, (missed - 1) * turn))
      if (!computes) this.onOutage(longest.worker, longest.missed * turn)
    }
    return busy
  }

  /**
   * @param {T} worker
   * @param {number} time milliseconds since its answer was first missing
   */
  #computes (worker, time) {
    const { runs, cpuTime } = this.usageOf(worker.pid)
    return runs || cpuTime - (this.#cpuTimes.get(worker) ?? 0) > time * COMPUTES
  }
}
