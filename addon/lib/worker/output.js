import { LineReader } from './line-reader.js'

/** The stdout and stderr of one worker. */
export class WorkerOutput {
  /** @type {LineReader[]} */
  #readers = []

  /** @type {string[] | null} lines that gather() collects */
  #gathered = null

  /**
   * @param {import('../binding.js').LogMarks} marks
   * @param {(name: 'stdout' | 'stderr', line: string,
   *   level: import('./line-reader.js').Level | null) => void} onLine
   */
  constructor (marks, onLine) {
    this.marks = marks
    this.onLine = onLine
  }

  /**
   * @param {{ stdout: import('../binding.js').OutputSource,
   *   stderr: import('../binding.js').OutputSource }} sources
   */
  attach ({ stdout, stderr }) {
    this.#readers.push(
      new LineReader(stdout, this.marks, (line, level) => this.onLine('stdout', line, level)),
      new LineReader(stderr, this.marks, (line, level) => {
        if (this.#gathered !== null && level === null) this.#gathered.push(line)
        else this.onLine('stderr', line, level)
      }))
  }

  /**
   * Collects what arrives on stderr within a time, instead of passing it to onLine.
   * @param {number} timeout milliseconds
   * @returns {Promise<string>}
   */
  async gather (timeout) {
    /** @type {string[]} */
    const lines = this.#gathered = []
    await new Promise((resolve) => setTimeout(resolve, timeout))
    this.#gathered = null
    return lines.join('\n')
  }

  /**
   * Reads the rest.
   * @param {number} timeout milliseconds
   * @returns {Promise<unknown>} when the last line has been read
   */
  close (timeout) {
    return Promise.all(this.#readers.map((reader) => reader.close(timeout)))
  }
}
