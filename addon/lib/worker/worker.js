/**
 * One worker process as Node sees it: a state machine (states.js) with a channel, the requests in
 * flight and the output of the process. It carries out what its owner decides and reports what
 * happens to it. Only its own methods change its fields.
 */

import { Deadline } from '../util/deadline.js'
import {
  StartupError, WorkerError, closedError, crashedError, cutOffError, drainedError, lostError,
  startupError
} from '../errors.js'
import { rethrowLater } from '../util/guard.js'
import { nameRequest } from '../message/head.js'
import { Ending } from './ending.js'
import { Batch, InFlight } from './in-flight.js'
import { Limits } from './limits.js'
import { optionName } from '../util/option-name.js'
import { parseInfo } from './process-info.js'
import { Pulse } from './pulse.js'
import { TRANSITIONS } from './states.js'
import { WorkerOutput } from './output.js'

/** @typedef {import('./states.js').WorkerState} WorkerState */
/** @typedef {import('../stream/request-stream.js').RequestStream} RequestStream */

/** @typedef {import('./worker-owner.js').ExitReason} ExitReason */
/** @typedef {import('./worker-owner.js').WorkerInfo} WorkerInfo */
/** @typedef {import('./worker-owner.js').DrainPlan} DrainPlan */

const SIGINT = 2
const SIGTERM = 15
const SIGKILL = 9

/** @type {WorkerInfo} */
const READY_INFO = { pid: 0, python: '', loop: '', lifespan: false }

export class Worker {
  /** @type {WorkerState} */
  #state = 'starting'

  #pid = 0
  #forkedAt = 0
  #readyAt = 0

  /** @type {string[]} */
  #routes = []

  #ending = new Ending()

  /** @type {import('../binding.js').Channel} */
  #channel

  /** @type {InFlight} */
  #requests

  /** @type {Limits} */
  #limits

  /** Until when the next step of its life has to be done. */
  #deadline = new Deadline()

  /** @type {NodeJS.Immediate | null} */
  #lastLook = null

  /** Until when its requests in flight have to end, while it drains. */
  #finish = new Deadline()

  #finishAt = Infinity

  /** When it will be killed, while it drains. */
  #endAt = 0

  /** Milliseconds for its process to exit or, when killed, to be reported as ended. */
  #killTime
  #quota = Infinity
  #isDebugged

  #pulse = new Pulse(() => this.#channel.ping())

  /** When the events arrived that are being handled. */
  #now = 0

  /** Whether the channel keeps this process alive. */
  #isRef = false

