/**
 * One worker process as Node sees it: a channel, the requests in flight in it, its output. It knows
 * how to start, serve and stop, and reports what happens to its owner, who decides (crew.js).
 */

import { Deadline } from '../util/deadline.js'
import {
  WorkerError, closedError, crashedError, drainedError, lostError, startupError
} from '../errors.js'
import { rethrowLater } from '../util/guard.js'
import { nameRequest } from '../message/head.js'
import { Drain, InFlight } from './in-flight.js'
import { parseInfo } from './process-info.js'
import { WorkerOutput } from './output.js'

/** @typedef {'starting' | 'ready' | 'draining' | 'gone'} WorkerState */

/**
 * Why a process ends: it failed (startup, crash, hung, protocol), or is not wanted any more.
 * @typedef {'startup' | 'crash' | 'hung' | 'protocol' | 'recycle' | 'reload' | 'close'} ExitReason
 */

/** @typedef {{ pid: number, python: string, loop: string, lifespan: boolean }} WorkerInfo */

/** @typedef {import('../supervisor/crew.js').Crew} WorkerOwner */

/** @type {WorkerInfo} */
const READY_INFO = { pid: 0, python: '', loop: '', lifespan: false }

export class Worker {
  /** @type {import('../binding.js').Channel} */
  #channel

  /** @type {InFlight} */
  #requests

  /** @type {NodeJS.Immediate | null} */
  #lastLook = null

  /** @type {NodeJS.Timeout | null} until what it still has in flight is given up */
  #finish = null

  #finishAt = Infinity

  #pingedAt = 0

  /** When the events came that are gone through: one look at the clock for all of them. */
  #now = 0
  #isRef = false

