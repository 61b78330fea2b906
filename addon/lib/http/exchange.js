import { pipeline } from 'node:stream/promises'

import {
  AppError, NodeAsgiError, ResponseError, bodyTooLargeError, clientGoneError, diedByItself,
  lostInShort
} from '../errors.js'
import { splitJoined } from '../message/headers.js'
import { askedUrl } from '../message/mount.js'
import { hasGone, keepsNothing } from './connection.js'
import { httpStatus } from './error-status.js'
import { countReset } from './http2-sessions.js'
import {
  answerError, cut, endWith, endWithTrailers, isPlain, joinHead, writeHead, writePiece, writeWhole
} from './response-writer.js'
import { bodyLength, recycle, selectRange } from '../stream/file-response.js'
import { RequestStream } from '../stream/request-stream.js'
import { WarningLimit } from '../util/warning-limit.js'

/** An application may do the same thing wrong in every request, or many times in one. */
const warnings = new WarningLimit()

/**
 * One request of a client over HTTP, and its response, with backpressure in both directions. An
 * error becomes a short error page or, once the response has started, closes the connection.
 */
export class HttpExchange extends RequestStream {
  #untaken = 0
  #drains = false
  #gone = false

  /** Whether middleware has replaced methods of the response. */
  #patched = false

  #flushes = false

  /** Whether the client can tell where the body ends, without the end of the connection. */
  #framed = true

  /**
   * @param {string} head
   * @param {any} req
   * @param {any} res
   * @param {import('../options.js').Logger} logger
   * @param {number} [maxBody] bytes
   */
  constructor (head, req, res, logger, maxBody = Infinity) {
    super(head, undefined)
    this.keepContext()
    this.req = req
    this.res = res
    this.logger = logger
    this.maxBody = maxBody
    /** Bytes of the request body that have arrived. */
    this.bodyBytes = 0
    /** The client holds its body back until it gets "100 Continue". */
    this.keepsBody = false
    /** @type {((path: string, headers: string) => void) | null} */
    this.push = null
    /** @type {any} the session of HTTP/2 */
    this.session = null
    // Middleware may redirect listeners to a stream of its own, so none can rely on `this`.
    res.on('close', () => this.onClose())
  }

  get isIncoming () {
    return true
  }

  get takesText () {
    return isPlain(this.res)
  }

