/**
 * The public class: turns requests of every kind into streams for the pool.
 */

import { EventEmitter } from 'node:events'
import { Readable } from 'node:stream'

import { attach, detach } from './http/attach.js'
import { createClosing, onClosing } from './http/closing.js'
import { checkExchange, checkServer, checkUpgrade } from './http/misuse.js'
import { loadBinding } from './binding.js'
import { waitForResponse, waitForWorker } from './supervisor/blocking.js'
import { BlockingStream, BufferedStream } from './stream/buffered-stream.js'
import {
  NO_LIMITS, checkTimeout, isSocket, requestContent, requestHead, requestLimits
} from './stream/call.js'
import { InvalidOptionError, InvalidRequestError } from './errors.js'
import { checkOptions } from './errors/unknown-key.js'
import { encodeSocketHead, parseMethod } from './message/head.js'
import { parsePrefix } from './message/mount.js'
import { createListener } from './http/listener.js'
import { createMiddleware } from './http/middleware.js'
import { checkScope } from './http/node-scope.js'
import { chooseInterpreter } from './interpreter/choose.js'
import { parseOptions } from './options.js'
import { guard, guardLogger } from './util/guard.js'
import { Pool } from './pool/pool.js'
import { pythonEnvironment } from './supervisor/python-environment.js'
import { PythonLog } from './supervisor/python-log.js'
import { StreamingStream } from './stream/streaming-stream.js'
import { Response } from './message/response.js'
import { hidesLength, parseFetch, webResponse } from './message/web.js'
import { isRepeatable } from './stream/request-stream.js'
import { Supervisor } from './supervisor/supervisor.js'
import { ConnectionStream } from './websocket/connection.js'
import { createUpgrade } from './websocket/upgrade.js'
import { openRequestSocket } from './websocket/request-socket.js'

/** @typedef {import('./stream/call.js').AnyRequest} AnyRequest */
/** @typedef {import('./message/head.js').SocketRequest} SocketRequest */
/** @typedef {import('./stream/request-stream.js').RequestLimits} RequestLimits */

const TIMEOUT_KEYS = new Set(['timeout'])
const ATTACH_KEYS = new Set(['prefix', 'scope'])

/** types/handler.d.ts declares it for users. */
export class PythonHandler extends EventEmitter {
  /** @type {import('./option-types.js').HandlerSettings} */
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

  /** @type {Required<import('./http/attach.js').Endpoint>} */
  #endpoint

