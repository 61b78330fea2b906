/** The Python application of one server of Vite. */

import { PythonHandler } from '../handler.js'
import { expectUpgrades } from '../http/middleware.js'
import { withStatus } from '../http/passing-exchange.js'
import { arrivedBelow } from '../message/mount.js'
import { parseOptions } from '../options.js'
import { isHandler } from './is-handler.js'
import { ErrorOverlay } from './vite-overlay.js'

/** Milliseconds that Python gets to end when the server ends, which others may wait for. */
const CLOSING = 2000

/**
 * @typedef {object} Settings
 * @property {any} python a handler, or its options
 * @property {string} prefix
 * @property {unknown} scope
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
      ? new PythonHandler({ logger: this.logger, watch: this.isDevelopment, ...given })
      : /** @type {any} */ (given)
    if (server.httpServer) expectUpgrades(server.httpServer, prefix, python)
    const stopOverlay = this.isDevelopment ? this.#showErrors(python) : () => {}
    const stop = async () => {
      stopOverlay()
      if (server.httpServer) python.detach(server.httpServer)
      if (isOwn) await python.close({ timeout: CLOSING })
    }
    const running = { middleware: python.middleware({ prefix, scope }), stop }
    this.#running = running
    return running
  }

  /**
   * Reloads the pages after Python, and shows on them what goes wrong.
   * @param {PythonHandler} python
   * @returns {() => void} ends it
   */
  #showErrors (python) {
    const { server: { ws }, settings: { refresh } } = this
    const overlay = new ErrorOverlay(ws, { docroot: python.docroot, refresh })
    /** @type {Record<string, (detail: any) => void>} */
    const listeners = {
      'app:error': (error) => overlay.show(error),
      'log:error': (text) => overlay.showLogged(text),
      reload: ({ error }) => error === null ? overlay.recover() : overlay.fail(error),
      'pool:failed': ({ error }) => overlay.fail(error),
      'pool:recovered': () => overlay.recover()
    }
    for (const [event, listener] of Object.entries(listeners)) python.on(event, listener)
    return () => {
      for (const [event, listener] of Object.entries(listeners)) python.off(event, listener)
      overlay.close()
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
