/**
 * Reads stdout and stderr of the Python processes line by line.
 */

import { Socket } from 'node:net'
import { StringDecoder } from 'node:string_decoder'

/** Characters. A longer line arrives in pieces: output without newlines must not fill the memory. */
const MAX_LINE = 64 * 1024

/** @typedef {'debug' | 'info' | 'warn' | 'error'} Level */

/**
 * What logs.py writes before a record: RS and the level. Within a record, US stands for a newline.
 * @type {Record<string, Level>}
 */
const MARKERS = { '\x1eD': 'debug', '\x1eI': 'info', '\x1eW': 'warn', '\x1eE': 'error' }

// A record never contains RS, so a marker always starts one. Text before it was printed without a
// newline, as progress bars are.
const RECORD_START = /(?=\x1e[DIWE])/ // eslint-disable-line no-control-regex

export class LineReader {
  #rest = ''
  #decoder = new StringDecoder('utf8')

  /** @type {Level | null} level of the record that the current line belongs to */
  #level = null

  /**
   * @param {import('../binding.js').OutputSource} source a pipe's read end; the reader owns it
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
      this.#pass(line.endsWith('\r') ? line.slice(0, -1) : line)
      this.#level = null
    }
    while (this.#rest.length > MAX_LINE) {
      this.#pass(this.#rest.slice(0, MAX_LINE))
      this.#rest = this.#rest.slice(MAX_LINE)
    }
  }

  /** @param {string} piece a line, or part of one */
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
