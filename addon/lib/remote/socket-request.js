/**
 * One WebSocket to an endpoint: `ws` speaks RFC 6455 with it, and the messages go to and from the
 * stream, with backpressure in both directions.
 */

import { RequestTimeoutError } from '../errors.js'
import { CloseCode } from '../stream/socket-stream.js'
import { ws } from '../util/lazy.js'
import { HANDSHAKE_HEADERS, joinedHeaders } from './outgoing-head.js'
import { REMOTE_LIMITS } from './limits.js'

/** @typedef {import('../stream/socket-stream.js').SocketStream} SocketStream */
/** @typedef {import('./http-request.js').RemoteRequest} RemoteRequest */
/** @typedef {import('./http-request.js').RequestOwner} RequestOwner */
/** @typedef {import('./outgoing-head.js').Outgoing} Outgoing */

/** Bytes that may wait in the socket before the sender has to wait. */
const HIGH_WATER = 64 * 1024

/**
 * @typedef {object} Dialing
 * @property {boolean} secure
 * @property {string} host for the header, unless the client's is kept
 * @property {number} maxMessage bytes
 * @property {number} timeout milliseconds to connect
 * @property {() => import('node:net').Socket} connect
 */

/** @implements {RemoteRequest} */
export class SocketRequest {
  /** @type {import('ws').WebSocket | null} */
  #socket = null

  /** @type {import('node:http').ClientRequest | null} */
  #handshake = null

  /** @type {NodeJS.Timeout | undefined} */
  #timer

  /** @type {import('node:http').IncomingMessage | null} the response that refuses it */
  #refusal = null

  #accepted = ''
  #unread = 0
  #wasSent = false
  #waits = false
  #isOver = false

  /** @type {any} */
  #error = null

  /**
   * @param {SocketStream} stream
   * @param {RequestOwner} owner
   */
  constructor (stream, owner) {
    this.stream = stream
    this.owner = owner
    this.isOpen = false
    this.messageOverhead = REMOTE_LIMITS.messageOverhead
  }

