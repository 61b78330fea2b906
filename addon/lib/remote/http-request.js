/**
 * One HTTP request to an endpoint: passes the body of its stream to undici, and the response to the
 * stream, with backpressure in both directions.
 */

import { Readable } from 'node:stream'

import { RequestTimeoutError } from '../errors.js'
import { joinedHeaders } from './outgoing-head.js'
import { REMOTE_LIMITS } from './limits.js'

/** @typedef {import('../stream/request-stream.js').RequestStream} RequestStream */

/** @typedef {import('./outgoing-head.js').Outgoing} Outgoing */

/**
 * What an endpoint is told about its requests and WebSockets.
 * @typedef {object} RequestOwner
 * @property {number} id observers see it as the worker
 * @property {number} pid 0
 * @property {() => void} onReached it has accepted a connection
 * @property {(request: RemoteRequest, wait: number) => void} onStarted a response has started,
 *   after that many milliseconds
 * @property {(request: RemoteRequest) => void} onTimedOut no response came in time
 * @property {(request: RemoteRequest, end: 'answered' | 'aborted') => void} onEnd
 * @property {(request: RemoteRequest, error: any, wasSent: boolean) => void} onFailed
 */

/**
 * A request or a WebSocket that an endpoint has.
 * @typedef {{ stream: RequestStream, isOpen: boolean, destroy: () => void }} RemoteRequest
 *   isOpen: it is a WebSocket, which may stay for long
 */

/** @typedef {{ status: number, headers: string, body: Buffer | undefined }} Held */

const EARLY_HINTS = 103

/** The first status that is not only information. */
const FIRST_FINAL = 200

/** Bytes of a body that are shorter go to Node as text, which it can join with the head. */
const TEXT = 16 * 1024

/** @implements {RemoteRequest} */
export class HttpRequest {
  /** @type {(() => void) | null} */
  #abort = null

  /** @type {(() => void) | null} */
  #resume = null

  /**
   * The beginning of the response. Most arrive as a whole, and can then be delivered at once.
   * @type {Held | null}
   */
  #held = null

  /** @type {Readable | null} the body, if it is sent in pieces */
  #source = null

  #wantsBody = false
  #unread = 0
  #isPaused = false
  #isOver = false

  /**
   * @param {RequestStream} stream
   * @param {RequestOwner} owner
   */
  constructor (stream, owner) {
    this.stream = stream
    this.owner = owner
    this.isOpen = false
  }

