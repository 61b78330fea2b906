/**
 * The processes of one generation: a fork server and the workers that it forks. A crew starts and
 * ends processes and reports what becomes of them. Its owner (generation.js) decides which workers
 * there should be.
 */

import { StartupError, hungError, resourceError } from '../errors.js'
import { optionName } from '../util/option-name.js'
import { Worker } from '../worker/worker.js'
import { HangWatch } from './hang-watch.js'
import { Roster } from './roster.js'

/** @typedef {import('./reporter.js').Reporter} Reporter */
/** @typedef {import('../pool/pool.js').Pool} Pool */
/** @typedef {import('../options.js').Settings} Settings */
/** @typedef {import('../binding.js').Binding} Binding */
/** @typedef {import('../interpreter/interpreter.js').Interpreter} Interpreter */
/** @typedef {import('./launcher.js').Launcher} Launcher */
/** @typedef {import('../worker/fork-server.js').ForkServer} ForkServer */
/** @typedef {import('../worker/fork-server.js').ServerOwner} ServerOwner */
/** @typedef {import('../worker/worker-owner.js').WorkerOwner<Worker>} WorkerOwner */
/** @typedef {import('../worker/fork-server.js').ServerInfo} ServerInfo */
/** @typedef {import('../worker/worker-owner.js').DrainPlan} DrainPlan */
/** @typedef {import('../worker/worker-owner.js').ExitReason} ExitReason */
/** @typedef {import('../worker/worker-owner.js').WorkerInfo} WorkerInfo */
/** @typedef {import('../stream/request-stream.js').RequestStream} RequestStream */

/**
 * What all generations of a handler share.
 * @typedef {object} Parts
 * @property {Binding} binding
 * @property {Settings} settings
 * @property {Interpreter} interpreter
 * @property {Launcher} launcher
 * @property {Pool} pool
 * @property {Reporter} reporter
 * @property {() => number} nextId number for the next worker
 * @property {() => void} onBusy a worker has a request in flight after it had none
 */

/**
 * What the owner of a crew implements.
 * @typedef {object} CrewOwner
 * @property {() => void} onServerReady workers can be forked
 * @property {(error: Error, startTime: number | null) => void} onServerLost the fork server has
 *   ended, and its workers with it; it had taken so many milliseconds to become ready (null: it
 *   never was)
 * @property {(worker: Worker) => void} onWorkerReady it can take requests
 * @property {(worker: Worker) => void} onWorkerAvailable it can take requests again
 * @property {(worker: Worker) => void} onWorkerBusy it has a request in flight after it had none
 * @property {(worker: Worker) => void} onWorkerQuota it has been given all requests that it may
 *   have
 * @property {(worker: Worker, silence: number) => void} onOutage no worker answers; this one has
 *   not for the longest time, in milliseconds
 * @property {(worker: Worker, error: Error) => void} onWorkerGone
 */

/** Milliseconds that a worker gets to print all its stacks. */
const STACKS_WAIT = 250

const NO_STACKS = 'There are no stacks: the application has removed the handler of the signal ' +
  'that prints them (faulthandler), so this signal has ended the worker.'

/**
 * @implements {WorkerOwner}
 * @implements {ServerOwner}
 */
export class Crew {
  /** @type {Roster<Worker>} */
  #roster = new Roster()

  /** @type {ForkServer | null} */
  #server = null

  /** @type {HangWatch<Worker>} */
  #hangs

  #stopping = false

