/**
 * What Node leaves to do about a connection. For HTTP/1: it bounds how much of a pipeline is taken
 * at a time, answers clients that send no more but still read, and ends every response when the
 * connection has closed.
 */

import { Socket } from 'node:net'
import { Duplex } from 'node:stream'

/** Requests of a connection that the pool may have before it is their turn to be answered. */
const MAX_AHEAD = 16

/** Requests that may wait behind those before the connection is not read any more. */
const HIGH_WATER = 100

/** Requests that may wait while the application answers none. */
const MAX_WAITING = 10_000

/**
 * Milliseconds for which a connection with a long pipeline is not read. Reading it again from time
 * to time is the only way to notice that the client has gone.
 */
const PAUSE = 1000

/**
 * Milliseconds for which a response may send nothing after its client has ended its side of the
 * connection. The client may still read, or may have gone: only sending something can tell.
 */
const HALF_CLOSED = 1000

const NGHTTP2_NO_ERROR = 0

const kConnection = Symbol('connection')

/**
 * @param {any} req
 * @returns {Connection | null} null: not HTTP/1, or there is no real connection
 */
export function connectionOf (req) {
  const { socket } = req
  const known = socket?.[kConnection]
  if (known !== undefined) return known
  if (req.httpVersionMajor !== 1 || !(socket instanceof Duplex)) return null
  const connection = new Connection(socket)
  Object.defineProperty(socket, kConnection, { value: connection })
  return connection
}

/**
 * Whether the client had gone before the request was handed over, for example because middleware
 * took its time. No event will report it then.
 * @param {any} req
 * @param {any} res
 */
export function hasGone (req, res) {
  const { stream } = res
  if (req.httpVersionMajor === 2) return stream?.destroyed === true || stream?.closed === true
  return res.closed === true || res.destroyed === true || req.socket?.destroyed === true
}

/**
 * Whether what is written to the connection of a response goes to the system or into TLS, so that
 * nobody in this process has it once it is written. The other end of a stream that somebody has
 * made into a connection may keep what it gets.
 * @param {any} socket
 */
export function keepsNothing (socket) {
  return socket instanceof Socket && !Object.hasOwn(socket, 'write') &&
    (socket.constructor === Socket || /** @type {any} */ (socket).encrypted === true)
}

/**
 * Ends a stream of HTTP/2 that its client has reset. Node never does so if the client gave no error
 * (RST_STREAM with NO_ERROR) and something waited to be sent.
 * @param {any} stream
 */
export function endWhenAborted (stream) {
  stream.on('aborted', () => { if (stream.rstCode === NGHTTP2_NO_ERROR) stream.destroy() })
}

/**
 * @typedef {object} Pipeline
 * @property {Set<any>} ahead responses to requests that were begun before it was their turn
 * @property {{ res: any, begin: () => void }[]} waiting requests that have not been begun, in order
 */

// There may be many idle connections, so they share these listeners, and have no others until they
// need them: the third listener for an event takes 150 bytes.

/** @this {any} a socket */
function beforeEnd () { this[kConnection].beforeEnd() }

/** @this {any} */
function afterEnd () { this[kConnection].afterEnd() }

export class Connection {
  /** @type {Pipeline | null} null: no request has ever come before the last one was answered */
  #pipeline = null

  #stopping = false
  #paused = false

  /** @type {object | null} the last listener that was told about the connection, see listener.js */
  closing = null

  /** @type {NodeJS.Timeout | null} until the connection is read again */
  #pause = null

  /** Responses that got their turn since the last pause began. */
  #progress = 0

  /** @type {any} the response to the last request that the handler took */
  last = null

  /** What the server says about responses to clients that have ended their side. */
  #allowed = false

  /** @type {NodeJS.Timeout | undefined} while the client has ended its side of the connection */
  #halfClosed = undefined

  /** @param {any} socket */
  constructor (socket) {
    this.socket = socket
    // TLS sockets end their own side otherwise. Node ends a connection that is idle.
    socket.allowHalfOpen = true
    this.surroundEnd()
  }

  /**
   * Node decides in its own listener for 'end' whether to cut off a response. This puts one before
   * it and one after it; again if Node has added its own again.
   */
  surroundEnd () {
    const { socket } = this
    socket.off('end', beforeEnd).prependListener('end', beforeEnd)
    socket.off('end', afterEnd).on('end', afterEnd)
  }

