/**
 * The processes of one generation: a fork server and the workers that are forked from it. It starts
 * them, ends them in time and reports what becomes of them; which workers there are to be is the
 * business of its owner (generation.js).
 */

import { StartupError, crashedError, hungError, resourceError } from '../errors.js'
import { ForkServer } from '../worker/fork-server.js'
import { Roster } from './roster.js'
import { Worker } from '../worker/worker.js'

/** @typedef {import('../worker/fork-server.js').ServerInfo} ServerInfo */
/** @typedef {import('../worker/worker.js').ExitReason} ExitReason */
/** @typedef {import('../worker/worker.js').WorkerInfo} WorkerInfo */

/**
 * What all generations of a handler have in common.
 * @typedef {object} Parts
 * @property {import('../binding.js').Binding} binding
 * @property {import('../options.js').Settings} settings
 * @property {string} python
 * @property {Record<string, string | undefined>} env
 * @property {import('../pool/pool.js').Pool} pool
 * @property {Observer} observer
 * @property {import('../worker/fork-server.js').System} [system]
 */

/**
 * Hears what happens in the processes, and decides nothing about them.
 * @typedef {object} Observer
 * @property {() => number} nextId for a worker
 * @property {(worker: Worker) => void} onWorkerStart its process is there
 * @property {(worker: Worker, info: WorkerInfo) => void} onWorkerReady
 * @property {(worker: Worker) => void} onWorkerHung worker.error says more; it is being killed
 * @property {(worker: Worker, error: Error | null) => void} onWorkerExit null: as it was asked to
 * @property {(pid: number) => void} onServerEnd its fork server has ended
 * @property {(worker: Worker) => void} onBusy it has a request in flight again
 * @property {(worker: Worker) => void} onQuota it has been given as many requests as it may have
 * @property {(worker: Worker, error: import('../errors.js').AppError) => void} onAppError
 * @property {(name: 'stdout' | 'stderr', line: string, level: import('../worker/line-reader.js').Level | null,
 *   source: { worker: number, pid: number }) => void} onLine worker 0: the fork server
 */

/**
 * @typedef {object} CrewOwner
 * @property {() => void} onServerReady workers can be forked
 * @property {(error: Error, served: number) => void} onServerLost all its workers are lost too;
 *   after so many milliseconds of service
 * @property {(worker: Worker) => void} onWorkerReady
 * @property {(worker: Worker, error: Error) => void} onWorkerGone
 */

const SIGTERM = 15
const SIGKILL = 9

/** Milliseconds that a worker gets to print its stacks. */
const STACKS_WAIT = 250

// A longer delay makes setTimeout fire at once.
const MAX_TIMEOUT = 2 ** 31 - 1

export class Crew {
  /** @type {Roster<Worker>} */
  #roster = new Roster()

  /** @type {ForkServer | null} */
  #server = null

  #serverReadyAt = 0
  #stopping = false

  /**
   * @param {Parts} parts
   * @param {CrewOwner} owner
   */
  constructor (parts, owner) {
    this.parts = parts
    this.owner = owner
    this.observer = parts.observer
    this.settings = parts.settings
    this.timeouts = parts.settings.timeouts
    this.pool = parts.pool
  }

  /** Those that have not ended. */
  get workers () {
    return this.#roster.all()
  }

  /** There is a fork server, or one is starting. */
  get hasServer () {
    return this.#server !== null && !this.#server.lost
  }

  // ---- the fork server

