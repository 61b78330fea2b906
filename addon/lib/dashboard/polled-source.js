/** What the dashboard shows of several processes: somebody else knows it, and is asked. */

import { LENGTH } from './seconds.js'

/** @typedef {import('./parts.js').Source} Source */

/** @implements {Source} */
export class PolledSource {
  /** @type {Record<string, unknown>} */
  #sections = {}

  /** @type {import('./seconds.js').Second[]} the newest last */
  #seconds = []

  /** The last second that the viewers have. */
  #sent = 0

  #isAsking = false

  /** @param {(topic: string, data?: unknown) => Promise<any>} ask */
  constructor (ask) {
    this.ask = ask
  }

  /** As they were a turn ago. */
  sections () {
    this.#poll()
    return this.#sections
  }

  async #poll () {
    if (this.#isAsking) return
    this.#isAsking = true
    try {
      const since = (this.#seconds.at(-1)?.[0] ?? -1) + 1
      const { sections, seconds } = await this.ask('dashboard', { since })
      this.#sections = sections
      this.#seconds = [...this.#seconds, ...seconds].slice(-LENGTH)
    } catch {
      // The page keeps what it has until the next turn.
    } finally {
      this.#isAsking = false
    }
  }

  history () {
    return this.#seconds
  }

  news () {
    const seconds = this.#seconds.filter(([time]) => time > this.#sent)
    this.#sent = seconds.at(-1)?.[0] ?? this.#sent
    return seconds
  }

  isOver () {
    return false
  }

  /** @param {string} id */
  failure (id) {
    return this.ask('failure', { id })
  }

  /**
   * @param {string} action
   * @param {string} worker
   */
  act (action, worker) {
    return this.ask('act', { action, worker })
  }
}