  beforeEnd () {
    const { server } = this.socket
    this.#allowed = server.httpAllowHalfOpen
    if (this.#isAnswering) server.httpAllowHalfOpen = true
  }

  afterEnd () {
    this.socket.server.httpAllowHalfOpen = this.#allowed
    if (this.#isAnswering && !this.#allowed) this.#finishSoon()
  }

  get #isAnswering () {
    return this.last !== null && !this.last.closed
  }

  /** The client sends no more. Ends the connection when nothing has been sent for a while. */
  #finishSoon () {
    const { socket } = this
    let written = socket.bytesWritten
    clearInterval(this.#halfClosed)
    this.#halfClosed = setInterval(() => {
      if (socket.bytesWritten === written && socket.writableLength === 0) socket.destroy()
      written = socket.bytesWritten
    }, HALF_CLOSED)
    this.#halfClosed.unref()
    socket.once('close', () => clearInterval(this.#halfClosed))
  }

  /**
   * Begins a pipelined request now or, if too many others have been begun, later.
   * @param {any} res whose turn to be sent has not come
   * @param {() => void} begin
   */
  wait (res, begin) {
    res.once('socket', () => this.#onTurn(res))
    const { ahead, waiting } = this.#pipeline ??= this.#openPipeline()
    if (ahead.size < MAX_AHEAD) {
      ahead.add(res)
      begin()
      return
    }
    waiting.push({ res, begin })
    if (this.#stopping || !this.#isFull) return
    this.#stopping = true
    // The parser first handles all that it has been given.
    process.nextTick(() => this.#stopReading())
  }

  /** @returns {Pipeline} */
  #openPipeline () {
    this.socket.on('close', () => this.#onClose())
    this.socket.on('resume', () => this.#onResume())
    return { ahead: new Set(), waiting: [] }
  }

  /** Requests that have not been begun. */
  get #waiting () {
    return this.#pipeline === null ? 0 : this.#pipeline.waiting.length
  }

  get #isFull () {
    return this.#waiting > HIGH_WATER
  }

  /** @param {any} res whose turn to be sent has come */
  #onTurn (res) {
    this.#progress++
    const { ahead, waiting } = /** @type {Pipeline} */ (this.#pipeline)
    ahead.delete(res)
    const next = waiting.shift()
    if (next === undefined) return
    ahead.add(next.res)
    if (!this.#isFull) this.#read()
    next.begin()
  }

  #stopReading () {
    this.#stopping = false
    if (this.#paused || !this.#isFull || this.socket.destroyed) return
    this.#paused = true
    this.#progress = 0
    this.#pause = setTimeout(() => this.#onPauseEnd(), PAUSE)
    this.#pause.unref()
    this.socket.pause()
  }

  #onPauseEnd () {
    if (this.#waiting > MAX_WAITING) {
      // The client sends faster than the application answers, or the application is stuck.
      if (this.#progress === 0) {
        this.socket.destroy()
        return
      }
      this.#progress = 0
      this.#pause?.refresh()
      return
    }
    this.#read()
  }

  #read () {
    if (!this.#paused) return
    this.#paused = false
    if (this.#pause !== null) clearTimeout(this.#pause)
    this.#pause = null
    this.socket.resume()
  }

  // Node resumes the socket for reasons of its own, for example when a request body is read.
  #onResume () {
    if (!this.#paused) return
    const { socket } = this
    // Node acts on the event, which a stream that counts as paused does not emit again.
    if (socket.isPaused()) socket.emit('pause')
    else socket.pause()
  }

  #onClose () {
    if (this.#pause !== null) clearTimeout(this.#pause)
    if (this.#pipeline === null) return
    const { ahead, waiting } = this.#pipeline
    const responses = [...ahead, ...waiting.map(({ res }) => res)]
    ahead.clear()
    waiting.length = 0
    for (const res of responses) end(res)
  }
}

/**
 * Before Node 24, a response that never got its socket does not emit 'close'. This does what later
 * versions do.
 * @param {any} res
 */
function end (res) {
  if (res.closed) return
  res.destroyed = true
  res._closed = true
  res.emit('close')
}
