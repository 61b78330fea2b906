/**
 * What `handler.connect()` returns: a WebSocket to the application without a network.
 */

import { InvalidRequestError, WebSocketRefusedError } from '../errors.js'
import { Headers, parseJoined } from '../message/headers.js'
import { CloseCode, REFUSED, SocketStream, closeCode } from '../stream/socket-stream.js'

const EMPTY = Buffer.alloc(0)

const CONNECTING = 0
const OPEN = 1
const CLOSING = 2
const CLOSED = 3

/**
 * The limits of the protocol, and the option websocket.maxMessage.
 * @typedef {Pick<import('../binding.js').Limits, 'minAppCloseCode' | 'maxCloseCode' |
 *   'closeReason'> & { maxMessage: number }} ConnectionLimits
 */

/** The half that faces the worker: turns its events into calls of a WebSocketConnection. */
export class ConnectionStream extends SocketStream {
  /** @type {WebSocketConnection | null} */
  #connection = null

  /** @type {Buffer[]} of a message, or of a response that refuses */
  #pieces = []

  #size = 0

  /** Bytes of the arriving message for which no credit has been given yet. */
  #held = 0

  #status = 0
  #headers = ''

  /**
   * @param {string} head
   * @param {string} url
   * @param {ConnectionLimits} limits
   * @param {(connection: WebSocketConnection) => void} resolve
   * @param {(error: Error) => void} reject
   */
  constructor (head, url, limits, resolve, reject) {
    super(head)
    this.url = url
    this.limits = limits
    this.resolve = resolve
    this.reject = reject
  }

