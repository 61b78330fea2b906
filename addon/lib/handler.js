/**
 * The public class: turns requests of every kind into streams for the pool.
 */

import { EventEmitter } from 'node:events'
import { Readable } from 'node:stream'

import { attach, detach } from './http/attach.js'
import { onClosing } from './http/closing.js'
import { createHealth } from './http/health.js'
import { checkExchange, checkServer, checkUpgrade } from './http/misuse.js'
import { waitForResponse, waitForWorker } from './supervisor/blocking.js'
import { BlockingStream, BufferedStream } from './stream/buffered-stream.js'
import {
  NO_LIMITS, checkTimeout, isSocket, requestContent, requestHead, requestLimits
} from './stream/call.js'
import { InvalidOptionError, InvalidRequestError, remoteUnsupportedError } from './errors.js'
import { checkOptions, describe } from './errors/unknown-key.js'
import { encodeSocketHead, parseMethod } from './message/head.js'
import { parsePrefix } from './message/mount.js'
import { createMiddleware } from './http/middleware.js'
import { checkScope } from './http/node-scope.js'
import { parseOptions } from './options.js'
import { parsePoolSize } from './option-workers.js'
import { Remote } from './remote/remote.js'
import { Service } from './service.js'
import { guard } from './util/guard.js'
import { replaceableLogger } from './util/replaceable-logger.js'
import { sharedObject } from './util/shared.js'
import { StreamingStream } from './stream/streaming-stream.js'
import { Response } from './message/response.js'
import { hidesLength, isIncoming, parseFetch, webResponse } from './message/web.js'
import { isRepeatable } from './stream/request-stream.js'
import { ConnectionStream } from './websocket/connection.js'
import { openRequestSocket } from './websocket/request-socket.js'

/** @typedef {import('./stream/call.js').AnyRequest} AnyRequest */
/** @typedef {import('./message/head.js').SocketRequest} SocketRequest */
/** @typedef {import('./stream/request-stream.js').RequestLimits} RequestLimits */

const TIMEOUT_KEYS = new Set(['timeout'])
const SHARED_KEYS = new Set(['name'])
const ATTACH_KEYS = new Set(['prefix', 'scope'])

/** Ends the processes of handlers that nobody can reach any more. */
const unreachable = new FinalizationRegistry((/** @type {Service} */ service) => service.abandon())

/** The handlers of PythonHandler.shared(), in globalThis. */
const SHARED = Symbol.for('node-asgi.shared')

/**
 * What runs for a handler, for other parts of this package.
 * @type {(handler: any) => Service | undefined} undefined: it is none, or comes from another copy
 *   of this package
 */
export let serviceOf

/** types/handler.d.ts declares it for users. */
export class PythonHandler extends EventEmitter {
  static {
    serviceOf = (handler) =>
      Object(handler) === handler && #service in handler ? handler.#service : undefined
  }

  /** @type {Service} */
  #service

  /** @type {import('./option-types.js').Settings} */
  #settings

  /** @type {Promise<void>} */
  #ready

  #readyWanted = false

  /** @type {ReturnType<typeof createHealth> | null} */
  #health = null

  /** @type {Promise<void> | null} */
  #closing = null

  /** @type {((req: any, res: any) => void) | null} */
  #dashboard = null

