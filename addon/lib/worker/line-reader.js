/**
 * Reads stdout and stderr of the Python processes line by line.
 */

import { Socket } from 'node:net'
import { StringDecoder } from 'node:string_decoder'

/**
 * Characters. A longer line arrives in pieces: output without newlines must not fill the memory.
 */
const MAX_LINE = 64 * 1024

const HIGH_SURROGATE = /[\ud800-\udbff]/

/** @typedef {'debug' | 'info' | 'warn' | 'error'} Level */

/**
 * In the order of the letters in LogMarks.
 * @type {Level[]}
 */
const LEVELS = ['debug', 'info', 'warn', 'error']

export class LineReader {
  #rest = ''
  #decoder = new StringDecoder('utf8')

  /** @type {Level | null} level of the record that the current line belongs to */
  #level = null

  /** A record never contains the mark, so that always starts one. */
  #recordStart

  /**
   * @param {import('../binding.js').OutputSource} source a pipe's read end; the reader owns it
   * @param {import('../binding.js').LogMarks} marks
   * @param {(line: string, level: Level | null) => void} onLine a record of `logging` has a level,
   *   and may have newlines
   */
  constructor (source, marks, onLine) {
    this.marks = marks
    this.#recordStart = new RegExp(`(?=${marks.record}[${marks.levels}])`)
    this.onLine = onLine
    this.source = typeof source === 'number'
      ? new Socket({ fd: source, readable: true, writable: false })
      : source
    this.ended = false
    this.source.on('data', (chunk) => this.#add(this.#decoder.write(chunk)))
    this.source.on('end', () => this.#end())
    this.source.on('close', () => this.#end())
    // A broken pipe has no more lines. Others watch the process behind it.
    this.source.on('error', () => {})
    // The output of a process does not keep this one alive.
    if (this.source instanceof Socket) this.source.unref()
  }

  /** @param {string} text */
  #add (text) {
    const lines = (this.#rest + text).split('\n')
    this.#rest = /** @type {string} */ (lines.pop())
    for (const line of lines) {
      const last = this.#passLong(line)
      this.#pass(last.endsWith('\r') ? last.slice(0, -1) : last)
      this.#level = null
    }
    this.#rest = this.#passLong(this.#rest)
  }

  /**
   * Cuts a long line at the same places whether or not its end has arrived, and never within a mark
   * or a character.
   * @param {string} line
   * @returns {string} what is left of it
   */
  #passLong (line) {
    let start = 0
    while (line.length - start > MAX_LINE) {
      let end = start + MAX_LINE
      if (line[end - 1] === this.marks.record || HIGH_SURROGATE.test(line[end - 1])) end--
      this.#pass(line.slice(start, end))
      start = end
    }
    return line.slice(start)
  }

  /** @param {string} piece a line, or part of one */
  #pass (piece) {
    const { newline } = this.marks
    // Text before a mark was printed without a newline, as progress bars are.
    for (const part of piece.split(this.#recordStart)) {
      const isRecord = this.#recordStart.test(part)
      if (isRecord) this.#level = LEVELS[this.marks.levels.indexOf(part[1])]
      const text = isRecord ? part.slice(2) : part
      this.onLine(this.#level === null ? text : text.replaceAll(newline, '\n'), this.#level)
    }
  }

  #end () {
    if (this.ended) return
    this.ended = true
    const rest = this.#rest + this.#decoder.end()
    this.#rest = ''
    if (rest !== '') this.#pass(rest)
  }

  /**
   * Reads to the end, with a limit: a grandchild that inherited the pipe may keep it open.
   * @param {number} timeout milliseconds
   * @returns {Promise<void>}
   */
  close (timeout) {
    return new Promise((resolve) => {
      if (this.source.destroyed) return resolve()
      const timer = setTimeout(() => this.source.destroy(), timeout)
      this.source.once('close', () => {
        clearTimeout(timer)
        resolve()
      })
      if (this.ended) this.source.destroy()
    })
  }
}
