/**
 * The requests in flight in one worker. Passes what their streams send to the worker's channel, and
 * the channel's events to the streams.
 */

import { AppError, ResponseError, requestError } from '../errors.js'
import { IdTable } from './id-table.js'
import { PassedFile, fileError } from '../stream/file-response.js'
import { Traffic } from './traffic.js'

/** @typedef {import('../stream/carrier.js').SocketCarrier} SocketCarrier */
/** @typedef {import('../stream/request-stream.js').RequestStream} RequestStream */

/** What the events of one call from the channel share. */
export class Batch {
  #taken = 0

  /** @param {Buffer | undefined} bytes the small bodies of the events, one after the other */
  constructor (bytes) {
    this.bytes = bytes
    /** When the events arrived: one look at the clock for all of them. */
    this.now = performance.now()
  }

  /**
   * Takes the body of the next event. Call it once for each event that has a body, in order.
   * @param {Buffer | number | undefined} slot see binding.js
   * @param {import('../stream/request-stream.js').RequestStream | undefined} stream its receiver
   * @returns {any}
   */
  take (slot, stream) {
    if (typeof slot !== 'number') return slot
    const bytes = /** @type {any} */ (this.bytes)
    const from = this.#taken
    const to = this.#taken += slot
    return stream !== undefined && stream.takesText
      ? bytes.latin1Slice(from, to)
      : bytes.subarray(from, to)
  }
}

/** @implements {SocketCarrier} */
export class InFlight {
  /** @type {import('../binding.js').Channel} */
  #channel

  /** @type {IdTable<import('../stream/request-stream.js').RequestStream>} */
  #streams = new IdTable()

  /**
   * Aborted requests that the worker has not ended yet, each until its task is cancelled.
   * @type {Map<number, NodeJS.Timeout | undefined>}
   */
  #aborted = new Map()

  /**
   * The stream whose event is being handled.
   * @type {RequestStream | undefined}
   */
  #handling = undefined

  /**
   * @param {import('../binding.js').Channel} channel
   * @param {import('../binding.js').Binding} binding
   * @param {number} disconnectGrace milliseconds from an abort until the task is cancelled
   * @param {object} owner
   * @param {{ id: number, pid: number }} owner.worker
   * @param {(error: AppError) => void} owner.onAppError
   * @param {() => void} owner.onAborted a request that somebody waited for has been aborted
   */
  constructor (channel, binding, disconnectGrace, { worker, onAppError, onAborted }) {
    this.#channel = channel
    this.maxChunk = binding.limits.chunk
    this.messageOverhead = binding.limits.messageOverhead
    this.types = binding.eventTypes
    this.disconnectGrace = disconnectGrace
    this.worker = worker
    this.onAppError = onAppError
    this.onAborted = onAborted
    /** Requests in flight, including WebSockets and requests that have been aborted. */
    this.size = 0
    /** Open WebSockets. */
    this.sockets = 0
    /** There is room for more requests, and nobody has been told yet. */
    this.freed = false
    this.traffic = new Traffic()
  }

  /** Whether somebody waits for a request in flight. */
  get awaited () {
    return this.size > this.#aborted.size
  }

  /** @returns {import('../stream/request-stream.js').RequestStream[]} oldest first */
  streams () {
    return this.#streams.values()
  }

  /**
   * Sends a request. One that cannot be sent fails, and nothing else does.
   * @param {import('../stream/request-stream.js').RequestStream} stream
   * @returns {boolean} whether it was sent
   */
  send (stream) {
    const { body } = stream
    let first
    let end = body === undefined
    if (body instanceof Uint8Array) {
      end = body.length <= this.maxChunk
      first = end ? body : body.subarray(0, this.maxChunk)
    }
    let id
    try {
      id = stream.isWebSocket
        ? this.#channel.connect(stream.head)
        : this.#channel.request(stream.head, first, end)
    } catch (error) {
      stream.fail(requestError(/** @type {Error} */ (error)))
      return false
    }
    this.#streams.set(id, stream)
    this.traffic.requests++
    this.size++
    try {
      stream.opened(this, id, first === undefined ? 0 : first.length)
    } catch (error) {
      stream.broke(error)
    }
    return true
  }

  /**
   * @param {number} id
   * @param {Uint8Array} bytes
   * @param {boolean} end
   * @returns {number}
   */
  write (id, bytes, end) {
    return this.#streams.get(id) !== undefined ? this.#channel.write(id, bytes, end) : bytes.length
  }