  /**
   * @param {Outgoing} outgoing
   * @param {Dialing} dialing
   */
  send ({ path, headers, host, protocols }, dialing) {
    const { secure, maxMessage, timeout, connect } = dialing
    /** @type {Record<string, string[]>} */
    const fields = Object.create(null)
    for (let i = 0; i < headers.length; i += 2) (fields[headers[i]] ??= []).push(headers[i + 1])
    const { WebSocket } = ws()
    const socket = this.#socket = new WebSocket(secure ? 'wss://remote' : 'ws://remote', protocols, {
      headers: /** @type {any} */ ({ ...fields, host: host || dialing.host }),
      maxPayload: maxMessage,
      perMessageDeflate: false,
      createConnection: connect,
      finishRequest: (/** @type {import('node:http').ClientRequest} */ request) => {
        this.#handshake = request
        // A URL would have normalised it.
        request.path = path
        this.#await(request, secure, timeout)
        request.end()
      }
    })
    socket.on('upgrade', ({ rawHeaders }) => {
      this.#accepted = joinedHeaders(rawHeaders, HANDSHAKE_HEADERS)
    })
    socket.on('unexpected-response', (_, response) => this.#onRefused(response))
    socket.on('open', () => this.#onOpen())
    socket.on('message', (data, isBinary) =>
      this.#onMessage(/** @type {Buffer} */ (data), !isBinary))
    socket.on('error', (error) => { this.#error = error })
    socket.on('close', (code, reason) => this.#onClose(code, reason.toString()))
  }

  /**
   * @param {import('node:http').ClientRequest} request
   * @param {boolean} secure
   * @param {number} timeout
   */
  #await (request, secure, timeout) {
    this.#timer = setTimeout(() => request.destroy(
      Object.assign(new Error(`no connection within ${timeout} ms`), { code: 'ETIMEDOUT' })),
    timeout)
    request.once('socket', (socket) => {
      socket.once(secure ? 'secureConnect' : 'connect', () => this.#onConnect())
    })
  }

  #onConnect () {
    clearTimeout(this.#timer)
    if (this.#isOver || this.stream.finished) return this.destroy()
    this.#wasSent = true
    this.owner.onReached()
    this.#call(() => this.stream.opened(this, 0, 0))
  }

  #onOpen () {
    const { stream } = this
    const socket = /** @type {import('ws').WebSocket} */ (this.#socket)
    if (stream.finished) return this.destroy()
    this.owner.onStarted(this, performance.now() - stream.sentAt)
    this.isOpen = true
    this.#call(() => stream.accept(socket.protocol, this.#accepted))
  }

  /** @param {import('node:http').IncomingMessage} response */
  #onRefused (response) {
    const { stream } = this
    this.#refusal = response
    this.owner.onStarted(this, performance.now() - stream.sentAt)
    this.#call(() => stream.respond(/** @type {number} */ (response.statusCode),
      joinedHeaders(response.rawHeaders, HANDSHAKE_HEADERS), undefined, false))
    response.on('data', (piece) => {
      this.#unread += piece.length
      if (this.#unread >= REMOTE_LIMITS.window) response.pause()
      this.#call(() => stream.receive(piece, false))
    })
    response.on('end', () => {
      this.#end('answered')
      this.#call(() => stream.receive(undefined, true))
    })
    response.on('close', () => {
      if (!response.complete) this.#fail(this.#error ?? new Error('the response was cut'))
    })
  }

  /**
   * @param {Buffer} bytes
   * @param {boolean} text
   */
  #onMessage (bytes, text) {
    const { stream } = this
    if (stream.finished) return
    this.#unread += bytes.length + this.messageOverhead
    if (this.#unread >= REMOTE_LIMITS.window) this.#socket?.pause()
    this.#call(() => stream.receiveMessage(bytes.length === 0 ? undefined : bytes, text, true))
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  #onClose (code, reason) {
    clearTimeout(this.#timer)
    if (this.#isOver || this.#refusal !== null) return
    const { stream } = this
    if (stream.finished) return this.#end(stream.answered ? 'answered' : 'aborted')
    if (!this.isOpen || code === CloseCode.ABNORMAL) {
      return this.#fail(this.#error ?? new Error('the connection ended without a close frame'))
    }
    this.#end('answered')
    this.#call(() => stream.closed(code, reason))
  }

  /** @param {any} error */
  #fail (error) {
    if (this.#isOver) return
    this.#isOver = true
    this.owner.onFailed(this, error, this.#wasSent)
  }

  /** @param {'answered' | 'aborted'} how */
  #end (how) {
    if (this.#isOver) return
    this.#isOver = true
    this.owner.onEnd(this, how)
  }

  /** @param {() => void} deliver */
  #call (deliver) {
    try {
      deliver()
    } catch (error) {
      this.stream.broke(error)
    }
  }

  // ---- what the stream asks for

  get worker () { return this.owner }

  /** @param {number} _ @param {Uint8Array} bytes @returns {number} */
  write (_, bytes) {
    return bytes.length
  }

  /**
   * @param {number} _
   * @param {Uint8Array} bytes
   * @param {boolean} text
   * @returns {number} all bytes, or none
   */
  message (_, bytes, text) {
    const socket = this.#socket
    if (this.#isOver || socket === null || socket.readyState !== socket.OPEN) return bytes.length
    if (socket.bufferedAmount >= HIGH_WATER) {
      this.#waits = true
      return bytes.length === 0 ? -1 : 0
    }
    socket.send(bytes, { binary: !text }, () => this.#onSent())
    return bytes.length
  }

  #onSent () {
    if (!this.#waits || this.#isOver) return
    if (/** @type {import('ws').WebSocket} */ (this.#socket).bufferedAmount >= HIGH_WATER) return
    this.#waits = false
    this.#call(() => this.stream.credit())
  }

  /**
   * @param {number} _
   * @param {number} length
   */
  consumed (_, length) {
    this.#unread -= length
    if (this.#unread >= REMOTE_LIMITS.window) return
    if (this.#refusal !== null) this.#refusal.resume()
    else if (this.#socket?.isPaused) this.#socket.resume()
  }

  /**
   * The client has closed it.
   * @param {number} _
   * @param {number} code
   * @param {string} reason
   */
  closeSocket (_, code, reason) {
    const socket = this.#socket
    if (this.#isOver || socket === null) return
    if (!this.isOpen || code === CloseCode.ABNORMAL) return this.destroy()
    // What nobody reads must not keep the close frame of the endpoint from arriving.
    if (socket.isPaused) socket.resume()
    if (code === CloseCode.NO_STATUS) socket.close()
    else socket.close(code, reason)
  }

  /**
   * @param {number} _
   * @param {Error} [error] why
   */
  abort (_, error) {
    if (this.#isOver) return
    if (error instanceof RequestTimeoutError) this.owner.onTimedOut(this)
    this.destroy()
  }

  destroy () {
    clearTimeout(this.#timer)
    this.#end('aborted')
    this.#refusal?.destroy()
    if (this.isOpen) this.#socket?.terminate()
    else this.#handshake?.destroy()
  }
}
