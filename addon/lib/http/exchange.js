import { pipeline } from 'node:stream/promises'

import { AppError, ResponseError } from '../errors.js'
import { groupJoined, splitJoined } from '../message/headers.js'
import { httpStatus } from './error-status.js'
import { answerError, cut, endWith, isPlain, writeHead } from './response-writer.js'
import { bodyLength, selectRange } from '../stream/file-response.js'
import { RequestStream } from '../stream/request-stream.js'

const kExchange = Symbol('exchange')

/** @this {any} the response, which is complete or whose client is gone */
function onClose () {
  this[kExchange].onClose()
}

/** @this {any} the response, whose client has received what was written */
function onDrain () {
  this[kExchange].onDrain()
}

/**
 * One request of a client over HTTP, and its response, with backpressure in both directions. An
 * error becomes a short error page or, once the response has started, closes the connection.
 */
export class HttpExchange extends RequestStream {
  #untaken = 0
  #drains = false
  #gone = false

  /** Whether the client can tell where the body ends, without the end of the connection. */
  #framed = true

  /**
   * @param {string} head
   * @param {any} req
   * @param {any} res
   * @param {import('../options.js').Logger} logger
   */
  constructor (head, req, res, logger) {
    super(head, undefined)
    this.req = req
    this.res = res
    this.logger = logger
    /** The client holds its body back until it gets "100 Continue". */
    this.keepsBody = false
    /** @type {((path: string, headers: string) => void) | null} */
    this.push = null
    res[kExchange] = this
    res.on('close', onClose)
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
    try {
      this.#framed = writeHead(req, res, status, joined, end ? body?.length ?? 0 : -1)
    } catch (error) {
      this.#refuse(new ResponseError('ERR_INVALID_RESPONSE', 'the application sent a response ' +
        `that HTTP cannot carry: ${/** @type {Error} */ (error).message}`, { cause: error }))
      return
    }
    // For long polls and event streams: sends the head before there is a body.
    if (body === undefined && !end) res.flushHeaders()
    else this.onBody(body, end)
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
      if (res.write(body, 'latin1')) this.consumed(body.length)
      else this.#hold(body.length)
    }
  }

  /** @param {string} joined */
  onTrailers (joined) {
    const { req, res } = this
    if (this.#isOver()) return
    if (/\btrailers\b/i.test(req.headers.te ?? '')) res.addTrailers(groupJoined(joined))
    res.end()
  }

  /**
   * @param {number} status
   * @param {string} joined
   * @param {import('../stream/file-response.js').PassedFile} file
   */
  onFile (status, joined, file) {
    this.#sendFile(status, joined, file).catch((error) => this.onError(error))
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
      await pipeline(file.read(part.start, part.length), res)
    } catch (error) {
      // A client that is gone is not an error.
      if (!this.#gone) throw error
    } finally {
      file.close()
    }
  }

  /** @param {string[]} links */
  onEarlyHint (links) {
    const { res } = this
    if (res.headersSent || this.#isOver()) return
    try {
      res.writeEarlyHints({ link: links })
    } catch (error) {
      this.logger.warn(`[node-asgi] ${this.req.method} ${this.req.url}: cannot send an early ` +
        `hint: ${/** @type {Error} */ (error).message}`)
    }
  }

  /**
   * @param {string} path
   * @param {string} headers
   */
  onPush (path, headers) {
    this.push?.(path, headers)
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
    this.res.on('drain', onDrain)
  }

  onDrain () {
    const length = this.#untaken
    this.#untaken = 0
    if (length > 0) this.consumed(length)
  }

  onClose () {
    this.#gone = true
    if (this.finished) return
    this.cancel(new ResponseError('ERR_RESPONSE_ABORTED',
      'the client closed the connection before the response was complete'))
  }

  /** @param {Error} error */
  onError (error) {
    if (this.#gone) return
    const { req, res } = this
    const status = httpStatus(error)
    if (status >= 500) this.#log(error, status)
    if (!res.headersSent) answerError(req, res, status)
    else cut(req, res, this.#framed)
  }

  /**
   * @param {Error} error
   * @param {number} status
   */
  #log (error, status) {
    const traceback = error instanceof AppError ? `\n${error.traceback.trimEnd()}` : ''
    const { request } = /** @type {import('../errors.js').WorkerError} */ (error)
    const name = request ? '' : `${this.req.method} ${this.req.url}: `
    const text = `[node-asgi] ${name}${error.message}${traceback}`
    // Overload is not an error, and affects many requests at a time.
    if (status === 503) this.logger.warn(text)
    else this.logger.error(text)
  }

  /**
   * Reads the rest of the request, after which the connection can be used again.
   * @param {import('node:stream').Readable} source
   */
  releaseSource (source) {
    source.resume()
  }
}
