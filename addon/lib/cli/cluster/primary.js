/**
 * Runs `node-asgi --processes N`: starts the members, hands connections to them, and replaces those
 * that end. It serves no requests and starts no Python.
 */

import { constants } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'

import { parseOptions } from '../../options.js'
import { Reloader } from '../../reload/reloader.js'
import { availableCores } from '../../util/available-cores.js'
import { serveArguments } from '../arguments.js'
import { CommandError, exitCodeOf } from '../failure.js'
import { listen } from '../listen.js'
import { createLogger, isShown } from '../logger.js'
import { writePidFile } from '../pid-file.js'
import { onResizing, refuseRemote, resized } from '../resizing.js'
import { Screen } from '../terminal/screen.js'
import { ServingStatus, StartStatus } from '../terminal/status.js'
import { hasTerminal } from '../terminal/terminal.js'
import { Distributor } from './distributor.js'
import { Knowledge } from './knowledge.js'
import { MemberProcess } from './member-process.js'
import { divideWorkers, shares } from './shares.js'
import { clusterSources } from './shown.js'

/** @typedef {import('../../options.js').Logger} Logger */
/** @typedef {import('../arguments.js').Arguments} Arguments */

/** @type {NodeJS.Signals[]} */
const SIGNALS = ['SIGINT', 'SIGTERM']

/** Milliseconds that a member gets beyond its time to stop, before it is killed. */
const MARGIN = 1500

/** Milliseconds in which connections that have just been accepted must get to a member. */
const HANDING_OVER = 200

/** Milliseconds that a reload may take beyond the start of the application. */
const RELOAD_MARGIN = 30_000

/** The application cannot start. */
class StartError extends CommandError {
  /** @param {import('./member-process.js').Failure} failure */
  constructor ({ message, exitCode }) {
    super(message)
    this.exitCode = exitCode
  }
}

/**
 * @param {import('../settings/resolve.js').Settings} given
 * @returns {Promise<number>} the exit code, once everything has stopped or could not start
 */
export async function serveCluster (given) {
  const settings = serveArguments(given)
  const screen = new Screen()
  const logger = createLogger(settings.logLevel, screen.err, screen.paintErr)
  try {
    return await new Primary(settings, given.optionNames(), logger, screen).run()
  } catch (error) {
    const exitCode = exitCodeOf(error, logger)
    return error instanceof StartError ? error.exitCode : exitCode
  }
}

export class Primary {
  /** @type {MemberProcess[]} */
  members

  #distributor

  /** @type {import('../resizing.js').Size} of all pools together */
  #size

  /** @type {StartStatus | ServingStatus | null} */
  #status

  #reloader

  #knowledge

  /** @type {import('../side-servers.js').SideServers | null} */
  #monitoring = null

  /** @type {Promise<void> | null} */
  #stopping = null

  /** @type {Promise<void> | null} the roll that goes on */
  #rolling = null

  /** @type {Promise<void> | null} the one after it */
  #nextRoll = null

  /** @type {(error: Error | null) => void} */
  #settle = () => {}