  /**
   * Starts a fork server.
   * @param {() => void} prepare creates the first workers: channels exist before the processes do,
   *   so that a caller that blocks has one to wait on
   */
  start (prepare) {
    try {
      this.#server = new ForkServer({ ...this.parts, owner: this })
      prepare()
      this.#server.start()
    } catch (error) {
      const failure = resourceError(error)
      if (this.#server === null) this.#onServerLost(failure, 0)
      else this.#server.abandon(failure)
    }
  }

  /**
   * @param {ForkServer} server
   * @param {ServerInfo} info
   */
  onServerReady (server, info) {
    if (server !== this.#server || this.#stopping) return
    this.#serverReadyAt = performance.now()
    if (info.threads.length > 0) {
      this.settings.logger.warn('[node-asgi] modules that were preloaded left threads running ' +
        `(${info.threads.join(', ')}): forking is unsafe, so each worker starts cold. Preload ` +
        'fewer modules to start faster')
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
    this.observer.onServerEnd(server.pid)
    this.#onServerLost(error, server.ready ? performance.now() - this.#serverReadyAt : 0)
  }

  /**
   * @param {Error} error
   * @param {number} served milliseconds
   */
  #onServerLost (error, served) {
    for (const worker of this.workers) {
      this.pool.remove(worker)
      if (worker.readyAt === 0) worker.error ??= error
      worker.exited(null, 0)
    }
    if (!this.#stopping) this.owner.onServerLost(error, served)
  }

  /**
   * @param {'stdout' | 'stderr'} name
   * @param {string} line
   * @param {import('../worker/line-reader.js').Level | null} level
   * @param {number} pid
   */
  onServerLine (name, line, level, pid) {
    this.observer.onLine(name, line, level, { worker: 0, pid })
  }

  // ---- the life of a worker

  /** A worker without a process as yet. */
  create () {
    const worker = new Worker(this.observer.nextId(), this.parts.binding, this.settings, this)
    this.#roster.add(worker)
    return worker
  }

  /** @param {Worker} worker */
  fork (worker) {
    const { startup, kill } = this.timeouts
    try {
      /** @type {ForkServer} */ (this.#server).fork(worker)
    } catch (error) {
      worker.error = resourceError(error)
      worker.exited(null, 0)
      return
    }
    // The worker watches its own lifespan startup, and can say more when that takes too long: it
    // goes first.
    worker.deadline.expect(Math.min(startup + kill, MAX_TIMEOUT), () => {
      worker.error = new StartupError('ERR_STARTUP_TIMEOUT', `worker ${worker.id} was not ready ` +
        `within ${startup} ms; look for what blocks at import, or raise timeouts.startup`)
      this.#kill(worker)
    })
  }

  /**
   * @param {number} id
   * @param {number} pid
   */
  onForked (id, pid) {
    const worker = this.#roster.get(id)
    if (worker === undefined) return
    worker.pid = pid
    this.#onStart(worker)
  }

  /**
   * Its pid is known, from the fork server or from itself.
   * @param {Worker} worker
   */
  #onStart (worker) {
    if (worker.announced) return
    worker.announced = true
    this.observer.onWorkerStart(worker)
  }

  /**
   * @param {Worker} worker
   * @param {WorkerInfo} info
   */
  onReady (worker, info) {
    if (this.#stopping) return
    worker.deadline.met()
    this.#onStart(worker)
    this.observer.onWorkerReady(worker, info)
    this.owner.onWorkerReady(worker)
  }

  /** @param {Worker} worker */
  onStartupFailed (worker) {
    // It exits by itself, as a rule.
    worker.deadline.expect(this.timeouts.kill, () => this.#kill(worker))
  }

  /** @param {Worker} worker */
  onCorrupt (worker) {
    this.pool.remove(worker)
    this.#kill(worker)
  }

  /**
   * @param {import('../stream/request-stream.js').RequestStream} stream
   * @param {Error} error
   */
  onLost (stream, error) {
    this.pool.resubmit(stream, error)
  }

  onFreed () {
    this.pool.feed()
  }

  /**
   * Its event loop stands still: looks where, then kills it.
   * @param {Worker} worker
   */
  async onHung (worker) {
    this.pool.remove(worker)
    this.#server?.kill(worker.id, this.parts.binding.stacksSignal)
    const stacks = await worker.output.gather(STACKS_WAIT)
    if (worker.state === 'gone' || worker.killed) return
    if (!worker.pinged) {
      // It has come back to life in the meantime.
      const { id, pid } = worker
      this.observer.onLine('stderr', stacks, null, { worker: id, pid })
      if (worker.state === 'ready') this.pool.add(worker)
      return
    }
    worker.error = hungError(worker, this.timeouts.hang, stacks)
    worker.reason = 'hung'
    this.observer.onWorkerHung(worker)
    this.#kill(worker)
  }

  /** @param {Worker} worker */
  #kill (worker) {
    worker.killed = true
    this.#server?.kill(worker.id, SIGKILL)
    worker.deadline.expect(this.timeouts.kill, () => {
      this.#server?.abandon(new StartupError('ERR_PYTHON_FAILED', 'the fork server did not kill ' +
        `worker ${worker.id} within ${this.timeouts.kill} ms; it is started again`))
    })
  }

  /**
   * The drain sequence, each step with its time: finish, disconnect event, cancel, lifespan
   * shutdown, kill. The worker takes the steps by itself.
   * @param {Worker} worker
   * @param {ExitReason} reason
   * @param {number} finish milliseconds that its requests get
   */
  retire (worker, reason, finish) {
    const { disconnect, cancel, shutdown, kill } = this.timeouts
    this.pool.remove(worker)
    const hasStarted = worker.readyAt > 0
    // One that is still importing does not read its ring.
    if (!hasStarted) this.#server?.kill(worker.id, SIGTERM)
    if (!worker.stop(reason, finish)) return
    const patience = hasStarted ? finish + disconnect + cancel + shutdown + kill : kill
    worker.deadline.expect(Math.min(patience, MAX_TIMEOUT), () => {
      if (hasStarted) {
        this.settings.logger.warn(`[node-asgi] worker ${worker.id} (pid ${worker.pid}) was told ` +
          `to end, has not within ${patience} ms, and is killed`)
      }
      this.#kill(worker)
    })
  }

  /**
   * @param {number} id
   * @param {number} pid
   * @param {number | null} code
   * @param {number} signal
   */
  onExited (id, pid, code, signal) {
    const worker = this.#roster.get(id)
    if (worker === undefined) return
    worker.pid ||= pid
    this.pool.remove(worker)
    worker.exited(code, signal)
  }

  /** @param {Worker} worker */
  onGone (worker) {
    worker.deadline.met()
    this.pool.remove(worker)
    this.#roster.delete(worker)
    const { code, signal } = worker.exit ?? { code: null, signal: 0 }
    const error = worker.error ?? crashedError(worker, code, signal)
    this.observer.onWorkerExit(worker, worker.endedAsTold ? null : error)
    if (!this.#stopping) this.owner.onWorkerGone(worker, error)
  }

  /**
   * Ends all workers by the drain sequence, then the fork server. May be called again to hurry.
   * @param {ExitReason} reason
   * @param {number} finish milliseconds that requests in flight get
   */
  async stop (reason, finish) {
    this.#stopping = true
    const server = this.#server
    if (server !== null) {
      server.hold(true)
      if (server.ready) {
        for (const worker of this.workers) this.retire(worker, reason, finish)
        // Each has its deadline, and so has the fork server that is to kill it.
        await this.#roster.empty()
      }
      await server.close(this.timeouts.kill)
      this.observer.onServerEnd(server.pid)
      this.#server = null
    }
    for (const worker of this.workers) worker.finish()
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
      worker.finish()
    }
    return true
  }
}
