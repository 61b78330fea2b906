/**
 * From the settings of the command line to a server that runs until a signal ends it.
 */

import { createServer } from 'node:http'
import { constants } from 'node:os'

import { InvalidOptionError, NodeAsgiError } from '../errors.js'
import { PythonHandler } from '../handler.js'
import { parseOptions } from '../options.js'
import { withAccessLog } from './access-log.js'
import { Drain } from './drain.js'
import { listen, ListenError } from './listen.js'

/** @typedef {import('../options.js').Logger} Logger */

/** @type {NodeJS.Signals[]} */
const SIGNALS = ['SIGINT', 'SIGTERM']

/**
 * @param {import('./arguments.js').Arguments} settings
 * @param {Logger} logger
 * @returns {Promise<number>} exit code, when the server has stopped or could not start
 */
export async function serve (settings, logger) {
  try {
    return await new Service(settings, logger).run()
  } catch (error) {
    if (!(error instanceof NodeAsgiError || error instanceof ListenError)) throw error
    logger.error(`[node-asgi] ${error.message}`)
    return error instanceof InvalidOptionError ? 2 : 1
  }
}

class Service {
  /** @type {PythonHandler} */
  #python

  /** @type {import('node:http').Server} */
  #server

  /** @type {Drain} */
  #drain

  /** @type {Promise<void> | null} */
  #stopping = null

  /**
   * @param {import('./arguments.js').Arguments} settings
   * @param {Logger} logger
   */
  constructor ({ handler, address, accessLog }, logger) {
    const { timeouts } = parseOptions(handler)
    this.address = address
    this.logger = logger
    this.timeout = timeouts.drain
    this.#python = new PythonHandler({ ...handler, logger })
    this.#python.on('stdout', (line) => { process.stdout.write(`${line}\n`) })
    this.#python.on('stderr', (line) => { process.stderr.write(`${line}\n`) })
    const { listener } = this.#python
    // How long a body takes is between the client and the application.
    this.#server = createServer({ requestTimeout: 0 }, accessLog
      ? withAccessLog(listener, (line) => { process.stdout.write(line) })
      : listener)
    this.#drain = new Drain(this.#server)
  }

  async run () {
    const onSignal = (/** @type {NodeJS.Signals} */ signal) => this.#onSignal(signal)
    for (const signal of SIGNALS) process.on(signal, onSignal)
    try {
      // The address is taken first: whoever cannot have it need not start an application for that.
      const url = await listen(this.#server, this.address)
      const stopped = new Promise((resolve) => { this.#server.once('close', resolve) })
      await this.#python.ready
      process.stdout.write(`Listening on ${url}\n`)
      await stopped
    } catch (error) {
      if (this.#stopping === null) throw error
    } finally {
      this.#stopping ??= this.#stop()
      await this.#stopping
      for (const signal of SIGNALS) process.off(signal, onSignal)
    }
    return 0
  }

  /** @param {NodeJS.Signals} signal */
  #onSignal (signal) {
    if (this.#stopping !== null) process.exit(128 + constants.signals[signal])
    this.logger.info(`[node-asgi] ${signal}: stopping when the requests under way are done; ` +
      'once more to stop at once')
    this.#stopping = this.#stop()
  }

  async #stop () {
    this.#drain.begin()
    await this.#python.close()
    await this.#drain.end(this.timeout)
  }
}
