/**
 * Runs a server with the settings of the command line until a signal stops it.
 */

import { constants } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'

import { PythonHandler } from '../handler.js'
import { Reloader } from '../reload/reloader.js'
import { AccessLog } from './access-log.js'
import { nameApplication } from './application-name.js'
import { CertificateWatch } from './certificates.js'
import { limitConnections } from './connection-limits.js'
import { Doors } from './doors.js'
import { GracefulShutdown } from './graceful-shutdown.js'
import { createLauncher } from './launch.js'
import { isShown, pythonLine } from './logger.js'
import { writePidFile } from './pid-file.js'
import { onResizing, refuseRemote, resized } from './resizing.js'
import { makeServer } from './server.js'
import { ServingStatus, StartStatus } from './terminal/status.js'
import { hasTerminal } from './terminal/terminal.js'

/** @typedef {import('../options.js').Logger} Logger */
/** @typedef {import('../supervisor/launcher.js').Launcher} Launcher */
/** @typedef {import('./arguments.js').Arguments} Arguments */
/** @typedef {import('./terminal/screen.js').Screen} Screen */

/** @type {NodeJS.Signals[]} */
const SIGNALS = ['SIGINT', 'SIGTERM']

/** Milliseconds that clients get at least to receive what is left, once Python has ended. */
const LAST_BYTES = 500

/**
 * What is different in a process of several (cluster/member.js).
 * @typedef {object} Part
 * @property {number} number of the process
 * @property {() => Promise<import('./monitoring.js').Sources>} sources of all processes
 * @property {(server: any) => Pick<Doors, 'open' | 'close'>} createDoors
 * @property {(python: PythonHandler) => void} onServing
 * @property {(ready: Promise<void>) => Promise<void>} isStarted
 */

export class Service {
  /** @type {import('node:http').Server | import('node:http2').Http2SecureServer} */
  #server