  /**
   * @param {Arguments} settings
   * @param {Record<string, string>} names of options in messages
   * @param {Logger} logger
   * @param {Screen} screen
   */
  constructor (settings, names, logger, screen) {
    const { handler, logLevel, listening, reload } = settings
    this.settings = settings
    this.logger = logger
    this.screen = screen
    const each = shares(settings, availableCores())
    this.options = parseOptions({ ...handler, logger })
    const { min, max } = this.options.workers
    const most = Math.max(max, each.length)
    this.#size = { min: min === max ? most : min, max: most }
    const isLive = screen.isLive && isShown('info', logLevel)
    this.#status = isLive ? new StartStatus(screen, this.options.appTarget) : null
    this.ready = /** @type {Promise<void>} */ (new Promise((resolve, reject) => {
      this.#settle = (error) => error === null ? resolve() : reject(error)
    }))
    this.ready.catch(() => {}) // who waits for it hears of it
    this.members = each.map((share, i) => new MemberProcess(i + 1, {
      beginning: {
        settings: share,
        names,
        isColoured: screen.isColoured,
        isWatched: reload !== null,
        records: [
          ...settings.metrics === null ? [] : ['metrics'],
          ...settings.dashboard === null ? [] : ['record']
        ]
      },
      isPiped: screen.isLive,
      restart: this.options.restart,
      hang: this.options.timeouts.hang,
      logger
    }, {
      onChange: () => this.#onChange(),
      onFailed: (member, failure) => this.#onFailed(member, failure),
      onGone: () => {},
      onOutput: (name, text) => name === 'stdout' ? screen.out(text) : screen.err(text),
      topics: { known: ({ topic, data }) => this.#knowledge.answer(topic, data) }
    }))
    this.#distributor = new Distributor(this.members, listening.backlog)
    this.#knowledge = new Knowledge(this.members, () => this.reload())
    this.hadTerminal = hasTerminal()
    this.#reloader = new Reloader(this, logger)
    if (reload !== null && this.options.remote === null) {
      this.#reloader.watch(reload, this.options.timeouts.drain)
    }
  }

  async run () {
    const onSignal = (/** @type {NodeJS.Signals} */ signal) => this.#onSignal(signal)
    const onHangUp = () => this.#onHangUp()
    for (const signal of SIGNALS) process.on(signal, onSignal)
    process.on('SIGHUP', onHangUp)
    const endResizing = onResizing((signal) => this.#resize(signal))
    const { pidFile } = this.settings
    let removePidFile = () => {}
    try {
      if (pidFile !== undefined) removePidFile = writePidFile(pidFile)
      await this.#monitor()
      const places = await this.#listen()
      for (const member of this.members) member.start()
      await this.#reloader.ready()
      if (this.#status !== null) await this.#knowledge.count()
      if (this.#stopping === null) this.#announce(places)
      await this.#stopped
    } catch (error) {
      if (this.#stopping === null) throw error
    } finally {
      this.#status?.end()
      this.#stopping ??= this.#stop()
      await this.#stopping
      removePidFile()
      for (const signal of SIGNALS) process.off(signal, onSignal)
      process.off('SIGHUP', onHangUp)
      endResizing()
    }
    return 0
  }

  #onStopped = () => {}

  #stopped = /** @type {Promise<void>} */ (new Promise((resolve) => { this.#onStopped = resolve }))

  async #monitor () {
    const { metrics, health, dashboard, handler } = this.settings
    const wanted = { metrics: away(metrics), health: away(health), dashboard: away(dashboard) }
    if (Object.values(wanted).every((place) => place === null)) return
    const { startMonitoring } = await import('../monitoring.js')
    const sources = clusterSources((topic, data) => this.#knowledge.answer(topic, data))
    this.#monitoring = await startMonitoring(
      { ...wanted, token: handler.dashboard?.token }, sources, null)
    for (const place of this.#monitoring.places) this.logger.info(`[node-asgi] ${place}`)
  }

  /** @returns {Promise<string[]>} the places that it listens on */
  async #listen () {
    const { listening: { addresses, ...options }, tls } = this.settings
    const places = []
    for (const address of addresses) {
      const scheme = tls === null ? 'http' : 'https'
      places.push(await listen(this.#distributor.createDoor(), address, { ...options, scheme }))
    }
    return places
  }

  /** @param {string[]} places */
  #announce (places) {
    const { screen, members } = this
    const isLive = this.#status !== null
    this.#status?.end()
    const where = screen.paintOut(places.join(', '), 'bold', 'green')
    const python = members.find(({ hasServed }) => hasServed)?.python ?? 'no Python yet'
    screen.out(`Listening on ${where} with ${python}, in ${members.length} processes\n`)
    this.#status = isLive ? new ServingStatus(screen, () => this.#knowledge.counts()) : null
  }

  #onChange () {
    if (this.members.every(({ isReady }) => isReady)) this.#settle(null)
    this.#distributor.distribute()
  }

  /**
   * Before anything has been served, nobody needs to try again. Later, the others serve.
   * @param {MemberProcess} member
   * @param {import('./member-process.js').Failure} failure
   */
  #onFailed (member, failure) {
    if (this.members.some(({ hasServed }) => hasServed)) {
      this.logger.error(`[node-asgi] process ${member.number} cannot start: ${failure.message}`)
    } else {
      this.#settle(new StartError(failure))
    }
  }

  // For the Reloader, which takes this for a handler.

  /**
   * Reloads the application in one process after the other. If a process cannot, it keeps the
   * old workers, and those after it are not asked.
   * @param {{ timeout?: number }} [options]
   * @returns {Promise<void>}
   */
  reload (options) {
    // A change during a roll may have come too late for some: they get another one.
    this.#nextRoll ??= (this.#rolling ?? Promise.resolve()).then(() => {
      this.#nextRoll = null
      this.#rolling = this.#roll(options).finally(() => { this.#rolling = null })
      return this.#rolling
    })
    return this.#nextRoll
  }

  /** @param {{ timeout?: number, certificate?: boolean }} [options] */
  async #roll (options) {
    const timeout = this.options.timeouts.startup + RELOAD_MARGIN
    for (const member of this.members) {
      if (this.#stopping !== null) return
      if (!member.isOpen) continue // it will start with the new application
      try {
        await member.ask('reload', options ?? {}, { timeout })
      } catch (error) {
        this.#onReloadFailed(member, /** @type {Error} */ (error))
        throw error
      }
    }
  }

  /**
   * @param {MemberProcess} member
   * @param {Error} error
   */
  #onReloadFailed ({ number }, { message }) {
    const others = number === 1
      ? 'all processes keep what they have'
      : 'the processes before it have the new application, the others keep what they have'
    this.logger.error(`[node-asgi] the reload has stopped at process ${number} of ` +
      `${this.members.length}, and ${others}; correct the application and reload again: ` +
      message.split('\n', 1)[0])
  }

