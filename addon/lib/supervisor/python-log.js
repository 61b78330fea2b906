/**
 * Writes what the Python processes print, and their log records, to the user's logger.
 */

/** @typedef {import('../worker/line-reader.js').Level} Level */

/** @typedef {{ worker: number, pid: number }} Source worker 0: the fork server */

/** @typedef {(text: string) => void} Write */

/**
 * console, pino, or a logger with the same methods.
 * @typedef {object} Target
 * @property {Write} [debug]
 * @property {Write} info
 * @property {Write} warn
 * @property {Write} error
 * @property {(bindings: Source) => Target} [child]
 */

export class PythonLog {
  /** @type {Map<number, { worker: number, target: Target }>} by pid */
  #children = new Map()

  /** @param {Target} logger */
  constructor (logger) {
    this.logger = logger
  }

  /**
   * @param {'stdout' | 'stderr'} name
   * @param {string} text
   * @param {Level | null} level null: it is not a record of Python's `logging`
   * @param {Source} source
   */
  line (name, text, level, source) {
    level ??= name === 'stdout' ? 'info' : 'warn'
    // A text that is the only argument is not taken as a format string by any logger.
    if (typeof this.logger.child === 'function') {
      write(this.#childOf(source), level, text)
    } else {
      const { worker, pid } = source
      const process = worker === 0 ? 'fork server' : `worker ${worker}`
      write(this.logger, level, `[${process}, pid ${pid}] ${text}`)
    }
  }

  /**
   * The process has ended, and everything that it printed has been read.
   * @param {number} pid
   */
  forget (pid) {
    this.#children.delete(pid)
  }

  /**
   * @param {Source} source
   * @returns {Target}
   */
  #childOf ({ worker, pid }) {
    const known = this.#children.get(pid)
    // A worker can print before its pid is known here, and the system reuses pids.
    if (known?.worker === worker) return known.target
    const target = /** @type {Required<Target>} */ (this.logger).child({ worker, pid })
    this.#children.set(pid, { worker, target })
    return target
  }
}

/**
 * @param {Target} target
 * @param {Level} level
 * @param {string} text
 */
function write (target, level, text) {
  if (level === 'debug' && typeof target.debug !== 'function') target.info(text)
  else /** @type {Required<Target>} */ (target)[level](text)
}