  /**
   * @param {string} subprotocol
   * @param {string} headers
   */
  onAccept (subprotocol, headers) {
    this.#connection = new WebSocketConnection(this, subprotocol, parseJoined(headers))
    this.resolve(this.#connection)
  }

  /**
   * @param {Buffer | undefined} bytes
   * @param {boolean} text
   * @param {boolean} end
   */
  onMessage (bytes, text, end) {
    const connection = /** @type {WebSocketConnection} */ (this.#connection)
    if (bytes !== undefined) this.#add(bytes)
    if (this.#size > this.limits.maxMessage) {
      this.leave(CloseCode.TOO_BIG, '')
      receiverOf(connection).close(CloseCode.TOO_BIG, '', null)
      return
    }
    // A message may be longer than the window. While no other message waits to be read, its pieces
    // get credit as they arrive.
    this.#held += bytes?.length ?? 0
    const receiver = receiverOf(connection)
    if (!end) {
      if (receiver.idle()) this.#release()
      return
    }
    const cost = this.#held + this.overhead
    this.#held = 0
    const whole = this.#take()
    receiver.add(text ? whole.toString() : whole, () => {
      this.consumed(cost)
      if (receiver.idle()) this.#release()
    })
  }

  #release () {
    if (this.#held > 0) this.consumed(this.#held)
    this.#held = 0
  }

  /** @param {Buffer} bytes */
  #add (bytes) {
    this.#pieces.push(bytes)
    this.#size += bytes.length
  }

  #take () {
    const whole = this.#pieces.length === 1 ? this.#pieces[0] : Buffer.concat(this.#pieces)
    this.#pieces = []
    this.#size = 0
    return whole
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  onClose (code, reason) {
    if (this.#connection === null) {
      this.reject(new WebSocketRefusedError(REFUSED, new Headers(), EMPTY))
    } else {
      receiverOf(this.#connection).close(code, reason, null)
    }
  }

  /**
   * @param {number} status
   * @param {string} headers
   * @param {Buffer | undefined} body
   * @param {boolean} end
   */
  onStart (status, headers, body, end) {
    this.#status = status
    this.#headers = headers
    this.onBody(body, end)
  }

  /**
   * @param {Buffer | undefined} body
   * @param {boolean} end
   */
  onBody (body, end) {
    if (body !== undefined) {
      this.#add(body)
      this.consumed(body.length)
    }
    if (end) {
      this.reject(new WebSocketRefusedError(this.#status, parseJoined(this.#headers), this.#take()))
    }
  }

  onFlushed () {
    if (this.#connection !== null) receiverOf(this.#connection).flushed()
  }

  /** @param {Error} error */
  onError (error) {
    if (this.#connection === null) this.reject(error)
    else receiverOf(this.#connection).close(closeCode(error), '', error)
  }
}

/**
 * The methods of a connection that its stream calls.
 * @typedef {object} Receiver
 * @property {() => boolean} idle whether no message waits for the reader
 * @property {(data: string | Buffer, consumed: () => void) => void} add
 * @property {() => void} flushed
 * @property {(code: number, reason: string, error: Error | null) => void} close
 */

/** @type {(connection: WebSocketConnection) => Receiver} */
let receiverOf

/**
 * Resolves when the next message should be sent: the application has read those before it, or the
 * connection is closed.
 * @type {(connection: WebSocketConnection) => Promise<void>}
 */
let whenFlushed

/** types/websocket.d.ts declares it for users. */
export class WebSocketConnection extends EventTarget {
  static CONNECTING = CONNECTING
  static OPEN = OPEN
  static CLOSING = CLOSING
  static CLOSED = CLOSED

  /** @type {ConnectionStream} */
  #stream

  /** @type {{ data: string | Buffer, consumed: () => void }[]} not read yet */
  #messages = []

  /** @type {(() => void) | null} an iteration that waits */
  #wake = null

  /** @type {CloseEvent | null} dispatched once the messages before it have been read */
  #last = null

  /** @type {Error | null} */
  #error = null

  /** @type {Map<string, ((event: any) => void) | null>} the on… properties */
  #handlers = new Map()

  /** @type {Array<() => void>} senders that wait until the application reads */
  #senders = []

  #listens = false
  #toldEnd = false

  static {
    receiverOf = (connection) => ({
      idle: () => connection.#messages.length === 0,
      add: (data, consumed) => {
        connection.#messages.push({ data, consumed })
        connection.#deliver()
      },
      flushed: () => connection.#wakeSenders(),
      close: (code, reason, error) => connection.#closed(code, reason, error)
    })
    whenFlushed = (connection) => new Promise((resolve) => {
      if (connection.readyState !== OPEN || connection.bufferedAmount === 0) resolve()
      else connection.#senders.push(resolve)
    })
  }

  /**
   * @param {ConnectionStream} stream
   * @param {string} protocol
   * @param {Headers} headers
   */
  constructor (stream, protocol, headers) {
    super()
    this.#stream = stream
    this.url = stream.url
    this.protocol = protocol
    this.headers = headers
    this.extensions = ''
    /** @type {'nodebuffer' | 'arraybuffer'} */
    this.binaryType = 'nodebuffer'
    this.readyState = OPEN
  }

  get bufferedAmount () {
    return this.#stream.waitingBytes
  }

  /**
   * @param {string | ArrayBuffer | ArrayBufferView} data
   */
  send (data) {
    const text = typeof data === 'string'
    const bytes = text ? Buffer.from(data) : bytesOf(data)
    if (this.readyState === OPEN) this.#stream.sendMessage(bytes, text)
  }

  /**
   * @param {number} [code]
   * @param {string} [reason]
   */
  close (code, reason = '') {
    const { minAppCloseCode, maxCloseCode, closeReason } = this.#stream.limits
    if (code !== undefined && code !== CloseCode.NORMAL &&
      !(code >= minAppCloseCode && code <= maxCloseCode)) {
      throw new DOMException(`the close code must be ${CloseCode.NORMAL}, or from ` +
        `${minAppCloseCode} to ${maxCloseCode}, not ${code}`, 'InvalidAccessError')
    }
    const length = Buffer.byteLength(reason)
    if (length > closeReason) {
      throw new DOMException(`the close reason must not be longer than ${closeReason} bytes, but ` +
        `has ${length}`, 'SyntaxError')
    }
    if (this.readyState !== OPEN) return
    this.readyState = CLOSING
    const sent = code ?? CloseCode.NO_STATUS
    this.#stream.leave(sent, reason)
    this.#closed(sent, reason, null)
  }

  /**
   * @param {number} code
   * @param {string} reason
   * @param {Error | null} error
   */
  #closed (code, reason, error) {
    if (this.#last !== null) return
    this.readyState = CLOSED
    this.#wakeSenders()
    this.#error = error
    this.#last = closeEvent(code, reason, error === null)
    // A caller that has just received this connection still has to add its listeners.
    setImmediate(() => this.#deliver())
  }

  #wakeSenders () {
    for (const wake of this.#senders.splice(0)) wake()
  }

  /** Gives the messages to the listeners. Without a listener they wait for an iteration. */
  #deliver () {
    this.#wake?.()
    if (this.#listens) {
      for (let next = this.#messages.shift(); next !== undefined; next = this.#messages.shift()) {
        next.consumed()
        this.dispatchEvent(new MessageEvent('message', { data: this.#shape(next.data) }))
      }
    }
    const last = this.#last
    if (last === null || this.#toldEnd) return
    this.#toldEnd = true
    if (this.#error !== null) {
      this.dispatchEvent(Object.assign(new Event('error'),
        { error: this.#error, message: this.#error.message }))
    }
    this.dispatchEvent(last)
  }

  /** @param {string | Buffer} data */
  #shape (data) {
    if (typeof data === 'string' || this.binaryType === 'nodebuffer') return data
    return /** @type {ArrayBuffer} */ (
      data.buffer.slice(data.byteOffset, data.byteOffset + data.length))
  }

  /**
   * @param {string} type
   * @param {any} listener
   * @param {any} [options]
   */
  addEventListener (type, listener, options) {
    super.addEventListener(type, listener, options)
    if (type !== 'message') return
    this.#listens = true
    queueMicrotask(() => this.#deliver())
  }

  /**
   * @returns {AsyncIterableIterator<string | Buffer | ArrayBuffer>}
   */
  [Symbol.asyncIterator] () {
    const messages = this.#iterate()
    return {
      [Symbol.asyncIterator] () { return this },
      next: () => messages.next(),
      // A generator does nothing if it has not begun, and otherwise first waits for a message.
      return: () => {
        this.close()
        return messages.return()
      }
    }
  }

  async * #iterate () {
    while (true) {
      const next = this.#messages.shift()
      if (next !== undefined) {
        next.consumed()
        yield this.#shape(next.data)
      } else if (this.#error !== null) {
        throw this.#error
      } else if (this.#last !== null) {
        return
      } else {
        await /** @type {Promise<void>} */ (new Promise((resolve) => { this.#wake = resolve }))
        this.#wake = null
      }
    }
  }

  /**
   * @param {string} type
   * @param {((event: any) => void) | null} handler
   */
  #setHandler (type, handler) {
    const old = this.#handlers.get(type)
    if (old) this.removeEventListener(type, old)
    this.#handlers.set(type, handler)
    if (handler !== null) this.addEventListener(type, handler)
  }

  get onmessage () { return this.#handlers.get('message') ?? null }
  set onmessage (handler) { this.#setHandler('message', handler) }
  get onclose () { return this.#handlers.get('close') ?? null }
  set onclose (handler) { this.#setHandler('close', handler) }
  get onerror () { return this.#handlers.get('error') ?? null }
  set onerror (handler) { this.#setHandler('error', handler) }
}

/**
 * The web's CloseEvent, which Node 20 does not have.
 * @typedef {Event & { code: number, reason: string, wasClean: boolean }} CloseEvent
 */

/**
 * @param {number} code
 * @param {string} reason
 * @param {boolean} wasClean
 * @returns {CloseEvent}
 */
function closeEvent (code, reason, wasClean) {
  return Object.assign(new Event('close'), { code, reason, wasClean })
}

/**
 * @param {unknown} data
 * @returns {Uint8Array}
 */
function bytesOf (data) {
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  if (data instanceof ArrayBuffer || data instanceof SharedArrayBuffer) return new Uint8Array(data)
  throw new InvalidRequestError('ERR_INVALID_BODY',
    'a message must be a string, a Buffer or other bytes')
}

export { whenFlushed }
