import { hasGone } from './connection.js'
import { httpStatus } from './error-status.js'
import { HttpExchange } from './exchange.js'

/**
 * What goes to the next handler of a framework instead of to the client.
 * @typedef {object} Pass
 * @property {(error?: unknown) => void} next
 * @property {boolean} notFound requests that the application answers with 404
 * @property {boolean} errors
 */

/** A request that may go on to the next handler of a framework when the application had it. */
export class PassingExchange extends HttpExchange {
  #passed = false

  /**
   * @param {string} head
   * @param {any} req
   * @param {any} res
   * @param {import('../options.js').Logger} logger
   * @param {number} maxBody
   * @param {Pass} pass
   */
  constructor (head, req, res, logger, maxBody, pass) {
    super(head, req, res, logger, maxBody)
    this.pass = pass
    /** @type {import('./kept-body.js').KeptBody | null} the body, if it can be given back */
    this.kept = null
    /** Whether the application reads the body from the request itself. */
    this.takesBody = false
  }

  /** @param {number} status */
  #passes (status) {
    const { pass, req, res } = this
    if (!pass.notFound || status !== 404 || this.takesBody || hasGone(req, res)) {
      this.kept?.release()
      return false
    }
    this.#passOn()
    return true
  }

  /** @param {unknown} [error] */
  #passOn (error) {
    this.#passed = true
    this.kept?.restore()
    // What the next handler throws is no failure of this request.
    process.nextTick(this.pass.next, error)
  }

  /**
   * @param {number} status
   * @param {string} joined
   * @param {Buffer | string | undefined} body
   * @param {boolean} end
   */
  onStart (status, joined, body, end) {
    if (this.#passes(status)) this.onBody(body, end)
    else super.onStart(status, joined, body, end)
  }

  /**
   * @param {Buffer | string | undefined} body
   * @param {boolean} end
   */
  onBody (body, end) {
    if (!this.#passed) super.onBody(body, end)
    // The application finishes as if somebody had read it.
    else if (body !== undefined && !end) this.consumed(body.length)
  }

  /** @param {string} joined */
  onTrailers (joined) {
    if (!this.#passed) super.onTrailers(joined)
  }

  /**
   * @param {number} status
   * @param {string} joined
   * @param {import('../stream/file-response.js').PassedFile} file
   */
  onFile (status, joined, file) {
    if (this.#passes(status)) file.close()
    else super.onFile(status, joined, file)
  }

  /** @param {Error} error */
  onError (error) {
    if (this.#passed) return
    const { pass, req, res } = this
    if (!pass.errors || res.headersSent || hasGone(req, res)) {
      this.kept?.release()
      super.onError(error)
    } else {
      this.#passOn(withStatus(error))
    }
  }

  get awaitsBody () {
    return this.kept?.reading === true || super.awaitsBody
  }
}

/**
 * Frameworks take the status of a response from the error.
 * @param {any} error
 */
export function withStatus (error) {
  if (error instanceof Error && Object.isExtensible(error)) {
    const status = httpStatus(error)
    Object.assign(error, { status, statusCode: status })
  }
  return error
}
