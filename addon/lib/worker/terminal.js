/**
 * The terminal of this process, which it shares with its worker in debug mode (terminal.py is the
 * other end). While a debugger holds the terminal, this process prints nothing there.
 */

import { isatty } from 'node:tty'

import { optionName } from '../util/option-name.js'

const STDIN = 0

/** Of terminal.py. */
const HOLD = 'h'.charCodeAt(0)
const RELEASE = 'r'.charCodeAt(0)

/** The answer: from now on nothing is printed. */
const HELD = 'o'

/** Whether there is one to share. */
export function hasTerminal () {
  return isatty(STDIN)
}

/**
 * @param {import('../options.js').Settings} settings
 * @param {() => boolean} exists
 * @returns {Terminal | null} null: the workers get none
 */
export function sharedTerminal ({ debug, logger }, exists) {
  if (debug === null) return null
  logger.info(`[node-asgi] ${optionName('debug')} is on: there is one worker, without time ` +
    'limits, which is not for production')
  if (exists()) return new Terminal()
  if (debug.listen === null) {
    logger.warn(`[node-asgi] ${optionName('debug')} has no terminal to work in, because the ` +
      'standard input is something else: breakpoint() will fail. Run it in a terminal (docker ' +
      'run -it), or name a port for an editor, for example 5678')
  }
  return null
}

export class Terminal {
  /** What spawn() makes a socket of, which attach() gets. */
  stdio = /** @type {const} */ ('pipe')

  /** @type {import('node:net').Socket | null} */
  #socket = null

  #isHeld = false

  /** @type {import('node:stream').Writable[]} what prints to the terminal, while it waits */
  #waiting = []

  /** @param {unknown} socket that spawn() has made, if it could */
  attach (socket) {
    if (!socket) return
    const found = this.#socket = /** @type {import('node:net').Socket} */ (socket)
    found.on('data', (bytes) => {
      for (const byte of bytes) {
        if (byte === HOLD) this.#hold()
        else if (byte === RELEASE) this.release()
      }
    })
    found.on('error', () => {}) // the fork server has ended, which others report
    found.unref()
  }

  #hold () {
    this.#isHeld = true
    // What the worker has logged before has arrived by now, and is printed first.
    setImmediate(() => setImmediate(() => {
      if (!this.#isHeld || this.#waiting.length > 0) return
      this.#waiting = [process.stdout, process.stderr].filter(({ isTTY }) => isTTY)
      for (const stream of this.#waiting) stream.cork()
      this.#socket?.write(HELD)
    }))
  }

  /** The debugger goes on, or its process has ended. */
  release () {
    this.#isHeld = false
    for (const stream of this.#waiting) stream.uncork()
    this.#waiting = []
  }

  close () {
    this.release()
    this.#socket?.destroy()
  }
}
