/**
 * One worker process as Node sees it: a channel, the requests in flight in it, its output. It knows
 * how to start, serve and stop, and reports what happens to its owner, who decides (crew.js).
 */

import {
  AppError, ResponseError, WorkerError, closedError, crashedError, drainedError, lostError,
  requestError, startupError
} from './errors.js'
import { Deadline } from './deadline.js'
import { guard, rethrowLater } from './guard.js'
import { nameRequest } from './head.js'
import { parseInfo } from './process-info.js'
import { Traffic } from './stats.js'
import { WorkerOutput } from './worker-output.js'

/** @typedef {'starting' | 'ready' | 'draining' | 'gone'} WorkerState */

/**
 * Why a process ends: it failed (startup, crash, hung, protocol), or is not wanted any more.
 * @typedef {'startup' | 'crash' | 'hung' | 'protocol' | 'recycle' | 'reload' | 'close'} ExitReason
 */

/** @typedef {{ pid: number, python: string, loop: string, lifespan: boolean }} WorkerInfo */

/** @typedef {import('./crew.js').Crew} WorkerOwner */

/** @type {WorkerInfo} */
const READY_INFO = { pid: 0, python: '', loop: '', lifespan: false }

export class Worker {
  /** @type {import('./binding.js').Channel} */
  #channel

  /** @type {Map<number, import('./stream.js').RequestStream>} */
  #streams = new Map()

  /** @type {Map<number, NodeJS.Timeout>} of aborted requests, until their task is cancelled */
  #graces = new Map()

  /** @type {NodeJS.Immediate | null} */
  #lastLook = null

  /** @type {NodeJS.Timeout | null} until what it still has in flight is given up */
  #finish = null

  #finishAt = Infinity

  #pingedAt = 0

  /** When the events came that are gone through: one look at the clock for all of them. */
  #now = 0
  #isRef = false
  #freed = false

