/**
 * Keeps the workers of a pool alive: starts them, replaces those that end, gives up when none can
 * start, stops them all. This is the policy; the processes themselves are worker.js and
 * fork-server.js.
 */

import {
  StartupError, closedError, crashedError, hungError, resourceError, signalName
} from './errors.js'
import { ForkServer } from './fork-server.js'
import { HangWatch } from './hang-watch.js'
import { RestartPolicy } from './restart-policy.js'
import { Roster } from './roster.js'
import { stopWorkers } from './shutdown.js'
import { Slot } from './slot.js'
import { Worker } from './worker.js'

/** @typedef {import('./errors.js').AppError} AppError */
/** @typedef {import('./fork-server.js').ServerInfo} ServerInfo */
/** @typedef {import('./worker.js').WorkerInfo} WorkerInfo */

/**
 * @typedef {object} SupervisorOwner
 * @property {(error: Error | null) => void} onSettled the first start: null, or why all failed
 * @property {(event: 'worker:start' | 'worker:ready' | 'worker:hung' |
 *   'worker:exit', details: object) => void} onWorkerEvent
 * @property {(error: AppError, worker: Worker) => void} onAppError
 * @property {(name: 'stdout' | 'stderr', line: string, source: { worker: number, pid: number })
 *   => void} onLine worker 0: the fork server
 */

/** @typedef {'starting' | 'running' | 'failed' | 'closing' | 'closed'} SupervisorState */

const SIGKILL = 9

/** Milliseconds that a worker gets to print its stacks. */
const STACKS_WAIT = 250

export class Supervisor {
  /** @type {Slot[]} */
  #slots

  /** @type {Roster<Worker>} */
  #roster = new Roster()

  /** @type {ForkServer | null} */
  #server = null

  /** @type {HangWatch} */
  #watch

  /** @type {RestartPolicy} */
  #serverPolicy

  /** @type {NodeJS.Timeout | null} */
  #serverRestart = null

  #serverReadyAt = 0
  #lastId = 0

  /** @type {SupervisorState} */
  #state = 'starting'

  /** @type {Promise<void> | null} */
  #end = null

  /** @type {Set<Promise<unknown>>} output of ended workers that is still being read */
  #outputs = new Set()

  /**
   * @param {object} parts
   * @param {import('./binding.js').Binding} parts.binding
   * @param {import('./options.js').Settings} parts.settings
   * @param {string} parts.python
   * @param {Record<string, string | undefined>} parts.env
   * @param {import('./pool.js').Pool} parts.pool
   * @param {SupervisorOwner} parts.owner
   * @param {import('./fork-server.js').System} [parts.system]
   */
  constructor ({ binding, settings, python, env, pool, owner, system }) {
    this.serverParts = { binding, settings, python, env, owner: this, system }
    this.binding = binding
    this.settings = settings
    this.timeouts = settings.timeouts
    this.pool = pool
    this.owner = owner
    this.#watch = new HangWatch(settings.timeouts.hang, () => this.#roster.all(),
      (worker) => this.#onHung(worker))
    this.#serverPolicy = new RestartPolicy(settings.restart)
    this.#slots = Array.from({ length: settings.workers }, () => new Slot(settings.restart))
  }

  get state () {
    return this.#state
  }

  /** Those that have not ended. */
  get workers () {
    return this.#roster.all()
  }

  start () {
    this.#startServer()
  }