  /**
   * @param {number} id
   * @param {import('../binding.js').Binding} binding
   * @param {import('../options.js').Settings} settings
   * @param {import('./worker-owner.js').WorkerOwner<Worker>} owner
   */
  constructor (id, binding, settings, owner) {
    this.id = id
    this.owner = owner
    this.interpreter = owner.interpreter
    this.timeouts = settings.timeouts
    this.#isDebugged = settings.debug !== null
    this.#killTime = settings.timeouts.kill
    this.#limits = new Limits(settings.isolation.limits, binding.outOfMemoryExit)
    this.types = binding.eventTypes
    this.stride = binding.eventStride
    this.output = new WorkerOutput(binding.logMarks,
      (name, line, level) => owner.onLine(this, name, line, level))
    /** @type {Promise<unknown>} resolved when the last line it printed has been read */
    this.outputEnded = Promise.resolve()
    const { requestRing, responseRing, spin, timeouts } = settings
    this.#channel = new binding.Channel({ requestRing, responseRing, spin },
      (bytes, ...events) => this.#onEvents(bytes, events))
    this.#requests = new InFlight(this.#channel, binding, timeouts.disconnectGrace,
      {
        worker: this,
        onAppError: (error) => owner.onAppError(this, error),
        onAborted: () => this.#updateRef()
      })
    this.#updateRef()
  }

  get state () { return this.#state }

  /** 0 as long as it is not known. */
  get pid () { return this.#pid }

  /** performance.now() at which it became ready; 0 if it never did. */
  get readyAt () { return this.#readyAt }

  /** @returns {string[]} the paths of its application as templates, as far as it knows them */
  get routes () { return this.#routes }

  /** Milliseconds from the request for its process until it was ready; null if it never was. */
  get startTime () { return this.#readyAt === 0 ? null : this.#readyAt - this.#forkedAt }

  /** Milliseconds that the event loop took to answer the last ping. */
  get lag () { return this.#pulse.lag }

  /** What made it fail, where that is more than how its process ended. */
  get error () { return this.#ending.error }

  /** How its process ended; null while it runs. */
  get exit () { return this.#ending.exit }

  get channel () { return this.#channel }

  /** Why it ends. */
  get reason () { return this.#ending.reason ?? (this.#readyAt === 0 ? 'startup' : 'crash') }

  /** Requests in flight, including WebSockets. */
  get inFlight () { return this.#requests.size }

  /** Open WebSockets. */
  get sockets () { return this.#requests.sockets }

  get traffic () { return this.#requests.traffic }

  /** How full its rings are, in bytes. */
  get rings () { return this.#channel.usage() }

  /** Whether the event loop has answered the last ping. */
  get answers () { return !this.#pulse.waits }

  /** Whether it ended because it was told to, even if by force. */
  get endedAsTold () { return this.#ending.asTold(this.#readyAt > 0) }

  /**
   * @param {import('./states.js').Transition} transition
   * @returns {boolean} false: the transition does not apply to this state
   */
  #move (transition) {
    const from = this.#state
    const to = TRANSITIONS[from][transition]
    if (to === undefined) return false
    this.#state = to
    if (from === 'ready') this.owner.onUnavailable(this)
    this.#updateRef()
    return true
  }

  // The addon's handles keep this process alive only while there is something to wait for.
  #updateRef () {
    const serves = this.#state === 'ready' || this.#state === 'silent'
    const wanted = this.#state !== 'gone' && (!serves || this.#requests.awaited)
    if (wanted === this.#isRef) return
    this.#isRef = wanted
    if (wanted) this.#channel.ref()
    else this.#channel.unref()
  }

  // ---- what the fork server reports

  /**
   * The fork server has been asked for its process, which has to become ready in time.
   * @param {{ stdout: import('../binding.js').OutputSource,
   *   stderr: import('../binding.js').OutputSource }} sources
   */
  forking (sources) {
    this.#forkedAt = performance.now()
    this.output.attach(sources)
    const { startup, kill } = this.timeouts
    // The worker watches its own startup, and can say more about what takes too long: it goes
    // first.
    this.#deadline.expect(startup + kill, () => this.fail(new StartupError('ERR_STARTUP_TIMEOUT',
      `worker ${this.id} was not ready within ${startup} ms under ${this.interpreter}; look ` +
      `for code that blocks at import, or raise ${optionName('timeouts.startup')}`), 'startup'))
  }

  /** @param {number} pid */
  forked (pid) {
    if (this.#pid !== 0) return
    this.#pid = pid
    this.owner.onForked(this)
  }

  /**
   * Its process has ended. The last frames may still be in the ring: they are delivered in this
   * turn of the event loop, and whatever is unanswered after that has failed.
   * @param {number | null} code
   * @param {number} signal 0: none
   * @param {number} [pid]
   */
  exited (code, signal, pid = 0) {
    if (!this.#move('exit')) return
    this.#pid ||= pid
    this.#ending.exited(code, signal)
    this.#lastLook = setImmediate(() => this.release())
  }

  /**
   * It has no process: its fork server could not fork one, or has ended and taken it along.
   * @param {Error} error why
   */
  processLost (error) {
    if (this.#readyAt === 0) this.#ending.error ??= error
    this.exited(null, 0)
  }

  // ---- what its owner decides

  /**
   * Sends a request. One that cannot be sent fails, and nothing else does.
   * @param {RequestStream} stream
   */
  send (stream) {
    if (!this.#requests.send(stream)) return
    if (this.traffic.requests === this.#quota) this.owner.onQuota(this)
    if (!this.#isRef) this.#updateRef()
    if (this.inFlight === 1) this.owner.onBusy(this)
  }

  /** @returns {RequestStream[]} the requests in flight, oldest first */
  streams () {
    return this.#requests.streams()
  }

  /** @param {number} quota requests after which the owner's onQuota is called */
  limitRequests (quota) {
    this.#quota = quota
  }

  /** Wakes the worker if a wake-up for it is being held back. */
  ring () {
    this.#channel.ring()
  }

  /**
   * Pings the event loop, unless it has not answered the last ping. A worker whose bell is broken
   * may have answered without ringing.
   * @returns {number} calls for which the answer has been missing
   */
  probe () {
    this.#channel.look()
    return this.#pulse.probe()
  }

  /**
   * Pings the event loop, unless it has not answered the last ping.
   * @param {number} now performance.now()
   * @returns {number} milliseconds that the last answer was late, or has been missing
   */
  feel (now) {
    return this.#pulse.feel(now)
  }

  /** It may hang: it gets no new requests unless it answers. */
  suspect () {
    this.#move('suspect')
  }

  /**
   * Until it answers again: if this signal ends it, it has failed for another reason.
   * @param {number} signal
   * @param {Error} error
   * @param {ExitReason} reason
   */
  presume (signal, error, reason) {
    this.#ending.presume(signal, error, reason)
  }

  /**
   * Ends it by force, because it has failed.
   * @param {Error} error
   * @param {ExitReason} reason
   * @returns {boolean} false: it has failed or ended already
   */
  fail (error, reason) {
    if (!this.#move('fail')) return false
    this.#ending.fail(error, reason)
    this.#kill()
    return true
  }

  /**
   * Tells it to finish its requests, to run lifespan shutdown and to exit: the drain sequence. The
   * worker goes through it by itself. Requests that take longer than the plan allows fail; the
   * application is told, and tasks that are left are cancelled. A second call can shorten the time.
   * @param {ExitReason} reason
   * @param {DrainPlan} plan
   * @returns {boolean} false: it is ending already, at least as soon
   */
  stop (reason, { finish, disconnect, total, kill }) {
    const finishAt = performance.now() + finish
    if (finishAt >= this.#finishAt || !this.#move('stop')) return false
    this.#finishAt = finishAt
    this.#ending.tell(reason)
    this.#killTime = kill
    const hasStarted = this.#readyAt > 0
    // A worker that is still importing does not read its ring, and neither does one that waits at
    // the prompt of a debugger.
    if (!hasStarted) this.owner.onSignal(this, SIGTERM)
    else if (this.#isDebugged) this.owner.onSignal(this, SIGINT)
    this.#channel.stop(Math.round(finish + disconnect))
    // WebSockets do not end by themselves.
    if (reason === 'close') this.#requests.cancelSockets(closedError())
    this.#giveUpAfter(finish)
    const patience = hasStarted ? total : kill
    this.#endAt = performance.now() + patience
    if (!this.#ending.stopped) this.#killUnlessGone(patience)
    return true
  }

  /** Milliseconds for its process to exit once it has ended as told. Earlier steps left some. */
  get #exitTime () {
    const left = this.#endAt - performance.now()
    return Math.max(this.#killTime, Math.min(this.timeouts.kill, left))
  }

  /** @param {number} patience milliseconds */
  #killUnlessGone (patience) {
    this.#deadline.expect(patience, () => {
      if (this.#readyAt > 0) this.owner.onOverdue(this, this.#ending.activity(this.inFlight))
      this.#kill()
    })
  }

  /** @param {number} finish milliseconds that requests in flight get */
  #giveUpAfter (finish) {
    this.#finish.met()
    const giveUp = () => this.#requests.cancelAll(this.#leavingError())
    if (finish === 0) giveUp()
    else this.#finish.expect(finish, giveUp)
  }

  #kill () {
    this.#ending.killed = true
    this.#move('kill')
    this.owner.onSignal(this, SIGKILL)
    this.#deadline.expect(this.#killTime, () => this.owner.onUnkillable(this))
  }

  #leavingError () {
    return this.#ending.reason === 'close' ? cutOffError() : drainedError(this)
  }

  /**
   * Blocks until something has happened in the worker or on the control socket.
   * @param {import('../binding.js').Control} control
   * @param {number} timeout milliseconds
   */
  wait (control, timeout) {
    return this.#channel.wait(control, timeout)
  }

  /** Delivers what is left in the ring, fails what is still in flight and releases everything. */
  release () {
    if (this.#state === 'gone') return
    this.#deadline.met()
    if (this.#lastLook !== null) clearImmediate(this.#lastLook)
    this.#finish.met()
    while (this.#channel.drain()) { /* until the ring is empty */ }
    this.#move('release')
    const streams = this.#dropRequests()
    this.#channel.close()
    this.outputEnded = this.output.close(this.#killTime)
    const { error, exit, told, stopped } = this.#ending
    const { code, signal } = exit ?? { code: null, signal: 0 }
    const crash = crashedError(this, code, signal, this.#limits.reached(code, signal))
    this.#lose(streams, error ?? (told && stopped ? this.#leavingError() : crash))
    this.owner.onGone(this, error ?? crash)
  }

  /**
   * @param {RequestStream[]} streams
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

  // ---- what the worker says

  /**
   * @param {Buffer | undefined} bytes the small bodies of the events
   * @param {any[]} events
   */
  #onEvents (bytes, events) {
    const { stride } = this
    const requests = this.#requests
    const batch = new Batch(bytes)
    this.#now = batch.now
    for (let i = 0; i < events.length; i += stride) {
      try {
        if (!requests.take(events, i, batch)) this.#onEvent(events, i)
      } catch (error) {
        rethrowLater(error)
      }
    }
    if (requests.freed) this.#onFreed()
  }

  #onFreed () {
    this.#requests.freed = false
    if (!this.#requests.awaited) this.#updateRef()
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
      case types.STARTUP_FAILED:
        this.#onStartupFailed(events[i + 2])
        break
      case types.STOPPED:
        // Nothing of the application is left to wait for. Said twice, it does not extend the time.
        if (!this.#ending.stopped && this.#state === 'draining') {
          this.#killUnlessGone(this.#exitTime)
        }
        this.#ending.stopped = true
        break
      case types.PONG:
        this.#pulse.answered(this.#now)
        this.#ending.acquit()
        if (this.#move('answer')) this.owner.onAvailable(this)
        break
      case types.HANG_UP:
        this.#onHangUp()
        break
      case types.CORRUPT:
        this.#onCorrupt(events[i + 2])
        break
    }
  }

  /** @param {string} json */
  #onReady (json) {
    if (this.#readyAt > 0 || this.#ending.error !== null) return
    const info = parseInfo(json, READY_INFO)
    if (info === null) return this.#onCorrupt('its ready message could not be parsed')
    // One that has been told to end, or has ended since, takes no requests.
    const isReady = this.#move('become ready')
    // The news of its end may have been faster than this message. It was ready all the same.
    if (isReady || this.#state === 'exited') this.#readyAt = performance.now()
    if (!isReady) return
    this.#deadline.met()
    this.forked(info.pid)
    if (Array.isArray(info.routes)) {
      this.#routes = info.routes.filter((route) => typeof route === 'string')
    }
    this.owner.onReady(this, info)
  }

  /** @param {[kind: string, type: string, message: string, traceback: string]} report */
  #onStartupFailed (report) {
    if (this.#ending.error !== null) return
    this.#ending.fail(startupError(`${this.interpreter}`, ...report), 'startup')
    // It exits by itself, normally, and the news of that may have been faster than this report.
    if (this.#move('fail')) this.#deadline.expect(this.#killTime, () => this.#kill())
  }

  /**
   * Its end of the bell is closed. The news of its end follows, unless it has closed a descriptor
   * that is not its own: then nothing would ever wake this process for it.
   */
  #onHangUp () {
    if (!['starting', 'ready', 'silent'].includes(this.#state)) return
    this.#deadline.expect(this.#killTime, () => this.#onCorrupt(
      'it closed the descriptors that it shares with Node',
      'A library may have closed all descriptors, as daemons do when they start'))
  }

  /**
   * @param {string} message
   * @param {string} [advice]
   */
  #onCorrupt (message,
    advice = 'A native module in the application may have overwritten memory') {
    const { id, pid } = this
    const error = new WorkerError('ERR_WORKER_PROTOCOL',
      `worker ${id} (pid ${pid}) broke the protocol: ${message}. ${advice}. ` +
      'The worker is being replaced',
      { worker: id, pid })
    // What it says cannot be trusted any more, so its requests are lost now.
    const streams = this.#dropRequests()
    this.fail(error, 'protocol')
    this.#lose(streams, error)
  }
}
