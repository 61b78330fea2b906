/**
 * The program of a member of `node-asgi --processes N`: a server that gets its settings and its
 * connections from the primary, and ends with it.
 */

import { nameApplication } from '../application-name.js'
import { explain } from '../failure.js'
import { createLogger } from '../logger.js'
import { Service } from '../serve.js'
import { Screen } from '../terminal/screen.js'
import { InvalidOptionError } from '../../errors.js'
import { nameOptionsAsFlags } from '../../util/option-name.js'
import { Link } from './link.js'
import { ReceivedDoors } from './received-doors.js'
import { memberTopics } from './report.js'

/** @typedef {import('../../options.js').Logger} Logger */
/** @typedef {import('../../handler.js').PythonHandler} PythonHandler */

/** Milliseconds for the requests in flight when the primary has gone. */
const ORPHANED = 8000

/** Events after which the handler may be ready, or may not be any more. */
const EVENTS = [
  'worker:ready', 'worker:exit', 'reload', 'pool:failed', 'pool:recovered', 'endpoint:ejected',
  'endpoint:recovered'
]

class Member {
  /** @type {Service | null} */
  #service = null

  /** @type {ReceivedDoors | null} */
  #doors = null

  #link = new Link(/** @type {any} */ (process), {
    start: (data) => { this.#start(data) },
    connection: (_, socket) => this.#doors !== null && this.#doors.receive(socket),
    announce: () => this.#service?.announceEnd(),
    certificate: () => this.#service?.reloadCertificate(),
    resize: ({ workers }) => this.#python.resize(workers),
    reload: ({ timeout }) => this.#python.reload({ timeout }),
    stop: ({ timeout }) => { this.#stop(timeout) },
    ...memberTopics(() => this.#python)
  })

  #isReady = false

  constructor () {
    // A terminal sends these to all its processes. The primary says what to do.
    for (const signal of ['SIGINT', 'SIGHUP']) process.on(signal, () => {})
    process.once('SIGTERM', () => this.#stop())
    process.once('disconnect', () => {
      this.#link.close()
      this.#stop(ORPHANED)
    })
  }

  get #python () {
    if (this.#service === null) throw new Error('the process is starting')
    return this.#service.python
  }

  /** @param {any} beginning what the primary says first (primary.js) */
  async #start ({ number, settings, names, isColoured, isWatched, records }) {
    process.title = `node-asgi: process ${number} of ${settings.handler.appTarget}`
    nameOptionsAsFlags(names)
    const env = { ...process.env, ...isColoured ? { FORCE_COLOR: '1' } : {} }
    const screen = new Screen(process.stdout, process.stderr, env)
    screen.isLive = false // the primary has the last line
    const logger = numbered(createLogger(settings.logLevel, screen.err, screen.paintErr), number)
    let exitCode = 0
    try {
      this.#service = new Service(settings, logger, screen, {
        number,
        sources: async () => (await import('./shown.js')).clusterSources((topic, data) =>
          this.#link.ask('known', { topic, data })),
        createDoors: (server) => (this.#doors = new ReceivedDoors(server)),
        onServing: (python) => this.#onServing(python),
        isStarted: (ready) => isWatched ? this.#waitForChanges(ready) : ready
      })
      for (const event of EVENTS) {
        this.#python.on(event, () => setImmediate(() => this.#look()))
      }
      // Otherwise they would begin when somebody looks for the first time.
      for (const topic of records) this.#link.topics[topic](null)
      await this.#service.run()
    } catch (error) {
      exitCode = await this.#onFailed(error)
    }
    process.exit(exitCode)
  }

  /**
   * The next change may correct a start that has failed.
   * @param {Promise<void>} ready
   */
  async #waitForChanges (ready) {
    try {
      await ready
    } catch (error) {
      await this.#onFailed(error)
    }
  }

  /** @param {PythonHandler} python */
  #onServing (python) {
    if (!python.health.check().ready) return
    this.#isReady = true
    this.#link.tell('serving', { python: nameApplication(python) })
  }

  #look () {
    const isReady = this.#python.health.check().ready
    if (isReady === this.#isReady) return
    if (isReady) return this.#onServing(this.#python)
    this.#isReady = false
    this.#link.tell('state', { isReady })
  }

  /**
   * @param {unknown} error
   * @returns {Promise<number>} the exit code
   */
  async #onFailed (error) {
    const exitCode = error instanceof InvalidOptionError ? 2 : 1
    await this.#link.tell('failed', { message: explain(error), exitCode })
    return exitCode
  }

  /** @param {number} [timeout] milliseconds; undefined: what the settings say */
  #stop (timeout) {
    if (this.#service === null) process.exit(0)
    this.#service.end(timeout)
  }
}

/**
 * @param {Logger} logger
 * @param {number} number
 * @returns {Logger} says which process an entry is from
 */
function numbered (logger, number) {
  const mark = (/** @type {unknown[]} */ words) =>
    words.join(' ').replace(/^\[node-asgi\]/gm, `[node-asgi ${number}]`)
  return {
    error: (...words) => logger.error(mark(words)),
    warn: (...words) => logger.warn(mark(words)),
    info: (...words) => logger.info(mark(words)),
    debug: (...words) => logger.debug?.(mark(words))
  }
}

if (process.connected) new Member() // eslint-disable-line no-new