  /**
   * @param {Parts} parts
   * @param {CrewOwner} owner
   */
  constructor (parts, owner) {
    this.parts = parts
    this.interpreter = parts.interpreter
    this.owner = owner
    this.reporter = parts.reporter
    this.settings = parts.settings
    this.timeouts = parts.settings.timeouts
    this.pool = parts.pool
    this.#hangs = new HangWatch(this.timeouts.hang, () => this.workers, {
      onSilent: (worker) => worker.suspect(),
      onHung: (worker) => { this.#inspect(worker) },
      onOutage: (worker, silence) => this.owner.onOutage(worker, silence)
    })
  }

  /** Workers that have not ended. */
  get workers () {
    return this.#roster.all()
  }

  /** Whether there is a fork server, or one is starting. */
  get hasServer () {
    return this.#server !== null && !this.#server.lost
  }

  get serverPid () {
    return this.#server?.pid ?? 0
  }

  /** Whether there is a fork server that is ready. */
  get canFork () {
    return this.hasServer && this.#server?.ready === true
  }

  /** @param {Worker} worker */
  has (worker) {
    return this.#roster.get(worker.id) === worker
  }

  // ---- the fork server

  /**
   * Starts a fork server.
   * @param {() => void} prepare creates the first workers. Their channels exist before the
   *   processes do, so that a caller that blocks has one to wait on
   */
  start (prepare) {
    try {
      const { launcher } = this.parts
      this.#server = launcher.create(this)
      prepare()
      launcher.start(this.#server)
    } catch (error) {
      const failure = resourceError(error)
      if (this.#server === null) this.#loseServer(failure, null)
      else this.#server.abandon(failure)
    }
  }

  /**
   * @param {ForkServer} server
   * @param {ServerInfo} info
   */
  onServerReady (server, info) {
    this.interpreter.started(info)
    if (server !== this.#server || this.#stopping) return
    if (info.threads.length > 0) {
      this.settings.logger.warn('[node-asgi] preloaded modules have left threads running ' +
        `(${info.threads.join(', ')}), so forking is unsafe and each worker imports them itself. ` +
        `List only modules without threads in ${optionName('preload')} to start faster`)
    }
    this.owner.onServerReady()
  }

  /**
   * @param {ForkServer} server
   * @param {Error} error
   */
  onServerGone (server, error) {
    if (server !== this.#server) return
    this.#server = null
    this.reporter.serverEnded(server.pid)
    this.#loseServer(error, server.startTime)
  }

  /**
   * @param {Error} error
   * @param {number | null} startTime milliseconds
   */
  #loseServer (error, startTime) {
    for (const worker of this.workers) worker.processLost(error)
    if (!this.#stopping) this.owner.onServerLost(error, startTime)
  }

  /**
   * @param {'stdout' | 'stderr'} name
   * @param {string} line
   * @param {import('../worker/line-reader.js').Level | null} level
   * @param {number} pid
   */
  onServerLine (name, line, level, pid) {
    this.reporter.line(name, line, level, { worker: 0, pid })
  }

  // ---- starting and ending workers

  /** Makes a worker that has no process yet. */
  create () {
    const worker = new Worker(this.parts.nextId(), this.parts.binding, this.settings, this)
    this.#roster.add(worker)
    return worker
  }

  /** @param {Worker} worker made by create() */
  fork (worker) {
    const server = /** @type {ForkServer} */ (this.#server)
    try {
      server.fork(worker)
    } catch (error) {
      worker.processLost(resourceError(error))
    }
  }

  /**
   * Ends all workers by the drain sequence, then the fork server. A second call can hurry it.
   * @param {ExitReason} reason
   * @param {DrainPlan} plan
   */
  async stop (reason, plan) {
    this.#stopping = true
    if (reason === 'close') this.#hangs.stop()
    const server = this.#server
    if (server !== null) {
      server.hold(true)
      if (server.ready) {
        for (const worker of this.workers) worker.stop(reason, plan)
        // Bounded: each worker has a deadline, and so has the fork server that has to kill it.
        await this.#roster.empty()
      }
      await server.close(plan.kill)
      this.reporter.serverEnded(server.pid)
      this.#server = null
    }
    for (const worker of this.workers) worker.release()
  }

  /**
   * Looks where the event loop of a silent worker is blocked, then kills the worker.
   * @param {Worker} worker
   */
  async #inspect (worker) {
    const { stacksSignal } = this.parts.binding
    worker.presume(stacksSignal, hungError(worker, this.timeouts.hang, NO_STACKS), 'hung')
    const stacks = await this.stacks(worker)
    if (worker.exit?.signal === stacksSignal) {
      this.reporter.workerHung(worker, NO_STACKS)
    } else if (worker.answers) {
      // It has come back to life in the meantime.
      this.onLine(worker, 'stderr', stacks, null)
    } else if (worker.fail(hungError(worker, this.timeouts.hang, stacks), 'hung')) {
      this.reporter.workerHung(worker, stacks)
    }
  }

  /**
   * The stacks of the threads of a worker and, unless it is blocked in native code, of its tasks.
   * @param {Worker} worker that has been ready
   * @returns {Promise<string>} empty: it has printed none
   */
  stacks (worker) {
    this.onSignal(worker, this.parts.binding.stacksSignal)
    return worker.output.stacks(STACKS_WAIT)
  }

  // ---- what a worker reports

  /** @param {Worker} worker */
  onForked (worker) {
    this.reporter.workerStarted(worker)
  }

  /**
   * @param {Worker} worker
   * @param {WorkerInfo} info
   */
  onReady (worker, info) {
    if (this.#stopping) return
    this.reporter.workerReady(worker, info)
    this.owner.onWorkerReady(worker)
  }

  /** @param {Worker} worker */
  onUnavailable (worker) {
    this.pool.remove(worker)
  }

  /** @param {Worker} worker */
  onAvailable (worker) {
    if (!this.#stopping) this.owner.onWorkerAvailable(worker)
  }

  /** @param {Worker} worker */
  onBusy (worker) {
    this.#hangs.start()
    this.parts.onBusy()
    this.owner.onWorkerBusy(worker)
  }

  /** @param {Worker} worker */
  onQuota (worker) {
    this.owner.onWorkerQuota(worker)
  }

  onFreed () {
    this.pool.feed()
  }

  /**
   * @param {RequestStream} stream
   * @param {Error} error
   */
  onLost (stream, error) {
    this.pool.resubmit(stream, error)
  }

  /**
   * @param {Worker} worker
   * @param {number} signal
   */
  onSignal (worker, signal) {
    this.#server?.kill(worker.id, signal)
  }

  /**
   * @param {Worker} worker
   * @param {string} activity
   */
  onOverdue ({ id, pid, reason }, activity) {
    const limit = reason === 'close' ? 'timeouts.drain' : 'timeouts.kill'
    this.settings.logger.warn(`[node-asgi] worker ${id} (pid ${pid}) did not end in time and is ` +
      `being killed: ${activity}; raise ${optionName(limit)} to give it longer`)
  }

  /** @param {Worker} worker */
  onUnkillable ({ id }) {
    this.#server?.abandon(new StartupError('ERR_PYTHON_FAILED', 'the fork server did not kill ' +
      `worker ${id} within ${this.timeouts.kill} ms; the fork server is being restarted`))
  }

  /**
   * @param {Worker} worker
   * @param {Error} error
   */
  onGone (worker, error) {
    this.#roster.delete(worker)
    this.owner.onWorkerGone(worker, error)
  }

  /**
   * @param {Worker} worker
   * @param {import('../errors.js').AppError} error
   */
  onAppError (worker, error) {
    this.reporter.appError(worker, error)
  }

  /**
   * @param {Worker} worker
   * @param {'stdout' | 'stderr'} name
   * @param {string} line
   * @param {import('../worker/line-reader.js').Level | null} level
   */
  onLine ({ id, pid }, name, line, level) {
    this.reporter.line(name, line, level, { worker: id, pid })
  }

  // ---- for callers that block

  /**
   * Blocks until something has happened in the worker or the fork server.
   * @param {Worker} worker
   * @param {number} timeout milliseconds
   * @returns {boolean} false: nothing can happen any more
   */
  wait (worker, timeout) {
    const server = this.#server
    if (server === null || server.lost || worker.state === 'gone') return false
    worker.wait(server.control, timeout)
    if (worker.exit !== null) {
      // Its last frames may have come with the news of its end.
      if (!server.lost) worker.wait(server.control, 0)
      worker.release()
    }
    return true
  }
}