  get #isEnding () {
    return this.#state === 'failed' || this.#state === 'closing' || this.#state === 'closed'
  }

  // ---- the fork server

  #startServer () {
    this.pool.recover()
    try {
      this.#server = new ForkServer(this.serverParts)
      // Channels exist before the processes do, so that a caller that blocks has one to wait on.
      for (const slot of this.#slots) {
        if (!slot.isGivenUp) this.#createWorker(slot)
      }
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
    if (server !== this.#server || this.#isEnding) return
    this.#serverReadyAt = performance.now()
    if (info.threads.length > 0) {
      this.settings.logger.warn('[node-asgi] modules that were preloaded left threads running ' +
        `(${info.threads.join(', ')}): forking is unsafe, so each worker starts cold. Preload ` +
        'fewer modules to start faster')
    }
    for (const slot of this.#slots) {
      if (slot.worker !== null) this.#fork(slot, slot.worker)
    }
  }

  /**
   * @param {ForkServer} server
   * @param {Error} error
   */
  onServerGone (server, error) {
    if (server !== this.#server) return
    this.#server = null
    this.#onServerLost(error, server.ready ? performance.now() - this.#serverReadyAt : 0)
  }

  /**
   * @param {Error} error
   * @param {number} served milliseconds
   */
  #onServerLost (error, served) {
    for (const slot of this.#slots) {
      slot.cancel()
      const { worker } = slot
      if (worker === null) continue
      this.pool.remove(worker)
      if (worker.readyAt === 0) worker.error ??= error
      worker.exited(null, 0)
    }
    if (this.#isEnding) return
    if (this.#state === 'starting') return this.#giveUp(error)
    this.#log(error)
    const delay = this.#serverPolicy.failed(served)
    if (delay === null) return this.#giveUp(error)
    this.#serverRestart = setTimeout(() => this.#startServer(), delay)
    if (delay > 0) {
      this.#serverRestart.unref()
      this.pool.fail(error)
    }
  }

  /**
   * @param {'stdout' | 'stderr'} name
   * @param {string} line
   * @param {number} pid
   */
  onServerLine (name, line, pid) {
    this.owner.onLine(name, line, { worker: 0, pid })
  }

  // ---- the life of a worker

  /** @param {Slot} slot */
  #createWorker (slot) {
    slot.worker = new Worker(++this.#lastId, this.binding, this.settings, this)
    this.#roster.add(slot.worker)
    return slot.worker
  }

  /**
   * @param {Slot} slot
   * @param {Worker} worker
   */
  #fork (slot, worker) {
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
    slot.expect(startup + kill, () => {
      worker.error = new StartupError('ERR_STARTUP_TIMEOUT', `worker ${worker.id} was not ready ` +
        `within ${startup} ms; look for what blocks at import, or raise timeouts.startup`)
      this.#kill(slot, worker)
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
    this.owner.onWorkerEvent('worker:start', { worker: id, pid })
  }

  /**
   * @param {Worker} worker
   * @param {WorkerInfo} info
   */
  onReady (worker, info) {
    const slot = this.#slotOf(worker)
    if (slot === undefined || this.#isEnding) return
    slot.met()
    this.pool.add(worker)
    const { python, loop, lifespan } = info
    this.owner.onWorkerEvent('worker:ready',
      { worker: worker.id, pid: worker.pid, python, loop, lifespan })
    this.#settle(slot)
  }

  /** @param {Worker} worker */
  onStartupFailed (worker) {
    const slot = this.#slotOf(worker)
    // It exits by itself, as a rule.
    slot?.expect(this.timeouts.kill, () => this.#kill(slot, worker))
  }

  /** @param {Worker} worker */
  onCorrupt (worker) {
    this.pool.remove(worker)
    const slot = this.#slotOf(worker)
    if (slot !== undefined) this.#kill(slot, worker)
  }

  /**
   * @param {import('./stream.js').RequestStream} stream
   * @param {Error} error
   */
  onLost (stream, error) {
    this.pool.resubmit(stream, error)
  }

  /** @param {Worker} worker */
  onBusy (worker) {
    this.#watch.start()
  }

  /**
   * Its event loop stands still: looks where, then kills it.
   * @param {Worker} worker
   */
  async #onHung (worker) {
    this.pool.remove(worker)
    this.#server?.kill(worker.id, this.binding.stacksSignal)
    const stacks = await worker.stacks(STACKS_WAIT)
    const slot = this.#slotOf(worker)
    if (slot === undefined || worker.state !== 'ready') return
    // It has come back to life in the meantime.
    if (!worker.pinged) return this.pool.add(worker)
    worker.error = hungError(worker, this.timeouts.hang, stacks)
    this.owner.onWorkerEvent('worker:hung',
      { worker: worker.id, pid: worker.pid, inFlight: worker.inFlight, stacks })
    this.#kill(slot, worker)
  }

  /** @param {Worker} worker */
  onFreed (worker) {
    this.pool.feed()
  }

  /**
   * @param {Worker} worker
   * @param {AppError} error
   */
  onAppError (worker, error) {
    this.owner.onAppError(error, worker)
  }

  /**
   * @param {'stdout' | 'stderr'} name
   * @param {string} line
   * @param {Worker} worker
   */
  onLine (name, line, worker) {
    this.owner.onLine(name, line, { worker: worker.id, pid: worker.pid })
  }

  /**
   * @param {Slot} slot
   * @param {Worker} worker
   */
  #kill (slot, worker) {
    this.#server?.kill(worker.id, SIGKILL)
    slot.expect(this.timeouts.kill, () => {
      this.#server?.abandon(new StartupError('ERR_PYTHON_FAILED', 'the fork server did not kill ' +
        `worker ${worker.id} within ${this.timeouts.kill} ms; it is started again`))
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
    const slot = this.#slotOf(worker)
    const error = this.#reportExit(worker)
    if (slot !== undefined) {
      slot.met()
      slot.worker = null
      slot.error = error
    }
    this.#roster.delete(worker)
    if (slot === undefined || this.#isEnding) return
    if (!slot.settled) this.#settle(slot)
    else this.#replace(slot, worker.readyAt === 0 ? 0 : performance.now() - worker.readyAt)
  }

  /**
   * @param {Worker} worker
   * @returns {Error} why it ended
   */
  #reportExit (worker) {
    const { outputEnded } = worker
    this.#outputs.add(outputEnded)
    outputEnded.then(() => this.#outputs.delete(outputEnded))
    this.pool.remove(worker)
    const { code, signal } = worker.exit ?? { code: null, signal: 0 }
    const error = worker.error ?? crashedError(worker, code, signal)
    const expected = worker.stopped || this.#isEnding
    // Until the first start is judged, nobody knows whether `ready` will say the same.
    if (this.#state === 'running' && !expected) this.#log(error)
    this.owner.onWorkerEvent('worker:exit', {
      worker: worker.id,
      pid: worker.pid,
      code,
      signal: signal === 0 ? null : signalName(signal),
      error: expected ? null : error
    })
    return error
  }

  /** @param {Worker} worker */
  #slotOf (worker) {
    return this.#slots.find((slot) => slot.worker === worker)
  }

  /** @param {Error} error */
  #log (error) {
    this.settings.logger.error(`[node-asgi] ${error.message}`)
  }

  // ---- what becomes of a failure

  /**
   * The first start is judged when every worker has had its try: what fails for one may work for
   * another, what fails for all will not work the next time either.
   * @param {Slot} slot
   */
  #settle (slot) {
    slot.settled = true
    if (this.#state !== 'starting' || !this.#slots.every((each) => each.settled)) return
    const failed = this.#slots.filter((each) => each.worker === null)
    if (failed.length === this.#slots.length) {
      return this.#giveUp(/** @type {Error} */ (failed[0].error))
    }
    this.#state = 'running'
    this.owner.onSettled(null)
    for (const each of failed) {
      this.#log(/** @type {Error} */ (each.error))
      this.#replace(each, 0)
    }
  }

  /**
   * @param {Slot} slot
   * @param {number} served milliseconds
   */
  #replace (slot, served) {
    // Without a server it comes back with all the others.
    if (this.#state === 'starting' || this.#server === null) return
    const delay = slot.policy.failed(served)
    if (delay === 0) return this.#refill(slot)
    if (delay !== null) {
      slot.restartAfter(delay, () => this.#refill(slot))
    } else {
      this.settings.logger.error('[node-asgi] a worker failed ' +
        `${slot.policy.failures} times in a row and is not started again (restart.limit)`)
    }
    this.#failWithoutHope()
  }

  /** @param {Slot} slot */
  #refill (slot) {
    if (this.#server === null || this.#server.lost) return
    let worker
    try {
      worker = this.#createWorker(slot)
    } catch (error) {
      slot.error = resourceError(error)
      this.#log(slot.error)
      this.#replace(slot, 0)
      return
    }
    this.pool.recover()
    this.#fork(slot, worker)
  }

  // Requests may wait for a worker that is starting, not for one that is to be started some time.
  #failWithoutHope () {
    if (this.#slots.some((slot) => slot.worker !== null)) return
    const error = /** @type {Error} */ (this.#slots.find((slot) => slot.error !== null)?.error)
    if (this.#slots.every((slot) => slot.isGivenUp)) this.#giveUp(error)
    else this.pool.fail(error)
  }

  /** @param {Error} error */
  #giveUp (error) {
    const first = this.#state === 'starting'
    this.#state = 'failed'
    this.pool.fail(error)
    this.#end = this.#stopAll(0)
    if (first) this.owner.onSettled(error)
    else this.settings.logger.error('[node-asgi] no worker can be started any more')
  }

  // ---- the end

  /** Stops every worker, then the fork server. Bounded by the timeouts. */
  async close () {
    const first = this.#state === 'starting'
    const { drain, shutdown, kill } = this.timeouts
    this.#state = 'closing'
    if (first) this.owner.onSettled(closedError())
    this.#end ??= this.#stopAll(drain + shutdown + kill)
    await this.#end
    await Promise.all(this.#outputs)
    this.#state = 'closed'
  }

  /** @param {number} patience milliseconds that the workers have to stop by themselves */
  async #stopAll (patience) {
    if (this.#serverRestart !== null) clearTimeout(this.#serverRestart)
    this.#watch.stop()
    for (const slot of this.#slots) slot.cancel()
    const server = this.#server
    if (server !== null) {
      server.hold(true)
      if (server.ready) {
        for (const worker of this.workers) this.pool.remove(worker)
        await stopWorkers(this.#roster, server, patience, this.timeouts.kill)
      }
      await server.close(this.timeouts.kill)
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
