import { LineReader } from './line-reader.js'
import { StackReport } from './stack-report.js'

/** The stdout and stderr of one worker. */
export class WorkerOutput {
  /** @type {LineReader[]} */
  #readers = []

  /** @type {{ report: StackReport, end: () => void, text: Promise<string> } | null} */
  #stacks = null

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
        if (level !== null || !this.#takeStacks(line)) this.onLine('stderr', line, level)
      }))
  }

  /**
   * Collects the stacks that the worker has been asked to print, instead of passing them to onLine.
   * Calls meanwhile share the result.
   * @param {number} timeout milliseconds after which they need not be complete
   * @returns {Promise<string>}
   */
  stacks (timeout) {
    if (this.#stacks !== null) return this.#stacks.text
    const report = new StackReport()
    let end = () => {}
    const text = new Promise((resolve) => {
      const timer = setTimeout(() => end(), timeout)
      end = () => {
        clearTimeout(timer)
        this.#stacks = null
        resolve(report.text)
      }
    })
    this.#stacks = { report, end, text }
    return text
  }

  /**
   * @param {string} line
   * @returns {boolean} false: it belongs to no stack
   */
  #takeStacks (line) {
    if (this.#stacks === null) return false
    const { report, end } = this.#stacks
    const isTaken = report.take(line)
    if (report.isComplete) end()
    return isTaken
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
