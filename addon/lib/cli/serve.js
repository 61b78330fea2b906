/**
 * Runs a server with the settings of the command line until a signal stops it.
 */

import { closeSync, openSync } from 'node:fs'
import { constants } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'

import { PythonHandler } from '../handler.js'
import { describeInterpreter } from '../interpreter/interpreter.js'
import { parseOptions } from '../options.js'
import { Reloader } from '../reload/reloader.js'
import { AccessLog } from './access-log.js'
import { serveArguments } from './arguments.js'
import { CertificateWatch } from './certificates.js'
import { limitConnections } from './connection-limits.js'
import { Doors } from './doors.js'
import { exitCodeOf } from './failure.js'
import { GracefulShutdown } from './graceful-shutdown.js'
import { createLogger, isShown, pythonLine } from './logger.js'
import { writePidFile } from './pid-file.js'
import { makeServer } from './server.js'
import { Screen } from './terminal/screen.js'
import { ServingStatus, StartStatus } from './terminal/status.js'

/** @typedef {import('../options.js').Logger} Logger */

/** @type {NodeJS.Signals[]} */
const SIGNALS = ['SIGINT', 'SIGTERM']

/** Milliseconds that clients get at least to receive what is left, once Python has ended. */
const LAST_BYTES = 500

/**
 * @param {import('./settings/resolve.js').Settings} given
 * @returns {Promise<number>} the exit code, once the server has stopped or could not start
 */
export async function serve (given) {
  const settings = serveArguments(given)
  const screen = new Screen()
  const logger = createLogger(settings.logLevel, screen.err, screen.paintErr)
  try {
    return await new Service(settings, logger, screen).run()
  } catch (error) {
    return exitCodeOf(error, logger)
  }
}

/** Whether this process has a terminal: without one, /dev/tty cannot be opened (tty(4)). */
function hasTerminal () {
  try {
    closeSync(openSync('/dev/tty', 'r'))
    return true
  } catch {
    return false
  }
}

class Service {
  /** @type {PythonHandler} */
  #python

  /** @type {import('node:http').Server | import('node:http2').Http2SecureServer} */
  #server

  /** @type {Doors} */
  #doors

  /** @type {StartStatus | ServingStatus | null} null: the terminal is none, or is not to be used */
  #status

  /** @type {CertificateWatch | null} */
  #certificate = null

  /** @type {GracefulShutdown} */
  #shutdown

  /** @type {Reloader} */
  #reloader

  /** @type {import('./side-servers.js').SideServers | null} */
  #monitoring = null

  /** @type {Promise<void> | null} */
  #stopping = null

