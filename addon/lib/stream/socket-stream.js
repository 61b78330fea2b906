/**
 * The state of one WebSocket between a client and the application: messages go both ways under flow
 * control until either side closes it. Its subclasses are the two kinds of clients: on the network
 * (websocket/exchange.js) and in this process (websocket/connection.js). They implement `onAccept`,
 * `onMessage`, `onClose` and `onError`, and `onStart` and `onBody` for a response that refuses the
 * WebSocket.
 */

import { RequestStream } from './request-stream.js'

/** RFC 6455, section 7.4.1 */
export const CloseCode = Object.freeze({
  NORMAL: 1000, NO_STATUS: 1005, ABNORMAL: 1006, TOO_BIG: 1009, INTERNAL_ERROR: 1011, RESTART: 1012
})

/** The status of a response that opens a WebSocket. */
const SWITCHING_PROTOCOLS = 101

/** The status that a client gets if the application closes a WebSocket without accepting it. */
export const REFUSED = 403

/** Milliseconds that messages of a client that has gone wait for the application to read them. */
const FAREWELL = 10_000

/** Errors after which the client should connect again: the application is only being replaced. */
const RESTARTS = new Set(['ERR_CLOSED', 'ERR_WORKER_RETIRED'])

/**
 * The code that a client's WebSocket is closed with when it ends in an error.
 * @param {Error} error
 */
export function closeCode (error) {
  return RESTARTS.has(/** @type {{ code?: string }} */ (error).code ?? '')
    ? CloseCode.RESTART
    : CloseCode.INTERNAL_ERROR
}

export class SocketStream extends RequestStream {
  /** @type {{ bytes: Uint8Array, text: boolean }[]} */
  #waiting = []

  /** @type {{ code: number, reason: string } | null} */
  #goodbye = null

  /** @type {NodeJS.Timeout | null} */
  #farewell = null

  /** @param {string} head */
  constructor (head) {
    super(head, undefined)
    this.keepContext()
    // Until it is accepted, another worker can be asked just as well.
    this.repeatable = true
  }

  get isWebSocket () {
    return true
  }

  /** Bytes of messages that wait for the application to read. */
  get waitingBytes () {
    let sum = 0
    for (const { bytes } of this.#waiting) sum += bytes.length
    return sum
  }

  /**
   * Sends a message to the application.
   * @param {Uint8Array} bytes UTF-8 if it is text
   * @param {boolean} text
   * @returns {boolean} false: it has to wait, and the sender should stop until `onFlushed`
   */
  sendMessage (bytes, text) {
    if (this.carrier === null || this.finished) return true
    this.#waiting.push({ bytes, text })
    return this.#waiting.length > 1 ? false : this.#flush()
  }

  #flush () {
    const carrier = this.#carrier
    if (carrier === null) return true
    while (this.#waiting.length > 0) {
      const message = this.#waiting[0]
      const taken = carrier.message(this.id, message.bytes, message.text)
      if (taken !== message.bytes.length) {
        if (taken > 0) message.bytes = message.bytes.subarray(taken)
        return false
      }
      this.#waiting.shift()
    }
    return true
  }

  credit () {
    if (this.#waiting.length === 0 || !this.#flush()) return
    if (this.#goodbye !== null) this.#sayGoodbye()
    else this.onFlushed()
  }

  /**
   * The client has closed the WebSocket, or has gone. The application still gets what the client
   * sent before, if it reads it in time.
   * @param {number} code
   * @param {string} reason
   */
  leave (code, reason) {
    if (this.finished) return
    this.answered = this.started
    this.finish(null, this.started ? 'answered' : 'aborted')
    if (this.carrier === null) {
      if (this.ticket !== null) this.ticket.remove()
      return
    }
    this.#goodbye = { code, reason }
    if (this.#waiting.length === 0) return this.#sayGoodbye()
    this.#farewell = setTimeout(() => this.#sayGoodbye(), FAREWELL)
    this.#farewell.unref()
  }

  #sayGoodbye () {
    if (this.#farewell !== null) clearTimeout(this.#farewell)
    this.#waiting = []
    const { code, reason } = /** @type {{ code: number, reason: string }} */ (this.#goodbye)
    this.#carrier?.closeSocket(this.id, code, reason)
  }

  /**
   * Ends the WebSocket from this side, with an error.
   * @param {Error} error
   * @param {import('./request-stream.js').Outcome} [outcome]
   */
  cancel (error, outcome = 'aborted') {
    if (this.finished) return
    const code = closeCode(error)
    if (this.#carrier !== null) {
      this.#carrier.closeSocket(this.id, code === CloseCode.RESTART ? code : CloseCode.ABNORMAL, '')
    } else if (this.ticket !== null) {
      this.ticket.remove()
    }
    this.fail(error, outcome)
  }

  /**
   * The application has accepted the WebSocket.
   * @param {string} subprotocol '': none
   * @param {string} headers joined, see headers.js
   */
  accept (subprotocol, headers) {
    if (this.finished) return
    this.begin(SWITCHING_PROTOCOLS)
    this.goesOn()
    this.runInAsyncScope(this.onAccept, this, subprotocol, headers)
  }

  /**
   * @param {Buffer | undefined} bytes
   * @param {boolean} text
   * @param {boolean} end
   */
  receiveMessage (bytes, text, end) {
    if (!this.finished) this.runInAsyncScope(this.onMessage, this, bytes, text, end)
    // Nobody is left to take it; the application is about to learn that.
    else this.consumedMessage(bytes, end)
  }

  /** What the end of a message counts for in flow control, in addition to its bytes. */
  get overhead () {
    return this.#carrier === null ? 0 : this.#carrier.messageOverhead
  }

  /**
   * Lets another stream receive the response that refuses the WebSocket. It gives credit, and
   * reports a client that has gone, in the name of this stream.
   * @param {RequestStream} stream
   */
  delegateTo (stream) {
    if (this.carrier !== null) stream.opened(this.carrier, this.id, 0)
  }

  get #carrier () {
    return /** @type {import('./carrier.js').SocketCarrier | null} */ (this.carrier)
  }

  /**
   * The client has taken a message, or a piece of one.
   * @param {Buffer | undefined} bytes
   * @param {boolean} end
   */
  consumedMessage (bytes, end) {
    this.consumed((bytes?.length ?? 0) + (end ? this.overhead : 0))
  }

  /**
   * The application has closed or refused the WebSocket.
   * @param {number} code
   * @param {string} reason
   */
  closed (code, reason) {
    if (this.finished) return
    if (!this.started && this.observed !== null) this.observed.responded(REFUSED)
    this.finish()
    this.#waiting = []
    this.runInAsyncScope(this.onClose, this, code, reason)
  }

  /**
   * @param {string} subprotocol
   * @param {string} headers
   */
  onAccept (subprotocol, headers) {
    throw new Error('not implemented')
  }

  /**
   * @param {Buffer | undefined} bytes
   * @param {boolean} text
   * @param {boolean} end the message is complete
   */
  onMessage (bytes, text, end) {
    throw new Error('not implemented')
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  onClose (code, reason) {
    throw new Error('not implemented')
  }

  /** The messages that had to wait have been taken. */
  onFlushed () {}
}
