import { signalName } from '../errors.js'
import { Traffic } from '../worker/traffic.js'

/** @typedef {import('../worker/worker.js').Worker} Worker */
/** @typedef {import('../worker/worker-owner.js').ExitReason} ExitReason */

/** @typedef {{ worker: number, pid: number }} Source a process; worker 0 is the fork server */

/**
 * What the handler implements.
 * @typedef {object} Audience
 * @property {(event: string, details: object) => void} onEvent
 * @property {(error: import('../errors.js').AppError, source: Source) => void} onAppError
 * @property {(name: 'stdout' | 'stderr', line: string,
 *   level: import('../worker/line-reader.js').Level | null, source: Source) => void} onLine
 * @property {(pid: number) => void} onLastLine no more lines come from this process
 */

/** Tells the handler what happens to processes, and keeps count. It decides nothing. */
export class Reporter {
  /** @type {Set<Promise<unknown>>} output of ended workers that is still being read */
  #reading = new Set()

  /** How many workers have ended, by reason.
   * @type {Partial<Record<ExitReason, number>>} */
  exits = {}

  /** What has become of the requests of workers that are gone. */
  past = new Traffic()

  /** @param {Audience} audience */
  constructor (audience) {
    this.audience = audience
  }

  /** @param {Worker} worker */
  workerStarted ({ id, pid }) {
    this.audience.onEvent('worker:start', { worker: id, pid })
  }

  /**
   * @param {Worker} worker
   * @param {import('../worker/worker-owner.js').WorkerInfo} info
   */
  workerReady ({ id, pid }, { python, loop, lifespan }) {
    this.audience.onEvent('worker:ready', { worker: id, pid, python, loop, lifespan })
  }

  /**
   * @param {Worker} worker
   * @param {string} stacks of all its threads
   */
  workerHung ({ id, pid, inFlight }, stacks) {
    this.audience.onEvent('worker:hung', { worker: id, pid, inFlight, stacks })
  }

  /**
   * @param {Worker} worker
   * @param {import('./recycle-watch.js').RecycleReason} reason
   */
  workerRecycled ({ id, pid, traffic: { requests }, readyAt }, reason) {
    const age = performance.now() - readyAt
    this.audience.onEvent('worker:recycle', { worker: id, pid, reason, requests, age })
  }

  /**
   * @param {Worker} worker
   * @param {Error | null} error null: it was told to end
   */
  workerEnded (worker, error) {
    const { id, pid, reason, outputEnded } = worker
    const { code, signal } = worker.exit ?? { code: null, signal: 0 }
    this.past.merge(worker.traffic)
    this.exits[reason] = (this.exits[reason] ?? 0) + 1
    const read = outputEnded.then(() => {
      this.#reading.delete(read)
      this.audience.onLastLine(pid)
    })
    this.#reading.add(read)
    this.audience.onEvent('worker:exit', {
      worker: id,
      pid,
      reason,
      code,
      signal: signal === 0 ? null : signalName(signal),
      error
    })
  }

  /** @param {number} pid of a fork server */
  serverEnded (pid) {
    this.audience.onLastLine(pid)
  }

  /** @param {Error} error */
  poolFailed (error) {
    this.audience.onEvent('pool:failed', { error })
  }

  poolRecovered () {
    this.audience.onEvent('pool:recovered', {})
  }

  /**
   * @param {{ from: number, to: number, min: number, max: number,
   *   reason: 'load' | 'idle' | 'asked' }} details
   */
  resized (details) {
    this.audience.onEvent('pool:resize', details)
  }

  /**
   * @param {number} generation
   * @param {number} duration milliseconds
   * @param {Error | null} error
   */
  reloaded (generation, duration, error) {
    this.audience.onEvent('reload', { generation, duration, error })
  }

  /**
   * @param {Worker} worker
   * @param {import('../errors.js').AppError} error
   */
  appError ({ id, pid }, error) {
    this.audience.onAppError(error, { worker: id, pid })
  }

  /**
   * @param {'stdout' | 'stderr'} name
   * @param {string} line
   * @param {import('../worker/line-reader.js').Level | null} level
   * @param {Source} source
   */
  line (name, line, level, source) {
    this.audience.onLine(name, line, level, source)
  }

  /** Resolves when everything that ended workers have printed has been read. */
  async outputRead () {
    while (this.#reading.size > 0) await Promise.all(this.#reading)
  }
}