  /**
   * @param {number} id
   * @param {import('../binding.js').Binding} binding
   * @param {import('../options.js').Settings} settings
   * @param {WorkerOwner} owner
   */
  constructor (id, binding, settings, owner) {
    this.id = id
    this.pid = 0
    this.owner = owner
    this.observer = owner.observer
    this.killTimeout = settings.timeouts.kill
    this.disconnectTimeout = settings.timeouts.disconnect
    this.types = binding.eventTypes
    this.stride = binding.eventStride
    /** @type {WorkerState} */
    this.state = 'starting'
    /** Its start has been told of. */
    this.announced = false
    /** Requests that it may be given until onQuota tells. */
    this.quota = Infinity
    /** A ping has not been answered yet. */
    this.pinged = false
    /** Turns of the watch's clock that the answer has been missing. */
    this.silence = 0
    /** Milliseconds from the last answered ping to its answer: how late the event loop is. */
    this.lag = 0
    /** performance.now() at which it became ready; 0: it never did. */
    this.readyAt = 0
    /** @type {Error | null} what made it fail, where that is more than its exit says */
    this.error = null
    /** @type {{ code: number | null, signal: number } | null} */
    this.exit = null
    /** It has been told to end. */
    this.leaving = false
    /** It has ended as it should: nothing is in flight, lifespan shutdown has run. */
    this.stopped = false
    /** It has been sent SIGKILL. */
    this.killed = false
    /** @type {ExitReason | null} why it ends, as far as that has been decided here */
    this.reason = null
    /** For its owner: what it has to do next, in time. */
    this.deadline = new Deadline()
    this.output = new WorkerOutput((name, line, level) =>
      this.observer.onLine(name, line, level, { worker: this.id, pid: this.pid }))
    /** @type {Promise<unknown>} when the last line it printed has been read */
    this.outputEnded = Promise.resolve()
    const { requestRing, responseRing, spin } = settings
    this.#channel = new binding.Channel({ requestRing, responseRing, spin },
      (bytes, ...events) => this.#onEvents(bytes, events))
    this.#requests = new InFlight(this.#channel, binding, settings.timeouts.disconnectGrace,
      (error) => this.observer.onAppError(this, error))
    this.#updateRef()
  }

  get channel () {
    return this.#channel
  }

  /** Requests in flight, as the scheduler wants to know it. */
  get inFlight () {
    return this.#requests.size
  }

  /** Of those, WebSockets that are open. */
  get sockets () {
    return this.#requests.sockets
  }

  get traffic () {
    return this.#requests.traffic
  }

  /** @returns {import('../stream/request-stream.js').RequestStream[]} */
  streams () {
    return this.#requests.streams()
  }

  /**
   * Gives it a request. What cannot be sent fails that request only.
   * @param {import('../stream/request-stream.js').RequestStream} stream
   */
  send (stream) {
    if (!this.#requests.send(stream)) return
    if (this.traffic.requests === this.quota) this.observer.onQuota(this)
    if (this.inFlight === 1) {
      this.#updateRef()
      this.observer.onBusy(this)
    }
  }

  /** Wakes it, should it not have been woken for what was sent. */
  ring () {
    this.#channel.ring()
  }

  /** Asks for a sign of life of the event loop. */
  ping () {
    this.pinged = true
    this.silence = 0
    this.#pingedAt = performance.now()
    this.#channel.ping()
  }

  /**
   * Asks it to finish what it has, run lifespan shutdown and exit. Requests that take longer than
   * `finish` fail; the application is told, and what is left of it is cancelled. A second call can
   * shorten the time.
   * @param {ExitReason} reason
   * @param {number} finish milliseconds
   * @returns {boolean} false: it is to end sooner than that, or has ended
   */
  stop (reason, finish) {
    const finishAt = performance.now() + finish
    if (this.state === 'gone' || finishAt >= this.#finishAt) return false
    this.#finishAt = finishAt
    this.state = 'draining'
    this.leaving = true
    this.reason ??= reason
    this.#channel.stop(finish + this.disconnectTimeout)
    this.#updateRef()
    if (this.#finish !== null) clearTimeout(this.#finish)
    // They would not end by themselves.
    if (reason === 'close') this.#requests.cancelSockets(closedError())
    const giveUp = () => this.#requests.cancelAll(this.#leavingError())
    if (finish === 0) giveUp()
    else this.#finish = setTimeout(giveUp, finish)
    return true
  }

  /** Whether its end is what was asked for, be it by force. */
  get endedAsTold () {
    if (this.error !== null) return false
    if (this.stopped || this.exit === null) return true
    const withServer = this.exit.code === null && this.exit.signal === 0
    return this.leaving && (this.killed || this.readyAt === 0 || withServer)
  }

  #leavingError () {
    return this.reason === 'close' ? closedError() : drainedError(this)
  }

  /**
   * Blocks until something has happened in it or on the control socket.
   * @param {import('../binding.js').Control} control
   * @param {number} timeout milliseconds
   */
  wait (control, timeout) {
    return this.#channel.wait(control, timeout)
  }

  /**
   * The process has ended. Its last frames may still lie in the ring: they are delivered in this
   * turn of the event loop, and what is unanswered then has failed.
   * @param {number | null} code
   * @param {number} signal
   */
  exited (code, signal) {
    if (this.exit !== null) return
    this.exit = { code, signal }
    this.#lastLook = setImmediate(() => this.finish())
  }

  /** Fails what is in flight and lets go of everything. */
  finish () {
    if (this.state === 'gone') return
    if (this.#lastLook !== null) clearImmediate(this.#lastLook)
    if (this.#finish !== null) clearTimeout(this.#finish)
    // What it has answered is answered; a ring is soon read.
    while (this.#channel.drain()) { /* until nothing is left */ }
    this.state = 'gone'
    const streams = this.#dropRequests()
    this.#channel.close()
    this.outputEnded = this.output.close(this.killTimeout)
    const { code, signal } = this.exit ?? { code: null, signal: 0 }
    const error = this.error ??
      (this.stopped ? this.#leavingError() : crashedError(this, code, signal))
    this.#lose(streams, error)
    this.owner.onGone(this)
  }

  /**
   * @param {import('../stream/request-stream.js').RequestStream[]} streams
   * @param {Error} error
   */
  #lose (streams, error) {
    for (const stream of streams) {
      this.owner.onLost(stream, lostError(error, nameRequest(stream.head)))
    }
  }

  #dropRequests () {
    const streams = this.#requests.drop()
    this.#updateRef()
    return streams
  }

  // The binding's handles do not keep the process alive by themselves.
  #updateRef () {
    const wanted = this.state !== 'gone' && (this.state !== 'ready' || this.inFlight > 0)
    if (wanted === this.#isRef) return
    this.#isRef = wanted
    if (wanted) this.#channel.ref()
    else this.#channel.unref()
  }

  /**
   * @param {Buffer | undefined} bytes that small bodies share
   * @param {any[]} events
   */
  #onEvents (bytes, events) {
    const { stride } = this
    const requests = this.#requests
    const drain = new Drain(bytes)
    this.#now = drain.now
    for (let i = 0; i < events.length; i += stride) {
      try {
        if (!requests.take(events, i, drain)) this.#onEvent(events, i)
      } catch (error) {
        rethrowLater(error)
      }
    }
    if (requests.freed) this.#onFreed()
  }

  #onFreed () {
    this.#requests.freed = false
    if (this.inFlight === 0) this.#updateRef()
    try {
      this.owner.onFreed()
    } catch (error) {
      rethrowLater(error)
    }
  }

  /**
   * @param {any[]} events
   * @param {number} i
   */
  #onEvent (events, i) {
    const { types } = this
    switch (events[i]) {
      case types.READY:
        this.#onReady(events[i + 2])
        break
      case types.STARTUP_FAILED: {
        const [kind, type, message, traceback] = events[i + 2]
        this.error = startupError(kind, type, message, traceback)
        this.owner.onStartupFailed(this)
        break
      }
      case types.STOPPED:
        this.stopped = true
        break
      case types.PONG:
        this.pinged = false
        this.lag = this.#now - this.#pingedAt
        break
      case types.CORRUPT:
        this.#onCorrupt(events[i + 2])
        break
    }
  }

  /** @param {string} json */
  #onReady (json) {
    if (this.state !== 'starting' || this.error !== null) return
    const info = parseInfo(json, READY_INFO)
    if (info === null) return this.#onCorrupt('what it said of itself when ready is not readable')
    this.pid ||= info.pid
    this.state = 'ready'
    this.readyAt = performance.now()
    this.#updateRef()
    this.owner.onReady(this, info)
  }

  /** @param {string} message */
  #onCorrupt (message) {
    this.error = new WorkerError('ERR_WORKER_PROTOCOL',
      `worker ${this.id} (pid ${this.pid}) broke the protocol: ${message}; a native module in ` +
      'the application may have written over foreign memory. The worker is replaced',
      { worker: this.id, pid: this.pid })
    this.reason = 'protocol'
    const streams = this.#dropRequests()
    this.owner.onCorrupt(this)
    this.#lose(streams, this.error)
  }
}