  /**
   * @param {object} [options] see options.js
   * @param {import('./service.js').Parts} [parts] for other parts of this package, and for tests
   */
  constructor (options, parts = {}) {
    super()
    const settings = this.#settings = parseOptions(options)
    this.#service = new Service(settings, parts, weakAudience(this))
    this.#ready = this.#service.ready
    this.#ready.catch((error) => {
      if (!this.#readyWanted && error.code !== 'ERR_CLOSED') {
        this.#service.settings.logger.error(`[node-asgi] ${error.message}`)
      }
    })
    // Who has one of these has the handler.
    this.listener = this.#listen.bind(this)
    this.upgrade = this.#upgrade.bind(this)
    this.fetch = this.#fetch.bind(this)
    unreachable.register(this, this.#service, this)
    this.#service.start()
  }

  /**
   * @param {object} [options] see options.js
   * @param {{ name?: string }} [which]
   * @param {import('./service.js').Parts} [parts] for tests
   * @returns {PythonHandler}
   */
  static shared (options, which, parts) {
    checkOptions(which, SHARED_KEYS, 'shared()')
    const settings = parseOptions(options)
    const { docroot, appTarget, logger } = settings
    const { name = `${docroot} ${appTarget}` } = which ?? {}
    if (typeof name !== 'string' || name === '') {
      throw new InvalidOptionError('name', `name must be a non-empty string, not ${describe(name)}`)
    }
    const create = () => {
      const { logger: relay, replace } = replaceableLogger(logger)
      const handler = new PythonHandler({ ...options, logger: relay }, parts)
      return { handler, replace, isOver: () => handler.#closing !== null }
    }
    const end = (/** @type {{ handler: PythonHandler }} */ { handler }) => {
      logger.info(`[node-asgi] the shared handler of ${name} has other options now, so the old ` +
        'one closes')
      handler.close()
    }
    const entry = sharedObject(SHARED, name, comparable(settings, options), { create, end })
    // A module that is evaluated again has made another logger.
    entry.replace(logger)
    return entry.handler
  }

  /** Where to see what happens here, see dashboard/dashboard.js. Loaded on first use. */
  get dashboard () {
    this.#dashboard ??= this.#createDashboard()
    return this.#dashboard
  }

  get docroot () {
    return this.#settings.docroot
  }

  get health () {
    this.#health ??= createHealth(() => this.#service.supervisor)
    return this.#health
  }

  /** @returns {Promise<void>} */
  get ready () {
    this.#readyWanted = true
    return this.#ready
  }

  /**
   * @param {any} req
   * @param {any} res
   * @param {unknown} [options]
   */
  #listen (req, res, options) {
    checkExchange(req, res)
    this.#service.endpoint.listen(req, res, mounted(options))
  }

  /**
   * @param {any} req
   * @param {any} socket
   * @param {Buffer} head
   * @param {unknown} [options]
   */
  #upgrade (req, socket, head, options) {
    checkUpgrade(req, socket)
    this.#service.endpoint.upgrade(req, socket, head, mounted(options))
  }

  #createDashboard () {
    const loading = import('./dashboard/dashboard.js')
      .then(({ createDashboard }) => createDashboard(this.#service))
    loading.catch(() => {}) // each request reports it
    return (/** @type {any} */ req, /** @type {any} */ res) => {
      checkExchange(req, res)
      loading.then((show) => show(req, res)).catch((error) => {
        this.#service.settings.logger.error(`[node-asgi] the dashboard failed: ${error.message}`)
        res.destroy()
      })
    }
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
    attach(server, { arrival, endpoint: this.#service.endpoint, owner: this })
    onClosing(server, this.#service.closing.listener)
  }

  /** @param {any} server that was given to attach(), or whose requests middleware() has served */
  detach (server) {
    checkServer(server)
    detach(server, this)
    this.#service.closing.leave(server)
  }

  /**
   * @param {import('./http/middleware.js').MiddlewareOptions} [options]
   * @returns {import('./http/middleware.js').Middleware}
   */
  middleware (options) {
    return createMiddleware(this.#service.endpoint, this, options)
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
    const { supervisor } = this.#service
    if (supervisor instanceof Remote) {
      throw remoteUnsupportedError('handleRequestSync(), because the network needs the event ' +
        'loop; use handleRequest()')
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
    waitForWorker(supervisor)
    const worker = this.#service.pool.submitNow(stream)
    if (worker !== null) waitForResponse(supervisor, /** @type {any} */ (worker), stream)
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
        this.#service.connectionLimits, resolve, reject)
      stream.keeper = this
      if (stream.limit(requestLimits(options, limits))) this.#service.pool.submit(stream)
    })
  }

  /**
   * @param {any} input
   * @param {any} [init]
   * @returns {Promise<globalThis.Response>}
   */
  async #fetch (input, init) {
    if (isIncoming(input)) return this.#fetchIncoming(input, init)
    const call = await parseFetch(input, init)
    if (isSocket(call.request)) {
      throw new InvalidOptionError('websocket', 'fetch() opens no WebSocket; use connect(), or ' +
        'handleStream()')
    }
    return webResponse(await this.handleStream(call.request, { signal: call.signal }), call)
  }

  /**
   * @param {import('./http/incoming-head.js').Incoming} req
   * @param {any} [init]
   * @returns {Promise<globalThis.Response>}
   */
  async #fetchIncoming (req, init) {
    const { relay } = await import('./http/relayed-request.js')
    return relay(req, init, this.#settings,
      (stream, limits) => this.#submit(stream, limits, { method: req.method }))
  }

  stats () {
    return this.#service.supervisor.stats()
  }

  /**
   * @param {{ timeout?: number }} [options]
   * @returns {Promise<void>}
   */
  async reload (options) {
    checkOptions(options, TIMEOUT_KEYS, 'reload()')
    const { timeout = this.#settings.timeouts.retire } = options ?? {}
    checkTimeout('timeout', timeout)
    await this.#service.supervisor.reload(timeout)
  }

  /**
   * @param {number | { min?: number, max?: number, idle?: number }} workers
   * @returns {Promise<void>}
   */
  async resize (workers) {
    const { supervisor } = this.#service
    await supervisor.resize(parsePoolSize(workers, 'workers', supervisor.size))
  }

  /**
   * @param {{ timeout?: number }} [options]
   * @returns {Promise<void>}
   */
  close (options) {
    checkOptions(options, TIMEOUT_KEYS, 'close()')
    const { timeout = this.#service.closing.left() } = options ?? {}
    checkTimeout('timeout', timeout)
    unreachable.unregister(this)
    this.#closing ??= this.#service.close(timeout)
    return this.#closing
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
    stream.keeper = this
    stream.repeatable = isRepeatable(parseMethod(request.method), request.idempotent)
    if (limits === NO_LIMITS || stream.limit(limits)) this.#service.pool.submit(stream)
  }
}

/**
 * @param {import('./options.js').Settings} settings
 * @param {any} options that they were made from
 * @returns {object} equal for equal options
 */
function comparable (settings, options) {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => name !== 'logger')
    .map(([name, value]) => [name, typeof value === 'function' ? options[name] : value]))
}

/**
 * Those who listen to a handler, as its processes see them. The event loop holds the processes, so
 * a handler that they held would never be unreachable.
 * @param {EventEmitter} handler
 * @returns {import('./service.js').Audience}
 */
function weakAudience (handler) {
  const weak = new WeakRef(handler)
  return {
    // What a listener throws is thrown later: the pool has work to do.
    handler: () => weak.deref(),
    tell: guard((event, ...args) => { weak.deref()?.emit(event, ...args) }),
    listensTo: (event) => (weak.deref()?.listenerCount(event) ?? 0) > 0
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
