import { watchFiles } from './watch.js'

/** Old workers get no longer for their requests: event streams shall soon come back to the new code. */
const LONGEST_FINISH = 1000

/**
 * Reloads the application when it is asked to, or when its files change.
 */
export class Reloader {
  /** @type {ReturnType<typeof watchFiles> | null} */
  #watcher = null

  /**
   * @param {{ reload (options?: { timeout?: number }): Promise<void> }} python
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
    return this.#watcher.ready
  }

  /**
   * @param {string} why
   * @param {{ timeout?: number }} [options]
   */
  reload (why, options) {
    this.logger.info(`[node-asgi] ${why}: reloading`)
    // The handler logs why it failed.
    this.python.reload(options).catch(() => {})
  }

  async close () {
    await this.#watcher?.close()
  }
}
