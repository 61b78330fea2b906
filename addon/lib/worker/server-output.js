import { LineReader } from './line-reader.js'

/** @typedef {'stdout' | 'stderr'} OutputName */
/** @typedef {import('./line-reader.js').Level} Level */

/** Lines that are kept for the error message if the server cannot start. */
const KEPT_LINES = 50

/** The stdout and stderr of a fork server, whose first lines may have to explain why it failed. */
export class ServerOutput {
  /** @type {LineReader[]} */
  #readers = []

  /**
   * What it printed before it was live.
   * @type {Array<[OutputName, string, Level | null]>}
   */
  #early = []

  /**
   * @param {import('../binding.js').LogMarks} marks
   * @param {(name: OutputName, line: string, level: Level | null) => void} onLine
   */
  constructor (marks, onLine) {
    this.marks = marks
    this.onLine = onLine
    /** Whether lines are passed on as they arrive. */
    this.live = false
  }

  /**
   * @param {OutputName} name
   * @param {import('node:stream').Readable | null} stream
   */
  capture (name, stream) {
    if (stream === null) return
    this.#readers.push(new LineReader(stream, this.marks, (line, level) => {
      if (this.live) this.onLine(name, line, level)
      else if (this.#early.push([name, line, level]) > KEPT_LINES) this.#early.shift()
    }))
  }

  /** Passes on the lines that have been kept. */
  flush () {
    for (const line of this.#early) this.onLine(...line)
    this.#early = []
  }

  /** @returns {string[]} the lines of stderr that were kept, which are not passed on any more */
  takeErrors () {
    const printed = this.#early.filter(([name]) => name === 'stderr').map(([, line]) => line)
    this.#early = this.#early.filter(([name]) => name !== 'stderr')
    return printed
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
