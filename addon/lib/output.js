/**
 * Captured stdout and stderr of the Python processes, line by line.
 */

import { Socket } from 'node:net'
import { StringDecoder } from 'node:string_decoder'

/** A line longer than this comes in pieces: output without newlines must not fill the memory. */
const MAX_LINE = 64 * 1024

export class LineReader {
  #rest = ''
  #decoder = new StringDecoder('utf8')

  /**
   * @param {import('./binding.js').OutputSource} source a pipe's read end, owned from here on
   * @param {(line: string) => void} onLine
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
    for (const line of lines) this.onLine(line.endsWith('\r') ? line.slice(0, -1) : line)
    while (this.#rest.length > MAX_LINE) {
      this.onLine(this.#rest.slice(0, MAX_LINE))
      this.#rest = this.#rest.slice(MAX_LINE)
    }
  }

  #end () {
    if (this.ended) return
    this.ended = true
    const rest = this.#rest + this.#decoder.end()
    this.#rest = ''
    if (rest !== '') this.onLine(rest)
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
