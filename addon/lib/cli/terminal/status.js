/**
 * The last line of the terminal: what the start waits for, and then what the server does.
 */

/** @typedef {import('./screen.js').Screen} Screen */

/** Milliseconds between two looks at what the server does. */
const INTERVAL = 1000

/** Milliseconds between two pictures of the start. */
const FRAME = 100

/** Milliseconds after which it matters which module is being imported. */
const LONG = 2000

const SPINNER = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'

/** How Python reports an import (progress.py). */
const IMPORTING = /^node-asgi: importing (\S+)$/

/** Shows that the application is starting, and what Python imports if that takes long. */
export class StartStatus {
  #module = ''
  #begin = performance.now()

  /** @type {NodeJS.Timeout} */
  #timer

  /**
   * @param {Screen} screen
   * @param {string} what is being started
   */
  constructor (screen, what) {
    this.screen = screen
    this.what = what
    this.#timer = setInterval(() => this.#draw(), FRAME)
    this.#timer.unref()
  }

  /**
   * @param {string} line that Python has written
   * @returns {boolean} whether it is a report of an import
   */
  takes (line) {
    const [, module] = IMPORTING.exec(line) ?? []
    if (module === undefined) return false
    this.#module = module
    return true
  }

  #draw () {
    const time = performance.now() - this.#begin
    const sign = SPINNER[Math.floor(time / FRAME) % SPINNER.length]
    const doing = time > LONG && this.#module !== '' ? `, importing ${this.#module}` : ''
    this.screen.show(`${sign} starting ${this.what}: ${Math.floor(time / 1000)} s${doing}`)
  }

  end () {
    clearInterval(this.#timer)
    this.screen.show('')
  }
}

/**
 * @typedef {object} Counts of the pool, as stats() has them
 * @property {number} ready
 * @property {{ wanted: number, min: number, max: number }} size
 * @property {number} inFlight
 * @property {number} queued
 * @property {number} requests
 * @property {number} failed
 * @property {number} lost
 */

/** Shows what the server does. */
export class ServingStatus {
  /** @type {Counts} */
  #last

  /** @type {NodeJS.Timeout} */
  #timer

  /**
   * @param {Screen} screen
   * @param {() => Counts} stats
   */
  constructor (screen, stats) {
    this.screen = screen
    this.#last = stats()
    this.#timer = setInterval(() => {
      const now = stats()
      screen.show(servingText(now, this.#last, INTERVAL))
      this.#last = now
    }, INTERVAL)
    this.#timer.unref()
    screen.show(servingText(this.#last, this.#last, INTERVAL))
  }

  end () {
    clearInterval(this.#timer)
    this.screen.show('')
  }
}

/**
 * @param {Counts} now
 * @param {Counts} before
 * @param {number} time milliseconds in between
 */
export function servingText (now, before, time) {
  const rate = Math.round((now.requests - before.requests) * 1000 / time)
  const { wanted, min, max } = now.size
  const problems = now.failed + now.lost
  return [
    // The application may run elsewhere.
    max === 0
      ? `${now.ready} ${now.ready === 1 ? 'endpoint' : 'endpoints'} ready`
      : `${now.ready}/${wanted} workers ready${min === max ? '' : ` (${min} to ${max})`}`,
    `${rate} requests/s`,
    `${now.inFlight} in flight`,
    ...now.queued > 0 ? [`${now.queued} waiting`] : [],
    ...problems > 0 ? [`${problems} failed`] : []
  ].join(' · ')
}