  /**
   * @param {number} id
   * @param {number} length
   */
  consumed (id, length) {
    if (this.#streams.get(id) !== undefined) this.#channel.consumed(id, length)
  }

  /** @param {Buffer} bytes a piece of a body that nobody uses any more */
  recycle (bytes) {
    this.#channel.recycle(bytes)
  }

  /**
   * Nobody waits for the response any more. The application is told, and its task is cancelled
   * unless it ends within the grace.
   * @param {number} id
   */
  abort (id) {
    if (this.#streams.get(id) === undefined) return
    this.#channel.abort(id)
    this.#abandon(id)
  }

  /**
   * Sends a message on a WebSocket.
   * @param {number} id
   * @param {Uint8Array} bytes
   * @param {boolean} text
   * @returns {number} see Channel.message
   */
  message (id, bytes, text) {
    if (this.#streams.get(id) === undefined) return bytes.length
    return this.#channel.message(id, bytes, text)
  }

  /**
   * Like abort(), for a WebSocket that the client has closed.
   * @param {number} id
   * @param {number} code
   * @param {string} reason
   */
  closeSocket (id, code, reason) {
    if (this.#streams.get(id) === undefined) return
    this.#channel.closeSocket(id, code, reason)
    this.#abandon(id)
  }

  /**
   * Nobody waits for the request any more. Its task is cancelled after the grace.
   * @param {number} id
   */
  #abandon (id) {
    if (this.#aborted.has(id)) return
    const grace = this.disconnectGrace
    const timer = grace === Infinity
      ? undefined
      : setTimeout(() => this.#channel.cancel(id), grace)
    timer?.unref()
    this.#aborted.set(id, timer)
    this.onAborted()
  }

  /** @param {Error} error */
  cancelAll (error) {
    for (const stream of this.#streams.values()) stream.cancel(error)
  }

  /** @param {Error} error */
  cancelSockets (error) {
    for (const stream of this.#streams.values()) {
      if (stream.isWebSocket) stream.cancel(error)
    }
  }

  /**
   * Forgets all requests: no more events about them will come.
   * @returns {import('../stream/request-stream.js').RequestStream[]}
   */
  drop () {
    const streams = this.#streams.values()
    this.traffic.lost += streams.length
    this.#streams.clear()
    for (const timer of this.#aborted.values()) clearTimeout(timer)
    this.#aborted.clear()
    this.size = 0
    this.sockets = 0
    return streams
  }

  /**
   * Handles an event, if it is about a request. An exception fails that request: it is a mistake
   * here, or in middleware that has patched the response. (What a listener of the user throws
   * never gets here.)
   * @param {any[]} events see addon/src/events.h
   * @param {number} i index at which the event begins
   * @param {Batch} batch that the event belongs to
   * @returns {boolean}
   */
  take (events, i, batch) {
    try {
      const isTaken = this.#take(events, i, batch)
      // Kept until the next event, it would keep its response, and through its server the handler.
      this.#handling = undefined
      return isTaken
    } catch (error) {
      const stream = /** @type {RequestStream | undefined} */ (this.#handling)
      this.#handling = undefined
      if (stream === undefined) throw error
      stream.broke(error)
      return true
    }
  }

  /**
   * @param {any[]} events
   * @param {number} i
   * @param {Batch} batch
   * @returns {boolean}
   */
  #take (events, i, batch) {
    const { types } = this
    switch (events[i]) {
      case types.RESPONSE_START: {
        const end = events[i + 5]
        const stream = this.#find(events[i + 1], end)
        const body = batch.take(events[i + 4], stream)
        if (stream === undefined) break
        this.traffic.latency.add(batch.now - stream.sentAt)
        if (end) this.traffic.answered++
        stream.respond(events[i + 2], events[i + 3], body, end)
        break
      }
      case types.BODY: {
        const end = events[i + 5]
        const stream = this.#find(events[i + 1], end)
        const body = batch.take(events[i + 4], stream)
        if (stream === undefined) break
        if (end) this.traffic.answered++
        stream.receive(body, end)
        break
      }
      case types.MESSAGE: {
        const socket = this.#socket(events[i + 1])
        const bytes = batch.take(events[i + 4], socket)
        socket?.receiveMessage(bytes, events[i + 2], events[i + 5])
        break
      }
      case types.ACCEPT:
        this.#onAccept(events[i + 1], events[i + 2], events[i + 3], batch.now)
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
        this.traffic.latency.add(batch.now - stream.sentAt)
        this.traffic.answered++
        if (!stream.finished) this.#respondFile(stream, events, i)
        break
      }
      case types.EARLY_HINT:
        this.#find(events[i + 1], false)
          ?.hintEarly(events[i + 2].split('\0'), events[i + 3])
        break
      case types.PUSH:
        this.#find(events[i + 1], false)?.pushed(events[i + 2], events[i + 3])
        break
      case types.CONTINUE:
        this.#find(events[i + 1], false)?.continued()
        break
      case types.CREDIT:
        this.#find(events[i + 1], false)?.credit()
        break
      case types.APP_ERROR:
        this.#onAppError(events[i + 1], events[i + 2], events[i + 3])
        break
      case types.CLOSED:
        this.#onClosed(events[i + 1])
        break
      default:
        return false
    }
    return true
  }

  /**
   * @param {import('../stream/request-stream.js').RequestStream} stream
   * @param {any[]} events
   * @param {number} i
   */
  #respondFile (stream, events, i) {
    let file
    try {
      file = new PassedFile(this.#channel.takeFile(events[i + 1]))
    } catch (error) {
      stream.fail(fileError(error))
      return
    }
    stream.respondFile(events[i + 2], events[i + 3], file)
  }

  /**
   * @param {number} id
   * @param {boolean} end this is the last event of the request
   */
  #find (id, end) {
    const stream = this.#handling = this.#streams.get(id)
    if (end && stream !== undefined) {
      this.#streams.delete(id)
      this.size--
      if (stream.isWebSocket && stream.started) this.sockets--
      this.freed = true
      if (this.#aborted.size > 0) this.#forgetAborted(id)
    }
    return stream
  }

  /**
   * @param {number} id
   * @returns {import('../stream/socket-stream.js').SocketStream | undefined}
   */
  #socket (id) {
    return /** @type {any} */ (this.#find(id, false))
  }

  /**
   * @param {number} id
   * @param {string} subprotocol
   * @param {string} headers
   * @param {number} now performance.now()
   */
  #onAccept (id, subprotocol, headers, now) {
    const socket = this.#socket(id)
    if (socket === undefined) return
    this.traffic.latency.add(now - socket.sentAt)
    this.sockets++
    this.freed = true
    socket.accept(subprotocol, headers)
  }

  /** @param {number} id */
  #forgetAborted (id) {
    clearTimeout(this.#aborted.get(id))
    this.#aborted.delete(id)
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
    this.#handling = undefined
    this.onAppError(error)
  }
}
