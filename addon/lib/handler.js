/**
 * The public class: turns requests of every kind into streams for the pool.
 */

import { EventEmitter } from 'node:events'
import { STATUS_CODES } from 'node:http'
import { Readable } from 'node:stream'

import { attach } from './http/attach.js'
import { loadBinding } from './binding.js'
import { waitForResponse, waitForWorker } from './supervisor/blocking.js'
import { parseBody } from './stream/request-body.js'
import { BlockingStream, BufferedStream } from './stream/buffered-stream.js'
import { InvalidOptionError, InvalidRequestError } from './errors.js'
import { encodeHead, encodeSocketHead } from './message/head.js'
import { parsePrefix } from './message/mount.js'
import { createListener } from './http/listener.js'
import { findPython } from './supervisor/interpreter.js'
import { parseOptions } from './options.js'
import { guard, guardLogger } from './util/guard.js'
import { Pool } from './pool/pool.js'
import { pythonEnvironment } from './supervisor/python-environment.js'
import { PythonLog } from './supervisor/python-log.js'
import { StreamingStream } from './stream/streaming-stream.js'
import { Request, markSent } from './message/request.js'
import { isRepeatable } from './stream/request-stream.js'
import { Supervisor } from './supervisor/supervisor.js'
import { MAX_TIMEOUT } from './util/deadline.js'
import { ConnectionStream } from './websocket/connection.js'
import { createUpgrade } from './websocket/upgrade.js'

/** @typedef {import('./message/request.js').RequestOptions} RequestOptions */
/** @typedef {RequestOptions | Request | globalThis.Request} AnyRequest */
/** @typedef {import('./message/head.js').SocketRequest} SocketRequest */
/** @typedef {import('./stream/request-stream.js').RequestLimits} RequestLimits */

/** @type {RequestLimits} */
const NO_LIMITS = Object.freeze({})

/** The web's Response refuses a body with these statuses. */
const NULL_BODY = new Set([101, 204, 205, 304])

/** types/handler.d.ts declares it for users. */
export class PythonHandler extends EventEmitter {
  /** @type {import('./options.js').Settings} */
  #settings

  /** @type {import('./websocket/connection.js').ConnectionLimits} */
  #connectionLimits

  /** @type {Pool} */
  #pool

  /** @type {Supervisor} */
  #supervisor

  /** @type {PythonLog} */
  #log

  /** @type {Promise<void>} */
  #ready

  /** @type {import('./http/attach.js').Endpoint} */
  #endpoint

  #readyWanted = false

  /** @type {(error: Error | null) => void} */
  #settle = () => {}

  /** @type {Promise<void> | null} */
  #closing = null

