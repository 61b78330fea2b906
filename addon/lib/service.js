/**
 * What runs for a handler: the pool, the processes, and the functions by which servers hand over
 * what arrives. It does not hold the handler, which may be garbage collected while this runs.
 */

import { createClosing } from './http/closing.js'
import { createListener } from './http/listener.js'
import { Observers } from './observe/observers.js'
import { Pool } from './pool/pool.js'
import { Launcher } from './supervisor/launcher.js'
import { PythonLog } from './supervisor/python-log.js'
import { Supervisor } from './supervisor/supervisor.js'
import { userPath } from './util/user-path.js'
import { createUpgrade } from './websocket/upgrade.js'

/** @typedef {import('./worker/line-reader.js').Level} Level */
/** @typedef {import('./observe/observer.js').Observer} Observer */
/** @typedef {import('./supervisor/launcher.js').Surroundings} Surroundings */

/**
 * @typedef {object} OwnParts
 * @property {Launcher} [launcher] of the same options, which may have started Python ahead
 * @property {Observer} [observer] from the start on
 */

/** @typedef {OwnParts & Surroundings} Parts of which tests replace some */

/**
 * @typedef {object} Audience those who listen to the handler
 * @property {() => object | undefined} handler undefined: it has been garbage collected
 * @property {(event: string, ...args: any[]) => void} tell never throws
 * @property {(event: string) => boolean} listensTo
 */

export class Service {
  /** @type {PythonLog} */
  #log

  /** @type {import('./reload/reloader.js').Reloader | null} */
  #reloader = null

  #isClosing = false

  /** @type {(error: Error | null) => void} */
  #settle = () => {}

  /**
   * @param {import('./options.js').Settings} given
   * @param {Parts} parts
   * @param {Audience} audience
   */
  constructor (given, { launcher, observer, ...surroundings }, audience) {
    launcher ??= new Launcher(given, surroundings)
    this.launcher = launcher
    const { binding, interpreter } = launcher
    const settings = this.settings = launcher.settings
    this.binding = binding
    this.audience = audience
    this.connectionLimits = { ...binding.limits, maxMessage: settings.websocket.maxMessage }
    /** @type {Promise<void>} */
    this.ready = new Promise((resolve, reject) => {
      this.#settle = (error) => error === null ? resolve() : reject(error)
    })
    this.#log = new PythonLog(settings.logger)
    this.observers = new Observers(audience.handler)
    if (observer !== undefined) this.observers.add(observer)
    this.pool = new Pool(settings, this.observers)
    this.supervisor = new Supervisor({
      binding,
      settings,
      interpreter,
      launcher,
      pool: this.pool,
      owner: {
        onSettled: (error) => this.#settle(error),
        onEvent: (event, details) => {
          audience.tell(event, details)
          this.observers.event(event, details)
        },
        onAppError: (error, source) => {
          audience.tell('app:error', error, source)
          this.observers.event('app:error', { error, ...source })
        },
        onLine: (name, line, level, source) => this.#onLine(name, line, level, source),
        onLastLine: (pid) => this.#log.forget(pid)
      }
    })
    this.closing = createClosing(this.pool, settings.timeouts.drain)
    const { listener } = this.closing
    const listen = createListener(this.pool, binding.limits, settings, listener)
    this.endpoint = { listen, ...createUpgrade(this.pool, settings, listener) }
  }

  start () {
    this.supervisor.start()
    if (this.settings.watch !== null) this.#watch(this.settings.watch)
  }

  /** @param {import('./option-types.js').Watch} files */
  async #watch ({ folders, extensions }) {
    const { docroot, logger } = this.settings
    const { Reloader } = await import('./reload/reloader.js')
    if (this.#isClosing) return
    const reload = (/** @type {{ timeout: number }} */ { timeout }) =>
      this.supervisor.reload(timeout)
    this.#reloader = new Reloader({ ready: this.ready, reload }, logger,
      () => this.launcher.beginReload())
    this.#reloader.watch({
      folders: folders?.map((folder) => userPath(folder)) ?? [docroot],
      extensions,
      persistent: false
    }, Infinity)
    // The handler logs the failure.
    this.ready.catch(() => logger.info('[node-asgi] waiting for file changes'))
  }

  /** @param {number} budget milliseconds */
  async close (budget) {
    const end = performance.now() + budget
    this.#isClosing = true
    const stopped = this.#reloader?.close()
    // Requests in the queue need some of the time that is left to be answered, too.
    await this.pool.close(budget / 2)
    await this.supervisor.close(Math.max(0, end - performance.now()))
    await stopped
    await this.launcher.close()
  }

  /** Nobody can use the handler any more, and nobody has closed it. */
  abandon () {
    const { logger, docroot, appTarget, timeouts } = this.settings
    logger.warn(`[node-asgi] the handler of ${appTarget} in ${docroot} was garbage collected ` +
      'without close(), so its processes end; keep it in a variable, and call close() in the end')
    this.close(timeouts.drain)
  }

  /**
   * @param {'stdout' | 'stderr'} name
   * @param {string} line
   * @param {Level | null} level
   * @param {{ worker: number, pid: number }} source
   */
  #onLine (name, line, level, source) {
    const { audience } = this
    if (level === 'error') this.observers.errorLogged(line, source)
    if (level === 'error') audience.tell('log:error', line, source)
    if (audience.listensTo(name)) audience.tell(name, line, { ...source, level })
    else this.#log.line(name, line, level, source)
  }
}