  /**
   * @param {number} status
   * @param {string} joined
   * @param {Buffer | string | undefined} body
   * @param {boolean} end
   */
  onStart (status, joined, body, end) {
    const { req, res } = this
    if (this.#isOver()) return
    // The client decides whether to send the body anyway, so the connection cannot be reused.
    if (this.keepsBody && req.httpVersionMajor === 1) res.shouldKeepAlive = false
    this.#patched = !isPlain(res)
    try {
      this.#framed = writeHead(req, res, status, joined, end ? body?.length ?? 0 : -1)
    } catch (error) {
      this.#refuse(new ResponseError('ERR_INVALID_RESPONSE', 'the application sent a response ' +
        `that HTTP cannot carry: ${/** @type {Error} */ (error).message}`, { cause: error }))
      return
    }
    // For long polls and event streams: sends the head before there is a body.
    if (body === undefined && !end) res.flushHeaders()
    else if (end) this.onBody(body, end)
    else this.#write(body, true)
    if (!end) joinHead(res)
  }

  /**
   * @param {Buffer | string | undefined} body
   * @param {boolean} end
   */
  onBody (body, end) {
    const { res } = this
    if (this.#isOver()) return
    if (end) {
      endWith(this.req, res, body)
    } else if (body !== undefined) {
      this.#write(body, false)
    }
  }

  /**
   * @param {any} body a Buffer, or a string
   * @param {boolean} first whether Node still has the head
   */
  #write (body, first) {
    let goesOn
    if (this.#patched) goesOn = this.#writePatched(body)
    else if (typeof body !== 'string') goesOn = this.#writeBytes(body)
    else if (first) goesOn = this.res.write(body, 'latin1')
    else goesOn = writePiece(this.res, body)
    if (goesOn) this.consumed(body.length)
    else this.#hold(body.length)
  }

  /**
   * @param {Buffer} body
   * @returns {boolean} whether there is room for more
   */
  #writeBytes (body) {
    const { carrier } = this
    if (carrier?.recycle === undefined || !keepsNothing(this.res.socket)) {
      return this.res.write(body)
    }
    return this.res.write(body, (/** @type {any} */ error) => {
      // After an error, the system may still have it.
      if (!error) carrier.recycle?.(body)
    })
  }

  /**
   * @param {Buffer | string} body
   * @returns {boolean} whether there is room for more
   */
  #writePatched (body) {
    const { res } = this
    const result = this.runInAsyncScope(res.write, res, body, 'latin1')
    // compression() holds data back until it is told that the client should have it.
    if (Object.hasOwn(res, 'flush') && !this.#flushes) {
      this.#flushes = true
      setImmediate(() => this.#flush())
    }
    // A replacement that returns nothing would stop the response for ever.
    return typeof result === 'boolean' ? result : res.writableNeedDrain !== true
  }

  #flush () {
    this.#flushes = false
    const { res } = this
    if (res.destroyed || res.writableEnded) return
    try {
      this.runInAsyncScope(res.flush, res)
    } catch (error) {
      this.broke(error)
    }
  }

  /** @param {string} joined */
  onTrailers (joined) {
    if (!this.#isOver()) endWithTrailers(this.req, this.res, joined)
  }

  /**
   * @param {number} status
   * @param {string} joined
   * @param {import('../stream/file-response.js').PassedFile} file
   */
  onFile (status, joined, file) {
    this.#sendFile(status, joined, file).catch((error) => this.broke(error))
  }

  /**
   * @param {number} status
   * @param {string} joined
   * @param {import('../stream/file-response.js').PassedFile} file
   */
  async #sendFile (status, joined, file) {
    const { req, res } = this
    try {
      const size = await file.size()
      if (this.#isOver()) return
      const headers = splitJoined(joined)
      const part = selectRange(req, status, headers, bodyLength(headers, size))
      this.#framed = writeHead(req, res, part.status, headers.join('\0'), -1)
      if (req.method === 'HEAD' || part.length === 0) return res.end()
      await this.#pipe(file.read(part.start, part.length))
    } catch (error) {
      if (!this.#gone) throw error
      // A client that is gone is not an error. If the file has failed, pipeline() has ended the
      // response, which over HTTP/2 looks the same.
      if (error instanceof ResponseError) this.#log(error, 500)
    } finally {
      file.close()
    }
  }

  /**
   * Sends a file as the body, and ends the response, unless the client leaves.
   * @param {import('../stream/file-response.js').FileBody} body
   */
  async #pipe (body) {
    const { res } = this
    if (!isPlain(res) || !keepsNothing(res.socket)) return await pipeline(body, res)
    for await (const piece of body) {
      if (!await writeWhole(res, piece)) return
      recycle(piece)
    }
    res.end()
  }

  /**
   * @param {string[]} links
   * @param {number} cost
   */
  onEarlyHint (links, cost) {
    const { res, req } = this
    const taken = () => this.consumed(cost)
    if (res.headersSent || this.#isOver()) return taken()
    try {
      res.writeEarlyHints({ link: links }, taken)
      // HTTP/2 knows no callback. It writes at the end of the turn.
      if (req.httpVersionMajor === 2) setImmediate(taken)
    } catch (error) {
      taken()
      this.#cannot('send an early hint', error)
    }
  }

  /**
   * Something that the client can do without has failed.
   * @param {string} what
   * @param {unknown} error
   */
  #cannot (what, error) {
    const { req, logger } = this
    warnings.warn(this.carrier ?? logger, `cannot ${what}`, logger,
      `[node-asgi] ${req.method} ${askedUrl(req)}: cannot ${what}: ` +
      /** @type {Error} */ (error).message)
  }

  /**
   * @param {string} path
   * @param {string} headers
   */
  onPush (path, headers) {
    try {
      this.push?.(path, headers)
    } catch (error) {
      this.#cannot('push a response', error)
    }
  }

  onContinue () {
    if (!this.keepsBody || this.#isOver() || this.res.headersSent) return
    this.keepsBody = false
    this.res.writeContinue()
  }

  /** Whether the response has been ended by something else, for example middleware. */
  #isOver () {
    const { res } = this
    if (!res.destroyed && !res.writableEnded) return false
    this.onClose()
    return true
  }

  /** @param {Error} error */
  #refuse (error) {
    // The error page replaces a response that was already begun, and may have no content-length.
    if (this.req.httpVersionMajor === 1) this.res.shouldKeepAlive = false
    if (this.finished) this.onError(error)
    else this.cancel(error)
  }

  /**
   * Gives the application no credit until the client has received what it sent.
   * @param {number} length
   */
  #hold (length) {
    this.#untaken += length
    if (this.#drains) return
    this.#drains = true
    this.res.on('drain', () => this.onDrain())
  }

  onDrain () {
    const length = this.#untaken
    this.#untaken = 0
    if (length > 0) this.consumed(length)
  }

  onClose () {
    this.#gone = true
    if (this.finished) return
    if (this.session !== null) countReset(this.session)
    this.cancel(clientGoneError())
  }

  /** @param {Error} error */
  onError (error) {
    const { req, res } = this
    const status = httpStatus(error)
    const gone = this.#gone || hasGone(req, res)
    if (status >= 500 && !(gone && isKnown(error))) this.#log(error, status)
    if (gone) return
    if (!res.headersSent) answerError(req, res, status)
    else cut(req, res, this.#framed)
  }

  /** @param {unknown} error */
  onBroken (error) {
    this.#log(/** @type {Error} */ (error), 500)
    this.res.destroy()
  }

  /**
   * @param {Error} error
   * @param {number} status
   */
  #log (error, status) {
    const { request } = /** @type {import('../errors.js').WorkerError} */ (error)
    const name = request ? '' : `${this.req.method} ${askedUrl(this.req)}: `
    const text = `[node-asgi] ${name}${describe(error)}`
    // Overload is not an error, and affects many requests at a time.
    if (status === 503) this.logger.warn(text)
    else this.logger.error(text)
  }

  /** @param {number} length */
  received (length) {
    this.bodyBytes += length
    if (this.bodyBytes > this.maxBody) this.giveUp(bodyTooLargeError(this.maxBody))
  }

  /** Whether it is up to the client to send more of the body. */
  get awaitsBody () {
    const { req, res } = this
    if (this.keepsBody || req.isPaused() || req.readableFlowing !== true) return false
    return this.started ? res.writableEnded : true
  }

  /**
   * What the client sends is too much, or too slow.
   * @param {Error} error
   */
  giveUp (error) {
    if (!this.finished) this.cancel(error)
    // The response has been sent, and the rest of the body is being read for nobody.
    else this.req.destroy()
  }

  /**
   * Reads the rest of the request, after which the connection can be used again.
   * @param {import('node:stream').Readable} source
   */
  releaseSource (source) {
    source.on('data', (/** @type {Buffer} */ piece) => this.received(piece.length))
    source.resume()
  }
}

/**
 * Whether the message of an error says enough: one of ours, or a connection that was lost.
 * @param {any} error
 */
function isKnown (error) {
  return error instanceof NodeAsgiError || error?.code === 'ECONNRESET'
}

/**
 * For the log: with the Python traceback, or the stack of an exception that nobody expects.
 * @param {any} error
 */
export function describe (error) {
  if (error instanceof AppError) return `${error.message}\n${error.traceback.trimEnd()}`
  if (error?.request && diedByItself(error)) return lostInShort(error)
  return isKnown(error) ? error.message : error?.stack ?? String(error)
}
