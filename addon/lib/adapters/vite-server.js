/** The Python application of one server of Vite. */

import { PythonHandler } from '../handler.js'
import { expectUpgrades } from '../http/middleware.js'
import { withStatus } from '../http/passing-exchange.js'
import { arrivedBelow } from '../message/mount.js'
import { parseOptions } from '../options.js'
import { Reloader } from '../reload/reloader.js'
import { userPath } from '../util/user-path.js'
import { isHandler } from './is-handler.js'
import { ErrorOverlay } from './vite-overlay.js'

/** Milliseconds that Python gets to end when the server ends, which others may wait for. */
const CLOSING = 2000

/**
 * @typedef {object} Settings
 * @property {any} python a handler, or its options
 * @property {string} prefix
 * @property {unknown} scope
 * @property {boolean | { folders?: string[], extensions?: string[] }} watch
 * @property {boolean} refresh
 */

/** @typedef {(req: any, res: any, next: (error?: unknown) => void) => void} Middleware */

/** @typedef {{ middleware: Middleware, stop: () => Promise<void> }} Running */

export class PythonServer {
  /** @type {Running | null} */
  #running = null

  #isClosed = false

  /**
   * @param {any} server of Vite
   * @param {Settings} settings
   * @param {boolean} isDevelopment
   */
  constructor (server, settings, isDevelopment) {
    // Mistakes in the options stop Vite.
    if (!isHandler(settings.python)) parseOptions(settings.python)
    this.server = server
    this.settings = settings
    this.isDevelopment = isDevelopment
    this.logger = viteLogger(server.config.logger)
    const { httpServer } = server
    server.middlewares.use(this.#serve)
    // If Vite is middleware, it has no server. Then the first request starts Python.
    httpServer?.once('listening', () => {
      try {
        this.#start()
      } catch (error) {
        this.logger.error(`[node-asgi] ${/** @type {Error} */ (error).message}`)
      }
    })
    httpServer?.once('close', () => this.close())
  }

  /** @type {Middleware} */
  #serve = (req, res, next) => {
    if (!arrivedBelow(req, this.settings.prefix) || this.#isClosed) return next()
    let running
    try {
      running = this.#start()
    } catch (error) {
      return next(withStatus(error))
    }
    running.middleware(req, res, next)
  }

  /**
   * @returns {Running}
   * @throws if there is no interpreter, for example. The next request tries again.
   */
  #start () {
    if (this.#running !== null) return this.#running
    const { server, settings: { prefix, scope, python: given } } = this
    const isOwn = !isHandler(given)
    /** @type {PythonHandler} */
    const python = isOwn
      ? new PythonHandler({ logger: this.logger, ...given })
      : /** @type {any} */ (given)
    if (server.httpServer) expectUpgrades(server.httpServer, prefix, python)
    const stopWatching = this.isDevelopment ? this.#develop(python) : async () => {}
    const stop = async () => {
      await stopWatching()
      if (server.httpServer) python.detach(server.httpServer)
      if (isOwn) await python.close({ timeout: CLOSING })
    }
    const running = { middleware: python.middleware({ prefix, scope }), stop }
    this.#running = running
    return running
  }

  /**
   * Reloads Python and the pages after a change, and shows what goes wrong.
   * @param {PythonHandler} python
   * @returns {() => Promise<void>} ends it
   */
  #develop (python) {
    const { server: { ws }, settings: { watch, refresh }, logger } = this
    const overlay = new ErrorOverlay(ws, { docroot: python.docroot, refresh })
    const reloader = new Reloader(python, logger)
    if (watch !== false) {
      const { folders = [python.docroot], extensions = ['py'] } = watch === true ? {} : watch
      reloader.watch({ folders: folders.map((folder) => userPath(folder)), extensions }, Infinity)
      reloader.ready().catch(() => {})
    }
    python.ready.catch((error) => {
      overlay.fail(error)
      if (watch === false) logger.error(`[node-asgi] ${error.message}`)
    })
    /** @type {Record<string, (detail: any) => void>} */
    const listeners = {
      'app:error': (error) => overlay.show(error),
      'log:error': (text) => overlay.showLogged(text),
      reload: ({ error }) => error === null ? overlay.recover() : overlay.fail(error),
      'pool:failed': ({ error }) => overlay.fail(error),
      'pool:recovered': () => overlay.recover()
    }
    for (const [event, listener] of Object.entries(listeners)) python.on(event, listener)
    return async () => {
      for (const [event, listener] of Object.entries(listeners)) python.off(event, listener)
      overlay.close()
      await reloader.close()
    }
  }

  /** Never rejects. */
  async close () {
    this.#isClosed = true
    await this.#running?.stop()
  }
}

/**
 * @param {any} logger of Vite
 * @returns {import('../options.js').Logger}
 */
function viteLogger (logger) {
  const options = { timestamp: true }
  return {
    info: (/** @type {any} */ text) => logger.info(text, options),
    warn: (/** @type {any} */ text) => logger.warn(text, options),
    error: (/** @type {any} */ text) => logger.error(text, options)
  }
}