  /** Emits an event. What a listener throws is thrown later: the pool has work to do. */
  #tell = guard((/** @type {string} */ event, /** @type {any[]} */ ...args) => {
    this.emit(event, ...args)
  })

  /**
   * @param {object} [options] see options.js
   * @param {{ binding?: import('./binding.js').Binding,
   *   system?: import('./worker/fork-server.js').System }} [parts] replacements, for tests
   */
  constructor (options, parts = {}) {
    super()
    const given = parseOptions(options)
    const settings = this.#settings = { ...given, logger: guardLogger(given.logger) }
    const binding = parts.binding ?? loadBinding()
    this.#connectionLimits = { ...binding.limits, maxMessage: settings.websocket.maxMessage }
    this.#ready = new Promise((resolve, reject) => {
      this.#settle = (error) => error === null ? resolve() : reject(error)
    })
    this.#ready.catch((error) => {
      if (!this.#readyWanted && error.code !== 'ERR_CLOSED') {
        settings.logger.error(`[node-asgi] ${error.message}`)
      }
    })
    this.#log = new PythonLog(settings.logger)
    this.#pool = new Pool(settings)
    const env = pythonEnvironment(process.env, settings.env)
    this.#supervisor = new Supervisor({
      binding,
      settings,
      env,
      python: findPython(settings, env),
      pool: this.#pool,
      system: parts.system,
      owner: {
        onSettled: (error) => this.#settle(error),
        onEvent: (event, details) => this.#tell(event, details),
        onAppError: (error, source) => this.#tell('app:error', error, source),
        onLine: (name, line, level, source) => this.#onLine(name, line, level, source),
        onLastLine: (pid) => this.#log.forget(pid)
      }
    })
    const listen = createListener(this.#pool, binding.limits, settings)
    const { upgrade, connect } = createUpgrade(this.#pool, settings)
    this.#endpoint = { listen, upgrade, connect }
    this.listener = (/** @type {any} */ req, /** @type {any} */ res,
      /** @type {unknown} */ options) => listen(req, res, mounted(options))
    this.upgrade = (/** @type {any} */ req, /** @type {any} */ socket, /** @type {Buffer} */ head,
      /** @type {unknown} */ options) => upgrade(req, socket, head, mounted(options))
    this.#supervisor.start()
  }

  get docroot () {
    return this.#settings.docroot
  }

  /** @returns {Promise<void>} */
  get ready () {
    this.#readyWanted = true
    return this.#ready
  }

  /**
   * @param {any} server of node:http, https or http2
   * @param {{ prefix?: string }} [options]
   */
  attach (server, options) {
    attach(server, this.#endpoint, options)
  }

  /**
   * @param {AnyRequest} request
   * @param {RequestLimits | AbortSignal} [limits]
   * @returns {Promise<import('./message/response.js').Response>}
   */
  handleRequest (request, limits) {
    return new Promise((resolve, reject) => {
      const body = requestBody(request)
      this.#submit(new BufferedStream(requestHead(request, body), body, resolve, reject),
        requestLimits(request, limits), request)
    })
  }

  /**
   * @param {AnyRequest} request
   * @param {RequestLimits | AbortSignal} [limits]
   * @returns {Promise<import('./message/response.js').StreamingResponse>}
   */
  handleStream (request, limits) {
    return new Promise((resolve, reject) => {
      const body = requestBody(request)
      this.#submit(new StreamingStream(requestHead(request, body), body, resolve, reject),
        requestLimits(request, limits), request)
    })
  }

  /**
   * @param {AnyRequest} request without a body, or with a body that is not a stream
   * @returns {import('./message/response.js').Response}
   */
  handleRequestSync (request) {
    const body = requestBody(request)
    if (body instanceof Readable) {
      throw new InvalidRequestError('ERR_INVALID_BODY', 'handleRequestSync() blocks the ' +
        'event loop, which a body that is a stream needs; pass a string or a Buffer, or use ' +
        'handleRequest()')
    }
    /** @type {import('./message/response.js').Response | null} */
    let response = null
    /** @type {Error | null} */
    let failure = null
    const stream = new BlockingStream(requestHead(request, body), body,
      (value) => { response = value }, (error) => { failure = error })
    waitForWorker(this.#supervisor)
    waitForResponse(this.#supervisor, this.#pool.submitNow(stream), stream)
    if (failure !== null) throw failure
    return /** @type {any} */ (response)
  }

  /**
   * @param {string | URL | SocketRequest} request
   * @param {RequestLimits | AbortSignal} [limits]
   * @returns {Promise<import('./websocket/connection.js').WebSocketConnection>}
   */
  connect (request, limits) {
    return new Promise((resolve, reject) => {
      const options = typeof request === 'string' || request instanceof URL
        ? { url: request }
        : request
      const stream = new ConnectionStream(encodeSocketHead(options), String(options.url),
        this.#connectionLimits, resolve, reject)
      if (stream.limit(requestLimits({ url: '' }, limits))) this.#pool.submit(stream)
    })
  }

  /**
   * @param {globalThis.Request} request
   * @param {{ prefix?: string }} [options]
   * @returns {Promise<globalThis.Response>}
   */
  async fetch (request, { prefix } = {}) {
    const sent = prefix === undefined
      ? request
      : Object.assign(new globalThis.Request(request), { prefix })
    const { status, headers, body } = await this.handleStream(sent)
    const init = { status, statusText: STATUS_CODES[status] ?? '', headers: headers.entries() }
    if (!NULL_BODY.has(status) && request.method !== 'HEAD') {
      return new globalThis.Response(
        /** @type {ReadableStream} */ (Readable.toWeb(body)), init)
    }
    body.resume()
    return new globalThis.Response(null, init)
  }

  stats () {
    return this.#supervisor.stats()
  }

  /**
   * @param {{ timeout?: number }} [options]
   * @returns {Promise<void>}
   */
  async reload (options = {}) {
    const { timeout = this.#settings.timeouts.retire } = options
    checkTimeout('timeout', timeout)
    await this.#supervisor.reload(timeout)
  }

  /**
   * @param {{ timeout?: number }} [options]
   * @returns {Promise<void>}
   */
  close (options = {}) {
    const { timeout = this.#settings.timeouts.drain } = options
    checkTimeout('timeout', timeout)
    this.#closing ??= this.#close(timeout)
    return this.#closing
  }

  /** @param {number} budget milliseconds */
  async #close (budget) {
    const end = performance.now() + budget
    // Requests in the queue need some of the time that is left to be answered, too.
    await this.#pool.close(budget / 2)
    await this.#supervisor.close(Math.max(0, end - performance.now()))
  }

  [Symbol.asyncDispose] () {
    return this.close()
  }

  /**
   * @param {import('./stream/request-stream.js').RequestStream} stream
   * @param {RequestLimits} limits
   * @param {{ method?: string, idempotent?: boolean }} request
   */
  #submit (stream, limits, request) {
    stream.repeatable = isRepeatable(request.method, request.idempotent)
    if (limits === NO_LIMITS || stream.limit(limits)) this.#pool.submit(stream)
  }

  /**
   * @param {'stdout' | 'stderr'} name
   * @param {string} line
   * @param {import('./worker/line-reader.js').Level | null} level
   * @param {{ worker: number, pid: number }} source
   */
  #onLine (name, line, level, source) {
    if (this.listenerCount(name) > 0) this.#tell(name, line, { ...source, level })
    else this.#log.line(name, line, level, source)
  }
}

/**
 * @param {AnyRequest} request
 * @returns {import('./stream/request-body.js').Body}
 */
function requestBody (request) {
  if (typeof request !== 'object' || request === null) {
    throw new InvalidRequestError('ERR_INVALID_URL',
      "a request must be an object with a url, for example { method: 'GET', url: '/' }")
  }
  const body = parseBody(request.body)
  if (request instanceof Request) markSent(request)
  return body
}

/**
 * @param {AnyRequest} request
 * @param {import('./stream/request-body.js').Body} body
 */
function requestHead (request, body) {
  let length = -1
  if (body === undefined) length = 0
  else if (body instanceof Uint8Array) length = body.length
  return encodeHead(/** @type {RequestOptions} */ (request), length)
}

/**
 * @param {AnyRequest} request
 * @param {RequestLimits | AbortSignal | undefined} limits
 * @returns {RequestLimits}
 */
function requestLimits (request, limits) {
  // As in @platformatic/python-node.
  if (limits instanceof AbortSignal) return { signal: limits }
  if (limits === undefined) {
    return isWebRequest(request) ? { signal: request.signal } : NO_LIMITS
  }
  const { timeout, signal } = limits
  if (timeout !== undefined) checkTimeout('timeout', timeout)
  if (signal !== undefined && signal !== null && !(signal instanceof AbortSignal)) {
    throw new InvalidOptionError('signal', 'signal must be an AbortSignal')
  }
  if (signal === undefined && isWebRequest(request)) {
    return { timeout, signal: request.signal }
  }
  return limits
}

/**
 * @param {any} options of `listener` and `upgrade`; frameworks pass functions instead
 * @returns {import('./http/incoming-head.js').Arrival | undefined}
 */
function mounted (options) {
  if (typeof options !== 'object' || options === null || options.prefix === undefined) {
    return undefined
  }
  return { prefix: parsePrefix(options.prefix) }
}

/**
 * Whether it is a Request of the web. The tag is checked first because Node loads its fetch, which
 * takes about 30 ms and 9 MB, when the class is named for the first time.
 * @param {any} request
 * @returns {request is globalThis.Request}
 */
function isWebRequest (request) {
  return request[Symbol.toStringTag] === 'Request' && request instanceof globalThis.Request
}

/**
 * @param {string} name
 * @param {unknown} value
 */
function checkTimeout (name, value) {
  if (typeof value !== 'number' || !(value >= 0 && value <= MAX_TIMEOUT)) {
    throw new InvalidOptionError(name,
      `${name} must be a number of milliseconds from 0 to ${MAX_TIMEOUT}, not ${String(value)}`)
  }
}
