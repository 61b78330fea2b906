/** Milliseconds. */
const INTERVAL = 10_000

/**
 * Keeps warnings of one kind from filling the log: the first of each source is logged at once, and
 * after a while how many followed.
 */
export class WarningLimit {
  /** @type {WeakMap<object, Map<string, { left: number }>>} by source and kind */
  #recent = new WeakMap()

  /** @param {number} [interval] milliseconds */
  constructor (interval = INTERVAL) {
    this.interval = interval
  }

  /**
   * @param {object} source what warns, for example a worker
   * @param {string} kind in words
   * @param {{ warn: (text: string) => void }} logger
   * @param {string} text
   */
  warn (source, kind, logger, text) {
    const kinds = this.#recent.get(source) ?? new Map()
    this.#recent.set(source, kinds)
    const known = kinds.get(kind)
    if (known !== undefined) {
      known.left++
      return
    }
    const state = { left: 0 }
    kinds.set(kind, state)
    logger.warn(text)
    setTimeout(() => {
      kinds.delete(kind)
      if (state.left === 0) return
      logger.warn(`[node-asgi] ${state.left} more warnings were left out in ` +
        `${this.interval / 1000} s: ${kind}`)
    }, this.interval).unref()
  }
}
