/**
 * One WebSocket of a client on the network. `ws` implements RFC 6455; this file connects its
 * messages to those of the application, with backpressure in both directions.
 */

import { ResponseError } from '../errors.js'
import { httpStatus } from '../http/error-status.js'
import { HttpExchange, describe } from '../http/exchange.js'
import { askedUrl } from '../message/mount.js'
import { CloseCode, REFUSED, SocketStream, closeCode } from '../stream/socket-stream.js'
import { Inflation } from './inflation.js'
import { KeepAlive } from './keep-alive.js'

const EMPTY = Buffer.alloc(0)

/** Bytes that may wait in a socket before its client counts as slow. */
const HIGH_WATER = 64 * 1024

/**
 * Milliseconds after which a WebSocket that has failed is ended, unless its client has read
 * something or answered the close frame in that time.
 */
const FAREWELL = 1000

/**
 * Watches a socket until the application decides. Noticing that a client is gone requires reading
 * the socket; data that arrives too early is put back.
 */
class Lobby {
  /** @type {Buffer[]} */
  #early = []

  #size = 0

  /**
   * @param {import('node:stream').Duplex} socket
   * @param {() => void} onGone
   */
  constructor (socket, onGone) {
    this.socket = socket
    this.onGone = () => {
      onGone()
      socket.destroy()
    }
    this.onData = (/** @type {Buffer} */ chunk) => {
      this.#early.push(chunk)
      this.#size += chunk.length
      if (this.#size > HIGH_WATER) socket.pause()
    }
    socket.on('close', this.onGone)
    socket.on('end', this.onGone)
    socket.on('data', this.onData)
  }

  leave () {
    const { socket } = this
    socket.off('close', this.onGone)
    socket.off('end', this.onGone)
    socket.off('data', this.onData)
    socket.pause()
    if (this.#size > 0) socket.unshift(Buffer.concat(this.#early))
    this.#early = []
  }
}

/**
 * Tells `ws` whether to complete a handshake.
 * @typedef {(accepted: boolean, status?: number, message?: string) => void} Verdict
 */

export class WebSocketExchange extends SocketStream {
  /** @type {import('ws').WebSocket | null} */
  #client = null

  /** @type {Inflation | null} */
  #inflation = null

  /** @type {NodeJS.Timeout | undefined} while a WebSocket that has failed is being closed */
  #farewell = undefined

  /** @type {HttpExchange | null} sends the response with which the application refuses */
  #denial = null

  /** Given by the application when it accepts. */
  subprotocol = ''
  headers = ''

  /**
   * @param {object} handshake
   * @param {string} handshake.head
   * @param {any} handshake.req
   * @param {import('node:stream').Duplex} handshake.socket
   * @param {Verdict} handshake.verdict
   * @param {() => any} handshake.respond makes the response to a handshake that is refused
   * @param {import('../options.js').Settings} settings
   */
  constructor ({ head, req, socket, verdict, respond }, { websocket, logger }) {
    super(head)
    this.req = req
    this.socket = socket
    this.verdict = verdict
    this.respondInstead = respond
    this.options = websocket
    this.logger = logger
    this.lobby = new Lobby(socket, () => this.leave(CloseCode.ABNORMAL, ''))
  }

  get isIncoming () {
    return true
  }

  /**
   * @param {string} subprotocol
   * @param {string} headers
   */
  onAccept (subprotocol, headers) {
    this.subprotocol = subprotocol
    this.headers = headers
    this.lobby.leave()
    this.verdict(true)
    // The socket ended at this moment, and no event will report it.
    if (this.#client === null) this.leave(CloseCode.ABNORMAL, '')
  }

  /**
   * The handshake is complete.
   * @param {import('ws').WebSocket} client
   */
  open (client) {
    this.#client = client
    const keepAlive = new KeepAlive(client, this.options)
    this.#inflation = new Inflation(client, this.options.maxMessage, () => this.waitingBytes === 0)
    client.on('message', (/** @type {Buffer} */ data, isBinary) => {
      if (!this.sendMessage(data, !isBinary)) client.pause()
    })
    // ws has sent a close frame, whose code tells what is wrong with the client.
    client.on('error', () => this.#endSoon(client))
    client.on('close', (code, reason) => {
      keepAlive.stop()
      clearInterval(this.#farewell)
      this.leave(code, reason.toString())
    })
    this.socket.resume()
    if (this.finished) {
      client.close(CloseCode.RESTART)
      this.#endSoon(client)
    }
  }

  /**
   * Ends the connection of a WebSocket that is being closed. ws alone would wait for a client that
   * does not read, or does not answer, for as long as its closeTimeout.
   * @param {import('ws').WebSocket} client
   */
  #endSoon (client) {
    if (this.#farewell !== undefined) return
    // The answer to the close frame comes after all that the application did not take.
    client.resume()
    let left = client.bufferedAmount
    this.#farewell = setInterval(() => {
      const now = client.bufferedAmount
      if (now < left) left = now
      else client.terminate()
    }, FAREWELL)
    this.#farewell.unref()
  }

  onFlushed () {
    this.#inflation?.goOn()
    this.#client?.resume()
  }

  /**
   * @param {Buffer | undefined} bytes
   * @param {boolean} text
   * @param {boolean} end
   */
  onMessage (bytes, text, end) {
    const client = /** @type {import('ws').WebSocket} */ (this.#client)
    const options = { binary: !text, fin: end }
    if (client.bufferedAmount < HIGH_WATER) {
      client.send(bytes ?? EMPTY, options)
      this.consumedMessage(bytes, end)
    } else {
      client.send(bytes ?? EMPTY, options, () => this.consumedMessage(bytes, end))
    }
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  onClose (code, reason) {
    const client = this.#client
    if (client === null) return this.#refuse(REFUSED)
    client.close(code, reason)
    client.resume()
  }

  /**
   * @param {number} status
   * @param {string} headers
   * @param {Buffer | undefined} body
   * @param {boolean} end
   */
  onStart (status, headers, body, end) {
    this.lobby.leave()
    this.socket.resume()
    this.#denial = new HttpExchange(this.head, this.req, this.respondInstead(), this.logger)
    this.delegateTo(this.#denial)
    this.#denial.respond(status, headers, body, end)
  }

  /**
   * @param {Buffer | undefined} body
   * @param {boolean} end
   */
  onBody (body, end) {
    this.#denial?.receive(body, end)
  }

  /** @param {Error} error */
  onError (error) {
    if (this.#denial !== null) return this.#denial.fail(error)
    const status = httpStatus(error)
    if (status >= 500) this.#log(error, status)
    const client = this.#client
    if (client === null) return this.#refuse(status)
    client.close(closeCode(error))
    this.#endSoon(client)
  }

  /** @param {unknown} error */
  onBroken (error) {
    this.#log(/** @type {Error} */ (error), 500)
    this.socket.destroy()
  }

  /** @param {number} status */
  #refuse (status) {
    this.lobby.leave()
    this.verdict(false, status)
  }

  /**
   * @param {Error} error
   * @param {number} status
   */
  #log (error, status) {
    const { request } = /** @type {import('../errors.js').WorkerError} */ (error)
    const name = request ? '' : `WebSocket ${askedUrl(this.req)}: `
    const text = `[node-asgi] ${name}${describe(error)}`
    // A server that stops or is busy is not an error.
    if (status === 503 || error instanceof ResponseError) this.logger.warn(text)
    else this.logger.error(text)
  }
}