  /**
   * @param {number} id
   * @param {import('./binding.js').Binding} binding
   * @param {import('./options.js').Settings} settings
   * @param {WorkerOwner} owner
   */
  constructor (id, binding, settings, owner) {
    this.id = id
    this.pid = 0
    this.owner = owner
    this.observer = owner.observer
    this.killTimeout = settings.timeouts.kill
    this.disconnectGrace = settings.timeouts.disconnectGrace
    this.disconnectTimeout = settings.timeouts.disconnect
    this.limits = binding.limits
    this.types = binding.eventTypes
    this.stride = binding.eventStride
    /** @type {WorkerState} */
    this.state = 'starting'
    /** Requests in flight, as the scheduler wants to know it. */
    this.inFlight = 0
    /** Of those, WebSockets that are open. */
    this.sockets = 0
    this.traffic = new Traffic()
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
    this.#channel = new binding.Channel(
      { requestRing: settings.requestRing, responseRing: settings.responseRing },
      guard((events) => this.#onEvents(events)))
    this.#updateRef()
  }

  get channel () {
    return this.#channel
  }

  /**
   * Gives it a request. What cannot be sent fails that request only.
   * @param {import('./stream.js').RequestStream} stream
   */
  send (stream) {
    const { body } = stream
    let first
    let end = body === undefined
    if (body instanceof Uint8Array) {
      end = body.length <= this.limits.chunk
      first = end ? body : body.subarray(0, this.limits.chunk)
    }
    let id
    try {
      id = stream.isWebSocket
        ? this.#channel.connect(stream.head)
        : this.#channel.request(stream.head, first, end)
    } catch (error) {
      stream.fail(requestError(/** @type {Error} */ (error)))
      return
    }
    this.#streams.set(id, stream)
    stream.sentAt = performance.now()
    if (++this.traffic.requests === this.quota) this.observer.onQuota(this)
    if (++this.inFlight === 1) {
      this.#updateRef()
      this.observer.onBusy(this)
    }
    stream.opened(this, id, first === undefined ? 0 : first.length)
  }

  /**
   * @param {number} id
   * @param {Uint8Array} bytes
   * @param {boolean} end
   * @returns {number}
   */
  write (id, bytes, end) {
    return this.#streams.has(id) ? this.#channel.write(id, bytes, end) : bytes.length
  }

  /**
   * @param {number} id
   * @param {number} length
   */
  consumed (id, length) {
    if (this.#streams.has(id)) this.#channel.consumed(id, length)
  }

  /**
   * Nobody waits for the response any more: the application is told, and its task is cancelled if
   * it has not ended after a grace.
   * @param {number} id
   */
  abort (id) {
    if (!this.#streams.has(id)) return
    this.#channel.abort(id)
    this.#cancelLater(id)
  }

  /**
   * Sends a message of a WebSocket.
   * @param {number} id
   * @param {Uint8Array} bytes
   * @param {boolean} text
   * @returns {number} see Channel.message
   */
  message (id, bytes, text) {
    return this.#streams.has(id) ? this.#channel.message(id, bytes, text) : bytes.length
  }

  /**
   * Like abort(), for a WebSocket that has been closed.
   * @param {number} id
   * @param {number} code
   * @param {string} reason
   */
  closeSocket (id, code, reason) {
    if (!this.#streams.has(id)) return
    this.#channel.closeSocket(id, code, reason)
    this.#cancelLater(id)
  }

  /** @param {number} id */
  #cancelLater (id) {
    if (this.disconnectGrace === Infinity) return
    const timer = setTimeout(() => {
      this.#graces.delete(id)
      this.#channel.cancel(id)
    }, this.disconnectGrace)
    timer.unref()
    this.#graces.set(id, timer)
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
    if (reason === 'close') this.#closeSockets()
    if (finish === 0) this.#giveUp()
    else this.#finish = setTimeout(() => this.#giveUp(), finish)
    return true
  }

  /** Whether its end is what was asked for, be it by force. */
  get endedAsTold () {
    if (this.error !== null) return false
    if (this.stopped || this.exit === null) return true
    const withServer = this.exit.code === null && this.exit.signal === 0
    return this.leaving && (this.killed || this.readyAt === 0 || withServer)
  }

  #giveUp () {
    const error = this.#leavingError()
    for (const stream of [...this.#streams.values()]) stream.cancel(error)
  }

  #closeSockets () {
    const error = closedError()
    for (const stream of [...this.#streams.values()]) {
      if (stream.isWebSocket) stream.cancel(error)
    }
  }

  #leavingError () {
    return this.reason === 'close' ? closedError() : drainedError(this)
  }

  /**
   * Blocks until something has happened in it or on the control socket.
   * @param {import('./binding.js').Control} control
   * @param {number} timeout milliseconds
   */
  wait (control, timeout) {
    return this.#channel.wait(control, timeout)
  }

  /** @returns {IterableIterator<import('./stream.js').RequestStream>} */
  streams () {
    return this.#streams.values()
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
    const streams = this.#drop()
    this.#channel.close()
    this.outputEnded = this.output.close(this.killTimeout)
    const { code, signal } = this.exit ?? { code: null, signal: 0 }
    const error = this.error ??
      (this.stopped ? this.#leavingError() : crashedError(this, code, signal))
    this.#lose(streams, error)
    this.owner.onGone(this)
  }

  /**
   * @param {import('./stream.js').RequestStream[]} streams
   * @param {Error} error
   */
  #lose (streams, error) {
    for (const stream of streams) {
      this.owner.onLost(stream, lostError(error, nameRequest(stream.head)))
    }
  }

  #drop () {
    const streams = [...this.#streams.values()]
    this.traffic.lost += streams.length
    this.#streams.clear()
    for (const timer of this.#graces.values()) clearTimeout(timer)
    this.#graces.clear()
    this.inFlight = 0
    this.sockets = 0
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

  /** @param {any[]} events */
  #onEvents (events) {
    const { stride } = this
    this.#now = performance.now()
    for (let i = 0; i < events.length; i += stride) {
      try {
        this.#onEvent(events, i)
      } catch (error) {
        rethrowLater(error)
      }
    }
    if (!this.#freed) return
    this.#freed = false
    if (this.inFlight === 0) this.#updateRef()
    this.owner.onFreed()
  }

  /**
   * @param {any[]} events
   * @param {number} i
   */
  #onEvent (events, i) {
    const { types } = this
    switch (events[i]) {
      case types.RESPONSE_START: {
        const end = events[i + 5]
        const stream = this.#find(events[i + 1], end)
        if (stream === undefined) break
        this.traffic.latency.add(this.#now - stream.sentAt)
        if (end) this.traffic.answered++
        stream.respond(events[i + 2], events[i + 3], events[i + 4], end)
        break
      }
      case types.BODY: {
        const end = events[i + 5]
        const stream = this.#find(events[i + 1], end)
        if (stream === undefined) break
        if (end) this.traffic.answered++
        stream.receive(events[i + 4], end)
        break
      }
      case types.MESSAGE:
        this.#socket(events[i + 1])?.receiveMessage(events[i + 2], events[i + 3], events[i + 4])
        break
      case types.ACCEPT:
        this.#onAccept(events[i + 1], events[i + 2], events[i + 3])
        break
      case types.CLOSE: {
        const socket = this.#socket(events[i + 1])
        this.#find(events[i + 1], true)
        this.traffic.answered++
        socket?.closed(events[i + 2], events[i + 3])
        break
      }
      case types.TRAILERS:
        this.traffic.answered++
        this.#find(events[i + 1], true)?.receiveTrailers(events[i + 2])
        break
      case types.FILE: {
        const stream = this.#find(events[i + 1], true)
        if (stream === undefined) break
        this.traffic.latency.add(this.#now - stream.sentAt)
        this.traffic.answered++
        stream.respondFile(events[i + 2], events[i + 3], Buffer.from(events[i + 4], 'latin1'))
        break
      }
      case types.EARLY_HINT:
        this.#streams.get(events[i + 1])?.onEarlyHint(events[i + 2].split('\0'))
        break
      case types.PUSH:
        this.#streams.get(events[i + 1])?.onPush(events[i + 2], events[i + 3])
        break
      case types.CONTINUE:
        this.#streams.get(events[i + 1])?.onContinue()
        break
      case types.CREDIT:
        this.#streams.get(events[i + 1])?.credit()
        break
      case types.APP_ERROR:
        this.#onAppError(events[i + 1], events[i + 2], events[i + 3])
        break
      case types.CLOSED:
        this.#onClosed(events[i + 1])
        break
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

  /**
   * @param {number} id
   * @param {boolean} end this is the last that is heard of it
   */
  #find (id, end) {
    const stream = this.#streams.get(id)
    if (end && stream !== undefined) {
      this.#streams.delete(id)
      this.inFlight--
      if (stream.isWebSocket && stream.started) this.sockets--
      this.#freed = true
      if (this.#graces.size > 0) this.#endGrace(id)
    }
    return stream
  }

  /**
   * @param {number} id
   * @returns {import('./socket-stream.js').SocketStream | undefined}
   */
  #socket (id) {
    return /** @type {any} */ (this.#streams.get(id))
  }

  /**
   * @param {number} id
   * @param {string} subprotocol
   * @param {string} headers
   */
  #onAccept (id, subprotocol, headers) {
    const socket = this.#socket(id)
    if (socket === undefined) return
    this.traffic.latency.add(this.#now - socket.sentAt)
    this.sockets++
    this.#freed = true
    socket.accept(subprotocol, headers)
  }

  /** @param {number} id */
  #endGrace (id) {
    clearTimeout(this.#graces.get(id))
    this.#graces.delete(id)
  }

  /** @param {number} id */
  #onClosed (id) {
    const stream = this.#find(id, true)
    if (stream === undefined) return
    if (stream.answered) this.traffic.answered++
    else if (stream.finished) this.traffic.aborted++
    else this.traffic.failed++
    stream.fail(new ResponseError('ERR_RESPONSE_ABORTED',
      'the application ended before its response was complete'))
  }

  /**
   * @param {number} id
   * @param {[string, string, string]} description
   * @param {boolean} started
   */
  #onAppError (id, [type, message, traceback], started) {
    const error = new AppError(type, message, traceback, started)
    this.traffic.failed++
    this.#find(id, true)?.fail(error)
    this.observer.onAppError(this, error)
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
    const streams = this.#drop()
    this.owner.onCorrupt(this)
    this.#lose(streams, this.error)
  }
}