  // A terminal that is closed sends SIGHUP too. Then everything stops.
  #onHangUp () {
    if (this.hadTerminal && !hasTerminal()) this.#onSignal('SIGHUP')
    else {
      for (const member of this.members) member.ask('certificate').catch(() => {})
      if (this.options.remote !== null) refuseRemote('SIGHUP', this.logger)
      else this.#reloader.reload('SIGHUP')
    }
  }

  /** @param {NodeJS.Signals} signal */
  #resize (signal) {
    if (this.#stopping !== null) return
    if (this.options.remote !== null) return refuseRemote(signal, this.logger)
    const { members } = this
    const size = resized(this.#size, signal, members.length, this.logger)
    if (size === null) return
    this.#size = size
    const shares = divideWorkers({ ...this.options.workers, ...size }, size.max, members.length)
    for (const [i, member] of members.entries()) member.resize(shares[i])
  }

  /** @param {NodeJS.Signals} signal */
  #onSignal (signal) {
    if (this.#stopping !== null) {
      for (const member of this.members) member.kill()
      process.exit(128 + constants.signals[signal])
    }
    this.logger.info(`[node-asgi] ${signal}: stopping after the requests in flight; a second ` +
      'signal stops at once')
    this.#stopping = this.#stop()
  }

  async #stop () {
    const { stopDelay } = this.settings
    this.#knowledge.suspend('the server is stopping')
    if (stopDelay > 0 && this.members.some(({ hasServed }) => hasServed)) {
      for (const member of this.members) member.ask('announce').catch(() => {})
      await sleep(stopDelay)
    }
    const end = performance.now() + this.options.timeouts.drain
    const left = () => Math.max(0, end - performance.now())
    await this.#reloader.close()
    this.#distributor.closeDoors()
    await this.#distributor.finish(Math.min(HANDING_OVER, left()))
    await Promise.all(this.members.map((member) => member.stop(left(), left() + MARGIN)))
    this.#settle(new CommandError('stopped'))
    this.#monitoring?.close()
    this.#onStopped()
  }
}

/**
 * What has a path is shown by the members, where the path is.
 * @param {import('../values.js').Place | null} place
 */
function away (place) {
  return place !== null && 'path' in place ? null : place
}