  /** @type {Pick<Doors, 'open' | 'close'>} */
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
   * @param {Arguments} settings
   * @param {Logger} logger
   * @param {Screen} screen
   * @param {Part | null} [part] null: this is the only process
   * @param {Launcher} [launcher] of the same settings, which may have started Python ahead
   */
  constructor (settings, logger, screen, part = null,
    launcher = createLauncher(settings, logger, screen)) {
    const { handler, tls, maxHeaderSize, limits, reload, accessLog, logLevel } = settings
    const { timeouts, trustProxy, debug, preparation, remote } = launcher.settings
    this.settings = settings
    this.launcher = launcher
    this.logger = logger
    this.screen = screen
    this.part = part
    this.#status = preparation?.progress ? new StartStatus(screen, handler.appTarget) : null
    this.isDebugged = debug !== null
    this.timeout = timeouts.drain
    this.#server = makeServer(tls, maxHeaderSize, limits)
    this.#doors = part?.createDoors(this.#server) ?? new Doors(this.#server)
    limitConnections(this.#server, {
      all: limits.connections, perAddress: limits.connectionsPerAddress, trustProxy
    })
    const log = accessLog === null ? null : new AccessLog(accessLog, screen.out, part?.number)
    this.python = new PythonHandler({ ...handler, logger },
      { observer: log?.observer, launcher })
    this.hadTerminal = hasTerminal()
    for (const name of /** @type {const} */ (['stdout', 'stderr'])) {
      this.python.on(name, (line, source) => {
        if (this.#status instanceof StartStatus && this.#status.takes(line)) return
        if (isShown(source.level, logLevel)) this.#print(name, line, source)
      })
    }
    this.#reloader = new Reloader(this.python, logger, () => launcher.beginReload())
    // Before Python has started, so that no change is missed in the meantime.
    if (reload !== null && remote === null) this.#reloader.watch(reload, timeouts.drain)
    this.python.attach(this.#server)
    if (log !== null) this.#logAccess(log)
    this.#shutdown = new GracefulShutdown(this.#server)
  }

  /**
   * @param {'stdout' | 'stderr'} name
   * @param {string} line
   * @param {{ worker: number, pid: number, level: string | null }} source
   */
  #print (name, line, source) {
    const { screen, part } = this
    const from = { ...source, process: part?.number }
    if (name === 'stdout') screen.out(`${pythonLine(line, from, screen.paintOut)}\n`)
    else screen.err(`${pythonLine(line, from, screen.paintErr)}\n`)
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
    let endResizing = () => {}
    if (this.part === null) {
      for (const signal of SIGNALS) process.on(signal, onSignal)
      process.on('SIGHUP', onHangUp)
      // With a debugger they come from the terminal, and there is one worker.
      if (!this.isDebugged) endResizing = onResizing((signal) => this.#resize(signal))
    }
    const { pidFile } = this.settings
    let removePidFile = () => {}
    try {
      if (pidFile !== undefined) removePidFile = writePidFile(pidFile)
      this.#certificate = this.#watchCertificate()
      await this.#monitor()
      // First, because without the address there is no need to start the application.
      const places = await this.#listen()
      const stopped = new Promise((resolve) => { this.#server.once('close', resolve) })
      const started = this.#reloader.ready()
      await (this.part?.isStarted(started) ?? started)
      if (this.#stopping === null) {
        if (this.part === null) this.#announce(places)
        else this.part.onServing(this.python)
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
      endResizing()
    }
    return 0
  }

  /** @param {string[]} places */
  #announce (places) {
    const { screen } = this
    const isLive = this.#status !== null
    this.#status?.end()
    const where = screen.paintOut(places.join(', '), 'bold', 'green')
    screen.out(`Listening on ${where} with ${nameApplication(this.python)}\n`)
    this.#status = isLive ? new ServingStatus(screen, () => this.python.stats()) : null
  }

  async #monitor () {
    const { metrics, health, dashboard, handler } = this.settings
    if (metrics === null && health === null && dashboard === null) return
    const { handlerSources, startMonitoring } = await import('./monitoring.js')
    const wanted = { metrics, health, dashboard, token: handler.dashboard?.token }
    const { part, python } = this
    const sources = await part?.sources() ?? handlerSources(python)
    this.#monitoring = await startMonitoring(wanted, sources, this.#server)
    // Those of all processes are the same, and one that comes later has nothing new to say.
    if (part !== null && part.number > 1) return
    for (const place of this.#monitoring.places) this.logger.info(`[node-asgi] ${place}`)
  }

  // A terminal that is closed sends SIGHUP too. Then the server stops.
  #onHangUp () {
    if (this.hadTerminal && !hasTerminal()) this.#onSignal('SIGHUP')
    else {
      this.reloadCertificate()
      if (this.launcher.isRemote) refuseRemote('SIGHUP', this.logger)
      else this.#reloader.reload('SIGHUP')
    }
  }

  /** @param {NodeJS.Signals} signal */
  #resize (signal) {
    if (this.#stopping !== null) return
    if (this.launcher.isRemote) return refuseRemote(signal, this.logger)
    const size = resized(this.python.stats().size, signal, 1, this.logger)
    if (size === null) return
    this.python.resize(size).catch((error) => {
      if (error.code !== 'ERR_CLOSED') this.logger.error(`[node-asgi] ${error.message}`)
    })
  }

  /** Asks clients to leave: connections close after their next response. */
  announceEnd () {
    this.#shutdown.announce()
  }

  reloadCertificate () {
    this.#certificate?.reload('SIGHUP')
  }

  /**
   * Stops, unless it already does.
   * @param {number} [timeout] milliseconds for the requests in flight, instead of what is set
   */
  end (timeout = this.timeout) {
    this.timeout = timeout
    this.#stopping ??= this.#stop()
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
    this.python.health.suspend('the server is stopping')
    if (stopDelay > 0 && this.#server.listening) {
      this.announceEnd()
      await sleep(stopDelay)
    }
    const end = performance.now() + this.timeout
    await this.#reloader.close()
    this.#doors.close()
    this.#shutdown.begin()
    await this.python.close({ timeout: Math.max(0, end - performance.now()) })
    await this.#shutdown.end(Math.max(LAST_BYTES, end - performance.now()))
    this.#monitoring?.close()
  }
}
