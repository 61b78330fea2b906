import { watchFiles } from './watch.js'

/** Old workers get no longer for their requests: event streams shall soon come back to the new code. */
const LONGEST_FINISH = 1000

/**
 * Reloads the application when it is asked to, or when its files change.
 */
export class Reloader {
  /** @type {ReturnType<typeof watchFiles> | null} */
  #watcher = null

  #closed = false

  /**
   * @param {{ ready: Promise<void>, reload (options?: { timeout?: number }): Promise<void> }} python
   * @param {import('../options.js').Logger} logger
   */
  constructor (python, logger) {
    this.python = python
    this.logger = logger
  }

  /**
   * @param {{ folders: string[], extensions: string[] }} files
   * @param {number} finish milliseconds that requests in flight get in the old workers, at most
   */
  watch (files, finish) {
    const timeout = Math.min(finish, LONGEST_FINISH)
    this.#watcher = watchFiles({
      ...files,
      onChange: ([first, ...more]) => {
        const others = more.length === 0 ? '' : ` and ${more.length} more`
        this.reload(`${first}${others} changed`, { timeout })
      },
      onError: (error) => this.logger.error(`[node-asgi] ${error.message}`)
    })
  }

  /** Waits until the application has started; one that is watched and cannot, may be corrected. */
  async ready () {
    if (this.#watcher === null) return this.python.ready
    try {
      await this.python.ready
    } catch (error) {
      if (this.#closed) throw error
      this.logger.error(`[node-asgi] ${/** @type {Error} */ (error).message}\n` +
        '[node-asgi] waiting for a change of the files')
    }
    await this.#watcher.ready
  }

  /**
   * @param {string} why
   * @param {{ timeout?: number }} [options]
   */
  reload (why, options) {
    if (this.#closed) {
      this.logger.info(`[node-asgi] ${why}: not reloading, as it is stopping`)
      return
    }
    this.logger.info(`[node-asgi] ${why}: reloading`)
    // The handler logs why it failed.
    this.python.reload(options).catch(() => {})
  }

  async close () {
    this.#closed = true
    await this.#watcher?.close()
  }
}