  /**
   * @param {import('undici').Dispatcher} client
   * @param {Outgoing} outgoing
   * @param {{ host: string, servername: string | undefined }} names
   */
  send (client, { method, path, headers, host, length, keepsBody }, names) {
    const { body } = this.stream
    this.keepsBody = keepsBody
    headers.push('host', host || names.host)
    if (body !== undefined && !(body instanceof Uint8Array)) {
      if (length !== -1) headers.push('content-length', String(length))
      this.#source = new Readable({
        highWaterMark: REMOTE_LIMITS.chunk, read: () => this.#wantBody()
      })
    }
    const { servername } = names
    // The limits are those of the pool.
    client.dispatch(/** @type {any} */ ({
      method,
      path,
      headers,
      body: this.#source ?? body,
      servername,
      headersTimeout: 0,
      bodyTimeout: 0
    }), /** @type {any} */ (this))
  }

  // ---- what undici reports

  /** @param {() => void} abort */
  onConnect (abort) {
    const { stream } = this
    if (this.#isOver || stream.finished) return abort()
    this.#abort = abort
    this.owner.onReached()
    const { body } = stream
    try {
      stream.opened(this, 0, body instanceof Uint8Array ? body.length : 0)
      if (this.keepsBody) stream.continued()
    } catch (error) {
      stream.broke(error)
    }
  }

  /**
   * @param {number} status
   * @param {Buffer[]} raw
   * @param {() => void} resume
   * @returns {boolean} false: no more for now
   */
  onHeaders (status, raw, resume) {
    this.#resume = resume
    if (status < FIRST_FINAL) {
      this.#hint(status, raw)
      return true
    }
    this.owner.onStarted(this, performance.now() - this.stream.sentAt)
    this.#held = { status, headers: joinedHeaders(raw), body: undefined }
    // What has arrived together with the head is parsed in the same turn.
    queueMicrotask(() => this.#release(false))
    return true
  }

  /**
   * @param {number} status
   * @param {Buffer[]} raw
   */
  #hint (status, raw) {
    if (status !== EARLY_HINTS) return
    /** @type {string[]} */
    const links = []
    for (let i = 0; i < raw.length; i += 2) {
      const name = raw[i].toString('latin1').toLowerCase()
      if (name === 'link') links.push(raw[i + 1].toString('latin1'))
    }
    if (links.length > 0) this.#call(() => this.stream.hintEarly(links, 0))
  }

  /**
   * @param {Buffer} piece
   * @returns {boolean}
   */
  onData (piece) {
    this.#unread += piece.length
    if (this.#held !== null && this.#held.body === undefined) {
      this.#held.body = piece
    } else {
      this.#release(false)
      this.#call(() => this.stream.receive(piece, false))
    }
    this.#isPaused = this.#unread >= REMOTE_LIMITS.window
    return !this.#isPaused
  }

  /** @param {Buffer[]} raw trailers */
  onComplete (raw) {
    this.#end('answered')
    const trailers = raw === null || raw.length === 0 ? '' : joinedHeaders(raw)
    if (trailers !== '') {
      this.#release(false)
      this.#call(() => this.stream.receiveTrailers(trailers))
    } else if (this.#held !== null) {
      this.#release(true)
    } else {
      this.#call(() => this.stream.receive(undefined, true))
    }
  }

  /** @param {any} error */
  onError (error) {
    if (this.#isOver) return
    this.#release(false)
    if (this.stream.finished) return this.#end('aborted')
    this.#isOver = true
    this.owner.onFailed(this, error, this.#abort !== null)
  }

  /** @param {'answered' | 'aborted'} how */
  #end (how) {
    if (this.#isOver) return
    this.#isOver = true
    this.owner.onEnd(this, how)
  }

  /** @param {boolean} end nothing follows */
  #release (end) {
    const held = this.#held
    if (held === null) return
    this.#held = null
    const { status, headers, body } = held
    const { stream } = this
    const isText = body !== undefined && body.length <= TEXT && stream.takesText
    this.#call(() => stream.respond(status, headers, isText ? body.toString('latin1') : body, end))
  }

  /** @param {() => void} deliver something to the stream; what that throws fails the request */
  #call (deliver) {
    try {
      deliver()
    } catch (error) {
      this.stream.broke(error)
    }
  }

  // ---- what the stream asks for

  /** What observers see as the worker. */
  get worker () { return this.owner }

  #wantBody () {
    this.#wantsBody = true
    if (this.stream.carrier === this) this.stream.credit()
  }

  /**
   * @param {number} _
   * @param {Uint8Array} bytes
   * @param {boolean} end
   * @returns {number} bytes taken
   */
  write (_, bytes, end) {
    const source = this.#source
    if (this.#isOver || source === null || source.destroyed) return bytes.length
    if (bytes.length > 0) {
      if (!this.#wantsBody) return 0
      this.#wantsBody = source.push(bytes)
    }
    if (end) source.push(null)
    return bytes.length
  }

  /**
   * @param {number} _
   * @param {number} length
   */
  consumed (_, length) {
    this.#unread -= length
    if (!this.#isPaused || this.#unread >= REMOTE_LIMITS.window) return
    this.#isPaused = false
    if (!this.#isOver) this.#resume?.()
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

  /** Ends the connection. Before there is one, `onConnect` does. */
  destroy () {
    this.#end('aborted')
    this.#source?.destroy()
    this.#abort?.()
  }
}
