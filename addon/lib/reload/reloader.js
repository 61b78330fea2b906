import { watchFiles } from './watch.js'

/**
 * Most milliseconds that old workers get to finish their requests after a change, so that event
 * streams soon reconnect to the new code.
 */
const LONGEST_FINISH = 1000

/**
 * A PythonHandler, as far as it matters here.
 * @typedef {{ ready: Promise<void>,
 *   reload (options?: { timeout?: number }): Promise<void> }} Reloadable
 */

/**
 * Starts what a reload needs and what is the same whatever has changed.
 * @typedef {() => void} Prepare
 */

/** Reloads the application on request, or when its files change. */
export class Reloader {
  /** @type {ReturnType<typeof watchFiles> | null} */
  #watcher = null

  #closed = false

  /**
   * @param {Reloadable} python
   * @param {import('../options.js').Logger} logger
   * @param {Prepare} [prepare]
   */
  constructor (python, logger, prepare = () => {}) {
    this.python = python
    this.prepare = prepare
    this.logger = logger
  }

  /**
   * @param {import('./watch.js').WatchedFiles} files
   * @param {number} finish most milliseconds that old workers get to finish their requests
   */
  watch (files, finish) {
    const timeout = Math.min(finish, LONGEST_FINISH)
    this.#watcher = watchFiles({
      ...files,
      onBegin: () => { if (!this.#closed) this.prepare() },
      onChange: ([first, ...more]) => {
        const others = more.length === 0 ? '' : ` and ${more.length} more`
        this.reload(`${first}${others} changed`, { timeout })
      },
      onError: (error) => this.logger.error(`[node-asgi] ${error.message}`)
    })
  }

  /**
   * Waits until the application has started. If its files are watched, a failed start is only
   * logged: the next change may correct it.
   */
  async ready () {
    if (this.#watcher === null) return this.python.ready
    try {
      await this.python.ready
    } catch (error) {
      if (this.#closed) throw error
      this.logger.error(`[node-asgi] ${/** @type {Error} */ (error).message}\n` +
        '[node-asgi] waiting for file changes')
    }
    await this.#watcher.ready
  }

  /**
   * @param {string} why
   * @param {{ timeout?: number }} [options]
   */
  reload (why, options) {
    if (this.#closed) {
      this.logger.info(`[node-asgi] ${why}: not reloading, because the server is stopping`)
      return
    }
    this.logger.info(`[node-asgi] ${why}: reloading`)
    // The handler logs a failure.
    this.python.reload(options).catch(() => {})
  }

  async close () {
    this.#closed = true
    await this.#watcher?.close()
  }
}
