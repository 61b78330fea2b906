/**
 * Captured stdout and stderr of the Python processes, line by line.
 */

import { Socket } from 'node:net'
import { StringDecoder } from 'node:string_decoder'

/** A line longer than this comes in pieces: output without newlines must not fill the memory. */
const MAX_LINE = 64 * 1024

/** @typedef {'debug' | 'info' | 'warn' | 'error'} Level */

/**
 * What logs.py puts before a record: RS and the level. Within the record US stands for a newline.
 * @type {Record<string, Level>}
 */
const MARKERS = { '\x1eD': 'debug', '\x1eI': 'info', '\x1eW': 'warn', '\x1eE': 'error' }

// A record has no RS of its own, so a marker starts one wherever it stands: what stands before it
// was printed without a newline, like a progress bar.
const RECORD_START = /(?=\x1e[DIWE])/ // eslint-disable-line no-control-regex

export class LineReader {
  #rest = ''
  #decoder = new StringDecoder('utf8')

  /** @type {Level | null} of the record that a piece of a line is in */
  #level = null

  /**
   * @param {import('../binding.js').OutputSource} source a pipe's read end, owned from here on
   * @param {(line: string, level: Level | null) => void} onLine a record of `logging` has a level,
   *   and may have newlines
   */
  constructor (source, onLine) {
    this.onLine = onLine
    this.source = typeof source === 'number'
      ? new Socket({ fd: source, readable: true, writable: false })
      : source
    this.ended = false
    this.source.on('data', (chunk) => this.#add(this.#decoder.write(chunk)))
    this.source.on('end', () => this.#end())
    this.source.on('close', () => this.#end())
    // A pipe that breaks has no more lines; the process behind it is watched by others.
    this.source.on('error', () => {})
    // What a process prints does not keep this one alive.
    if (this.source instanceof Socket) this.source.unref()
  }

  /** @param {string} text */
  #add (text) {
    const lines = (this.#rest + text).split('\n')
    this.#rest = /** @type {string} */ (lines.pop())
    for (const line of lines) {
      this.#pass(line.endsWith('\r') ? line.slice(0, -1) : line)
      this.#level = null
    }
    while (this.#rest.length > MAX_LINE) {
      this.#pass(this.#rest.slice(0, MAX_LINE))
      this.#rest = this.#rest.slice(MAX_LINE)
    }
  }

  /** @param {string} piece of a line, or all of it */
  #pass (piece) {
    for (const part of piece.split(RECORD_START)) {
      const level = MARKERS[part.slice(0, 2)]
      if (level !== undefined) this.#level = level
      const text = level === undefined ? part : part.slice(2)
      this.onLine(this.#level === null ? text : text.replaceAll('\x1f', '\n'), this.#level)
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
   * Reads to the end, but waits no longer than a grandchild that inherited the pipe deserves.
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