  /** @type {import('./http/closing.js').Closing} */
  #serverClosing

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
   *   system?: import('./worker/fork-server.js').System,
   *   preparation?: import('./option-types.js').Preparation }} [parts] for other parts of this
   *   package, and replacements for tests
   */
  constructor (options, parts = {}) {
    super()
    const given = parseOptions(options)
    const settings = this.#settings =
      { ...given, preparation: parts.preparation, logger: guardLogger(given.logger) }
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
    const env = pythonEnvironment(process.env, settings.env, settings.isolation)
    this.#supervisor = new Supervisor({
      binding,
      settings,
      env,
      interpreter: chooseInterpreter(settings, { ...process.env, ...settings.env }),
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
    this.#serverClosing = createClosing(this.#pool, settings.timeouts.drain)
    const { listener } = this.#serverClosing
    const listen = createListener(this.#pool, binding.limits, settings, listener)
    const { upgrade, connect } = createUpgrade(this.#pool, settings, listener)
    this.#endpoint = { listen, upgrade, connect }
    this.listener = (/** @type {any} */ req, /** @type {any} */ res,
      /** @type {unknown} */ options) => {
      checkExchange(req, res)
      listen(req, res, mounted(options))
    }
    this.upgrade = (/** @type {any} */ req, /** @type {any} */ socket, /** @type {Buffer} */ head,
      /** @type {unknown} */ options) => {
      checkUpgrade(req, socket)
      upgrade(req, socket, head, mounted(options))
    }
    this.fetch = (/** @type {any} */ input, /** @type {any} */ init) => this.#fetch(input, init)
    if (settings.isolation.node) binding.protect()
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
   * @param {{ prefix?: string, scope?: unknown }} [options]
   */
  attach (server, options) {
    checkServer(server)
    checkOptions(options, ATTACH_KEYS, 'attach()')
    const { prefix = '', scope } = options ?? {}
    const arrival = { mount: parsePrefix(prefix), scope: checkScope(scope) }
    attach(server, { arrival, endpoint: this.#endpoint, owner: this })
    onClosing(server, this.#serverClosing.listener)
  }

  /** @param {any} server that was given to attach(), or whose requests middleware() has served */
  detach (server) {
    checkServer(server)
    detach(server, this)
    this.#serverClosing.leave(server)
  }

  /**
   * @param {import('./http/middleware.js').MiddlewareOptions} [options]
   * @returns {import('./http/middleware.js').Middleware}
   */
  middleware (options) {
    return createMiddleware(this.#endpoint, this, options)
  }

  /**
   * @param {AnyRequest} request
   * @param {RequestLimits | AbortSignal} [limits]
   * @returns {Promise<import('./message/response.js').Response>}
   */
  handleRequest (request, limits) {
    if (hidesLength(request)) return this.#withLength('handleRequest', request, limits)
    if (isSocket(request)) return this.#collectSocket(request, limits)
    return new Promise((resolve, reject) => {
      const content = requestContent(request)
      const head = requestHead(request, content)
      this.#submit(new BufferedStream(head, content.body, resolve, reject),
        requestLimits(request, limits), request)
    })
  }

  /**
   * @param {AnyRequest} request
   * @param {RequestLimits | AbortSignal} [limits]
   * @returns {Promise<import('./message/response.js').StreamingResponse>}
   */
  handleStream (request, limits) {
    if (hidesLength(request)) return this.#withLength('handleStream', request, limits)
    if (isSocket(request)) return this.#openSocket(request, limits)
    return new Promise((resolve, reject) => {
      const content = requestContent(request)
      const head = requestHead(request, content)
      this.#submit(new StreamingStream(head, content.body, resolve, reject),
        requestLimits(request, limits), request)
    })
  }

  /**
   * @param {AnyRequest} request without a body, or with a body that is not a stream
   * @param {undefined} [limits]
   * @returns {import('./message/response.js').Response}
   */
  handleRequestSync (request, limits) {
    if (limits !== undefined && limits !== null) {
      throw new InvalidOptionError('limits',
        'handleRequestSync() takes no limits; use handleRequest() for a signal or a timeout')
    }
    const content = requestContent(request)
    const { body } = content
    if (body instanceof Readable) {
      throw new InvalidRequestError('ERR_INVALID_BODY', 'handleRequestSync() blocks the ' +
        'event loop, which a body that is a stream needs; pass a string or a Buffer, or use ' +
        'handleRequest()')
    }
    /** @type {import('./message/response.js').Response | null} */
    let response = null
    /** @type {Error | null} */
    let failure = null
    const stream = new BlockingStream(requestHead(request, content), body,
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
   * @param {any} input
   * @param {any} init
   * @returns {Promise<globalThis.Response>}
   */
  async #fetch (input, init) {
    const call = await parseFetch(input, init)
    if (isSocket(call.request)) {
      throw new InvalidOptionError('websocket', 'fetch() opens no WebSocket; use connect(), or ' +
        'handleStream()')
    }
    return webResponse(await this.handleStream(call.request, { signal: call.signal }), call)
  }

  stats () {
    return this.#supervisor.stats()
  }

  /**
   * @param {{ timeout?: number }} [options]
   * @returns {Promise<void>}
   */
  async reload (options) {
    checkOptions(options, TIMEOUT_KEYS, 'reload()')
    const { timeout = this.#settings.timeouts.retire } = options ?? {}
    checkTimeout('timeout', timeout)
    await this.#supervisor.reload(timeout)
  }

  /**
   * @param {{ timeout?: number }} [options]
   * @returns {Promise<void>}
   */
  close (options) {
    checkOptions(options, TIMEOUT_KEYS, 'close()')
    const { timeout = this.#serverClosing.left() } = options ?? {}
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
   * @param {AnyRequest} request
   * @param {RequestLimits | AbortSignal} [limits]
   */
  #openSocket (request, limits) {
    return openRequestSocket(request, (options) => this.connect(options, limits))
  }

  /**
   * The messages of a WebSocket until it is closed, as one body.
   * @param {AnyRequest} request
   * @param {RequestLimits | AbortSignal} [limits]
   */
  async #collectSocket (request, limits) {
    const { status, headers, body } = await this.#openSocket(request, limits)
    return new Response({ status, headers, body: Buffer.concat(await body.toArray()) })
  }

  /**
   * @param {'handleRequest' | 'handleStream'} method
   * @param {AnyRequest} request
   * @param {RequestLimits | AbortSignal} [limits]
   * @returns {Promise<any>}
   */
  async #withLength (method, request, limits) {
    const call = await parseFetch(request)
    return this[method](call.request, requestLimits(request, limits))
  }

  /**
   * @param {import('./stream/request-stream.js').RequestStream} stream
   * @param {RequestLimits} limits
   * @param {{ method?: string, idempotent?: boolean }} request
   */
  #submit (stream, limits, request) {
    stream.repeatable = isRepeatable(parseMethod(request.method), request.idempotent)
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
 * @param {any} options of `listener` and `upgrade`; frameworks pass functions instead
 * @returns {import('./http/incoming-head.js').Arrival | undefined}
 */
function mounted (options) {
  if (typeof options !== 'object' || options === null) return undefined
  const { prefix, scope } = options
  if (prefix === undefined && scope === undefined) return undefined
  return { prefix: prefix === undefined ? prefix : parsePrefix(prefix), scope: checkScope(scope) }
}
