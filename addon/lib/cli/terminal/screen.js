/**
 * What the command prints. On a terminal the last line can be a status, which stays below all that
 * is printed.
 */

import { plain, paintFor } from './style.js'

/** Goes to the start of the line and erases it. */
const ERASE = '\r\x1b[2K'

/** Columns of a terminal that does not tell. */
const WIDTH = 80

/**
 * @typedef {object} Stream
 * @property {(text: string) => unknown} write
 * @property {boolean} [isTTY]
 * @property {number} [columns]
 */

export class Screen {
  #status = ''
  #out
  #err

  /**
   * @param {Stream} [out]
   * @param {Stream} [err]
   * @param {Record<string, string | undefined>} [env]
   */
  constructor (out = process.stdout, err = process.stderr, env = process.env) {
    this.#out = out
    this.#err = err
    /** Whether there can be a status. */
    this.isLive = err.isTTY === true && env.TERM !== 'dumb'
    this.paintOut = paintFor(out, env)
    this.paintErr = paintFor(err, env)
    this.isColoured = this.paintErr !== plain
  }

  /** @param {string} text whole lines */
  out = (text) => this.#print(this.#out, text)

  /** @param {string} text whole lines */
  err = (text) => this.#print(this.#err, text)

  /**
   * Shows a status.
   * @param {string} text without a newline; empty: there is none
   */
  show (text) {
    if (!this.isLive || text === this.#status) return
    const shown = text.slice(0, (this.#err.columns || WIDTH) - 1)
    this.#status = text
    this.#err.write(ERASE + (shown && this.paintErr(shown, 'dim')))
  }

  /**
   * @param {Stream} stream
   * @param {string} text
   */
  #print (stream, text) {
    const status = this.#status
    this.show('')
    stream.write(text)
    this.show(status)
  }
}
