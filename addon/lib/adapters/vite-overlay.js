/** Shows the errors of Python on the pages that Vite serves in development. */

import { sep } from 'node:path'

const TRACEBACK = 'Traceback (most recent call last):'

/** A frame of a traceback, or where a syntax error is. */
const FRAME = /^ *(?:\| *)*File "([^"\n]+)", line (\d+)/gm

/** Packages in an environment, or code that is no file. */
const FOREIGN = /[\\/]site-packages[\\/]|^</

export class ErrorOverlay {
  /** @type {string | null} what pages get that are opened while the application does not work */
  #failure = null

  /**
   * @param {any} ws Vite's connections with the pages
   * @param {{ docroot: string, refresh: boolean }} options
   */
  constructor (ws, { docroot, refresh }) {
    this.ws = ws
    this.docroot = docroot
    this.refresh = refresh
    ws.on('connection', this.#greet)
  }

  #greet = (/** @type {any} */ socket) => {
    if (this.#failure !== null) socket.send(this.#failure)
  }

  /**
   * An error of one request. Only open pages show it.
   * @param {{ message: string, traceback: string }} error
   */
  show (error) {
    // Vite would keep it for the next page.
    if (this.ws.clients.size > 0) this.ws.send(overlayError(error, this.docroot))
  }

  /** @param {string} text of an error that Python has logged */
  showLogged (text) {
    const start = text.indexOf(TRACEBACK)
    if (start === -1) return
    const message = text.trimEnd().split('\n').filter((line) => /^\S/.test(line)).pop() ?? text
    this.show({ message, traceback: text.slice(text.lastIndexOf('\n', start) + 1) })
  }

  /**
   * The application cannot be started.
   * @param {any} error
   */
  fail (error) {
    if (error.code === 'ERR_CLOSED') return
    const payload = overlayError(error, this.docroot)
    const failure = JSON.stringify(payload)
    // There are several ways to learn of it.
    if (failure === this.#failure) return
    this.#failure = failure
    this.ws.send(payload)
  }

  /** The application has been started again. */
  recover () {
    const hadFailed = this.#failure !== null
    this.#failure = null
    if (this.refresh) this.ws.send({ type: 'full-reload' })
    // Takes the overlay away.
    else if (hadFailed) this.ws.send({ type: 'update', updates: [] })
  }

  close () {
    this.ws.off('connection', this.#greet)
  }
}

/**
 * @param {{ message: string, traceback?: string }} error
 * @param {string} docroot
 * @returns {object} as Vite sends errors to pages
 */
export function overlayError ({ message, traceback = '' }, docroot) {
  const ending = traceback.trim()
  // The message of some errors contains the traceback.
  const short = ending === '' ? message : message.replace(ending, '')
  const place = placeOf(ending, docroot)
  return {
    type: 'error',
    err: {
      plugin: 'node-asgi',
      message: short.trim(),
      stack: ending,
      ...place && { id: place.file, loc: place }
    }
  }
}

/**
 * The last frame in the code of the application, which Vite opens in the editor.
 * @param {string} traceback
 * @param {string} docroot
 */
function placeOf (traceback, docroot) {
  const frames = [...traceback.matchAll(FRAME)]
    .map(([, file, line]) => ({ file, line: Number(line), column: 1 }))
  const own = frames.filter(({ file }) =>
    file.startsWith(docroot + sep) && !FOREIGN.test(file.slice(docroot.length)))
  return own.at(-1) ?? frames.filter(({ file }) => !FOREIGN.test(file)).at(-1)
}