  /**
   * @param {import('./arguments.js').Arguments} settings
   * @param {Logger} logger
   * @param {Screen} screen
   */
  constructor (settings, logger, screen) {
    const { handler, tls, maxHeaderSize, limits, reload, accessLog, logLevel } = settings
    const { timeouts, trustProxy, debug, remote } = parseOptions(handler)
    this.settings = settings
    this.logger = logger
    this.screen = screen
    // A debugger has the terminal for itself.
    const isLive = screen.isLive && debug === null && isShown('info', logLevel)
    this.#status = isLive ? new StartStatus(screen, handler.appTarget) : null
    this.timeout = timeouts.drain
    this.#server = makeServer(tls, maxHeaderSize, limits)
    this.#doors = new Doors(this.#server)
    limitConnections(this.#server, {
      all: limits.connections, perAddress: limits.connectionsPerAddress, trustProxy
    })
    const log = accessLog === null ? null : new AccessLog(accessLog, screen.out)
    this.#python = new PythonHandler({ ...handler, logger },
      { observer: log?.observer, preparation: isLive ? { progress: true } : undefined })
    this.hadTerminal = hasTerminal()
    for (const name of /** @type {const} */ (['stdout', 'stderr'])) {
      this.#python.on(name, (line, source) => {
        if (this.#status instanceof StartStatus && this.#status.takes(line)) return
        if (isShown(source.level, logLevel)) this.#print(name, line, source)
      })
    }
    this.#reloader = new Reloader(this.#python, logger)
    // Before Python has started, so that no change is missed in the meantime.
    if (reload !== null && remote === null) this.#reloader.watch(reload, timeouts.drain)
    this.#python.attach(this.#server)
    if (log !== null) this.#logAccess(log)
    this.#shutdown = new GracefulShutdown(this.#server)
  }

  /**
   * @param {'stdout' | 'stderr'} name
   * @param {string} line
   * @param {{ worker: number, pid: number, level: string | null }} source
   */
  #print (name, line, source) {
    const { screen } = this
    if (name === 'stdout') screen.out(`${pythonLine(line, source, screen.paintOut)}\n`)
    else screen.err(`${pythonLine(line, source, screen.paintErr)}\n`)
  }

  /** @param {AccessLog} log */
  #logAccess (log) {
    /** @type {any} */
    const server = this.#server
    for (const event of ['request', 'checkContinue']) {
      server.prependListener(event, (/** @type {any} */ req, /** @type {any} */ res) =>
        log.onRequest(req, res))
    }
  }

  /** @returns {Promise<string[]>} the places that it listens on */
  #listen () {
    const { listening: { addresses, ...options }, tls } = this.settings
    return this.#doors.open(addresses, { ...options, scheme: tls === null ? 'http' : 'https' })
  }

  /** @returns {CertificateWatch | null} */
  #watchCertificate () {
    const { tls } = this.settings
    if (tls === null) return null
    return new CertificateWatch(/** @type {any} */ (this.#server), tls, this.logger)
  }

  async run () {
    const onSignal = (/** @type {NodeJS.Signals} */ signal) => this.#onSignal(signal)
    const onHangUp = () => this.#onHangUp()
    for (const signal of SIGNALS) process.on(signal, onSignal)
    process.on('SIGHUP', onHangUp)
    const { pidFile } = this.settings
    let removePidFile = () => {}
    try {
      if (pidFile !== undefined) removePidFile = writePidFile(pidFile)
      this.#certificate = this.#watchCertificate()
      await this.#monitor()
      // First, because without the address there is no need to start the application.
      const places = await this.#listen()
      const stopped = new Promise((resolve) => { this.#server.once('close', resolve) })
      await this.#reloader.ready()
      if (this.#stopping === null) {
        this.#announce(places)
      }
      await stopped
    } catch (error) {
      if (this.#stopping === null) throw error
    } finally {
      this.#status?.end()
      this.#stopping ??= this.#stop()
      await this.#stopping
      this.#certificate?.close()
      removePidFile()
      for (const signal of SIGNALS) process.off(signal, onSignal)
      process.off('SIGHUP', onHangUp)
    }
    return 0
  }

  /** @param {string[]} places */
  #announce (places) {
    const { screen } = this
    const isLive = this.#status !== null
    this.#status?.end()
    const where = screen.paintOut(places.join(', '), 'bold', 'green')
    const { remote } = parseOptions(this.settings.handler)
    const python = remote === null
      ? describeInterpreter(this.#python.stats().python)
      : remote.addresses.map(({ url }) => url).join(', ')
    screen.out(`Listening on ${where} with ${python}\n`)
    this.#status = isLive ? new ServingStatus(screen, () => this.#python.stats()) : null
  }

  async #monitor () {
    const { metrics, health, dashboard, handler } = this.settings
    if (metrics === null && health === null && dashboard === null) return
    const { startMonitoring } = await import('./monitoring.js')
    const wanted = { metrics, health, dashboard, token: handler.dashboard?.token }
    this.#monitoring = await startMonitoring(wanted, this.#python, this.#server)
    for (const place of this.#monitoring.places) this.logger.info(`[node-asgi] ${place}`)
  }

  // A terminal that is closed sends SIGHUP too. Then the server stops.
  #onHangUp () {
    if (this.hadTerminal && !hasTerminal()) this.#onSignal('SIGHUP')
    else {
      this.#certificate?.reload('SIGHUP')
      this.#reloader.reload('SIGHUP')
    }
  }

  /** @param {NodeJS.Signals} signal */
  #onSignal (signal) {
    if (this.#stopping !== null) process.exit(128 + constants.signals[signal])
    this.logger.info(`[node-asgi] ${signal}: stopping after the requests in flight; a second ` +
      'signal stops at once')
    this.#stopping = this.#stop()
  }

  async #stop () {
    const { stopDelay } = this.settings
    this.#python.health.suspend('the server is stopping')
    if (stopDelay > 0 && this.#server.listening) await sleep(stopDelay)
    const end = performance.now() + this.timeout
    await this.#reloader.close()
    this.#doors.close()
    this.#shutdown.begin()
    await this.#python.close({ timeout: Math.max(0, end - performance.now()) })
    await this.#shutdown.end(Math.max(LAST_BYTES, end - performance.now()))
    this.#monitoring?.close()
  }
}
