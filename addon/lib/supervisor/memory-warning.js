import { processUsage } from '../worker/process-usage.js'
import { Clock } from '../util/clock.js'
import { memoryLimit } from '../util/memory-limit.js'
import { optionName } from '../util/option-name.js'

/** Milliseconds between two looks while workers have something to do. */
const TURN = 10_000

/** Part of the limit from which on there is little room left. */
const TIGHT = 0.9

const MIB = 2 ** 20

/** @param {number} pid */
const residentMemory = (pid) => processUsage(pid).memory

/**
 * What the pool consists of.
 * @typedef {object} Members
 * @property {number} server pid of the fork server; 0: there is none
 * @property {number[]} workers pids of those that are ready
 * @property {number} max workers that there may be
 */

/**
 * Warns once if as many workers as there may be would hardly fit into the memory: the kernel would
 * end one of them, or Node.
 */
export class MemoryWarning {
  /** @type {Clock} */
  #clock
  #isDone = false

  /**
   * @param {() => Members} members
   * @param {import('../options.js').Logger} logger
   * @param {object} [system] for tests
   * @param {(pid: number) => number} [system.memoryOf] resident bytes
   * @param {typeof memoryLimit} [system.limit]
   */
  constructor (members, logger, { memoryOf = residentMemory, limit = memoryLimit } = {}) {
    this.members = members
    this.logger = logger
    this.memoryOf = memoryOf
    this.limit = limit
    this.#clock = new Clock(TURN, () => this.look())
  }

  /** A worker has something to do, so its memory may grow. */
  start () {
    if (!this.#isDone) this.#clock.start()
  }

  /** There may be more workers than before. */
  rearm () {
    this.#isDone = false
  }

  stop () {
    this.#isDone = true
    this.#clock.stop()
  }

  /** @returns {boolean} whether to look again */
  look () {
    const { server, workers, max } = this.members()
    if (this.#isDone || workers.length === 0) return false
    // What a worker shares with the fork server, it has been forked with.
    const shared = server === 0 ? 0 : this.memoryOf(server)
    const sizes = workers.map((pid) => this.memoryOf(pid))
    const mean = sizes.reduce((sum, size) => sum + size, 0) / sizes.length
    const own = Math.max(0, mean - shared)
    const needed = this.memoryOf(process.pid) + shared + own * max
    const { bytes, source } = this.limit()
    if (needed <= bytes * TIGHT) return true
    this.#isDone = true
    this.logger.warn(`[node-asgi] ${max} workers of ${mebibytes(mean)} (of which each has ` +
      `${mebibytes(own)} for itself), the fork server and Node.js need ${mebibytes(needed)}, and ` +
      `the ${source} allows ${mebibytes(bytes)}; set ${optionName('workers')} lower, limit what ` +
      `a worker uses with ${optionName('recycle.memory')}, or give it more memory`)
    return false
  }
}

/** @param {number} bytes */
function mebibytes (bytes) {
  return `${Math.round(bytes / MIB)} MiB`
}
