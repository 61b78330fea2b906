/**
 * Reloads the application, one reload after the other. Each starts a second generation, the
 * candidate. It takes over when all its workers are ready, and is stopped if one cannot start.
 */

import { closedError } from '../errors.js'

/** @typedef {import('./generation.js').Generation} Generation */

/**
 * What the owner implements.
 * @typedef {object} ReloadOwner
 * @property {boolean} isEnding no reload may begin, or succeed
 * @property {() => Generation} createCandidate
 * @property {(generation: Generation, finish: number) => void} takeOver the candidate serves from
 *   now on, and the requests of the generation before it get so many milliseconds to finish
 * @property {(generation: Generation, finish: number) => void} retire the candidate is not needed
 * @property {(generation: Generation, duration: number, error: Error | null) => void} onReloaded
 *   after so many milliseconds; error: why the reload failed
 */

/**
 * A reload in progress.
 * @typedef {object} Candidate
 * @property {Generation} generation
 * @property {number} finish milliseconds that requests in flight get in the workers it replaces
 * @property {(error: Error | null) => void} settle
 */

export class Reloading {
  /** @type {Candidate | null} */
  #candidate = null

  /** @type {Promise<void> | null} */
  #running = null

  /** @type {Promise<void> | null} */
  #next = null

  /** @param {ReloadOwner} owner */
  constructor (owner) {
    this.owner = owner
  }

  /** The generation that is being started; undefined: there is no reload. */
  get candidate () {
    return this.#candidate?.generation
  }

  /**
   * Starts the application anew and switches when all its workers are ready. All calls during a
   * reload share one more reload after it, because it may have started before their change.
   * @param {number} finish milliseconds that requests in flight get
   * @returns {Promise<void>}
   */
  reload (finish) {
    if (this.owner.isEnding) return Promise.reject(closedError())
    if (this.#running === null) {
      this.#running = this.#reload(finish).finally(() => { this.#running = null })
      return this.#running
    }
    this.#next ??= this.#running.catch(() => {}).then(() => {
      this.#next = null
      return this.reload(finish)
    })
    return this.#next
  }

  /** @param {number} finish */
  async #reload (finish) {
    const started = performance.now()
    const generation = this.owner.createCandidate()
    /** @type {Error | null} */
    const error = await new Promise((resolve) => {
      this.#candidate = { generation, finish, settle: resolve }
      generation.start()
    })
    if (this.owner.isEnding) throw closedError()
    this.owner.onReloaded(generation, performance.now() - started, error)
    if (error !== null) throw error
  }

  /**
   * Ends the reload, if there is one.
   * @param {Error | null} error why the candidate cannot serve
   */
  judge (error) {
    if (this.#candidate === null) return
    const { generation, finish, settle } = this.#candidate
    this.#candidate = null
    // Without a gap: a generation is always the candidate, the current one, or retired. close()
    // would miss any other.
    if (error === null) this.owner.takeOver(generation, finish)
    else this.owner.retire(generation, 0)
    settle(error)
  }
}
