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

/** Lines between two looks at the clock. */
const LINES = 32

/** Milliseconds that all readers together may take in one turn of the event loop. */
const BUDGET = 1

/**
 * Lets readers with much to do take turns, so that output keeps nobody from the event loop.
 * @type {LineReader[]}
 */
const busy = []

function work () {
  const end = performance.now() + BUDGET
  do {
    const reader = /** @type {LineReader} */ (busy.shift())
    if (reader.read(LINES)) busy.push(reader)
  } while (busy.length > 0 && performance.now() < end)
  if (busy.length > 0) setImmediate(work)
}

/** @param {LineReader} reader */
function workLater (reader) {
  if (busy.push(reader) === 1) setImmediate(work)
}

export class LineReader {
  /** What has arrived and has not been passed on. While this holds a line, the source waits. */
  #text = ''

  /** Where the first line in it begins, and up to where it has no end. */
  #start = 0
  #searched = 0

  /** It is among those that are busy. */
  #isBusy = false

  /** Nothing more will arrive. */
  #isLast = false

  #decoder = new StringDecoder('utf8')

  /** @type {Level | null} level of the record that the current line belongs to */
  #level = null

  /** @type {(() => void)[]} called when everything has been passed on */
  #waiters = []

  /**
   * Where a line ends, or a record begins: a record never contains the mark. Text before a mark was
   * printed without a newline, as progress bars are.
   */
  #boundary

  /**
   * @param {import('../binding.js').OutputSource} source a pipe's read end; the reader owns it
   * @param {import('../binding.js').LogMarks} marks
   * @param {(line: string, level: Level | null) => void} onLine a record of `logging` has a level,
   *   and may have newlines
   */
  constructor (source, marks, onLine) {
    this.marks = marks
    this.#boundary = new RegExp(`\\n|${marks.record}[${marks.levels}]`, 'g')
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
    this.#text = this.#text.slice(this.#start) + text
    this.#searched -= this.#start
    this.#start = 0
    if (!this.#isBusy) this.#proceed()
  }

  #proceed () {
    if (!this.read(LINES)) return
    this.#isBusy = true
    // The process that writes waits when its pipe is full.
    this.source.pause()
    workLater(this)
  }

  /**
   * Passes on some of the lines that have arrived.
   * @param {number} limit
   * @returns {boolean} whether there are more
   */
  read (limit) {
    for (let i = 0; i < limit; i++) {
      if (this.#next()) continue
      if (this.#isBusy) {
        this.#isBusy = false
        this.source.resume()
      }
      if (this.#isLast) this.#finish()
      return false
    }
    return true
  }

  /** Passes on the first line. Returns false if its end has not arrived. */
  #next () {
    this.#boundary.lastIndex = this.#searched
    const found = this.#boundary.exec(this.#text)
    if (found === null) {
      // A marker may have arrived in half.
      this.#searched = Math.max(this.#searched, this.#text.length - 1)
    }
    // A long line is cut at the same places whether or not its end has arrived.
    if ((found?.index ?? this.#text.length) - this.#start > MAX_LINE) {
      const last = this.#text[this.#start + MAX_LINE - 1]
      const isHalf = last === this.marks.record || HIGH_SURROGATE.test(last)
      this.#pass(this.#start + MAX_LINE - Number(isHalf))
      return true
    }
    if (found === null) return false
    const { index } = found
    this.#searched = this.#boundary.lastIndex
    if (found[0] === '\n') {
      this.#pass(this.#text[index - 1] === '\r' ? Math.max(index - 1, this.#start) : index)
      this.#level = null
    } else {
      if (index > this.#start) this.#pass(index)
      this.#level = LEVELS[this.marks.levels.indexOf(found[0][1])]
    }
    this.#start = this.#searched
    return true
  }

  /** @param {number} end of the line in the text, or of a part of it */
  #pass (end) {
    const text = this.#text.slice(this.#start, end)
    this.#start = end
    this.#searched = Math.max(this.#searched, end)
    const message = this.#level === null ? text : text.replaceAll(this.marks.newline, '\n')
    this.onLine(message, this.#level)
  }

  #end () {
    if (this.#isLast) return
    this.#isLast = true
    this.#add(this.#decoder.end())
  }

  #finish () {
    if (this.ended) return
    if (this.#text.length > this.#start) this.#pass(this.#text.length)
    this.ended = true
    for (const resolve of this.#waiters) resolve()
  }

  /**
   * Reads to the end, with a limit: a grandchild that inherited the pipe may keep it open.
   * @param {number} timeout milliseconds
   * @returns {Promise<void>}
   */
  close (timeout) {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.source.destroy(), timeout)
      const finish = () => {
        clearTimeout(timer)
        if (this.source.closed) resolve()
        else this.source.destroy().once('close', resolve)
      }
      if (this.ended) finish()
      else this.#waiters.push(finish)
    })
  }
}
