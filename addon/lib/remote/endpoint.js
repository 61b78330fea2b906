/**
 * One address of the remote application, in the place of a worker: takes requests from the pool,
 * and knows from what becomes of them whether it should get more (circuit.js).
 */

import { isIP, connect as connectSocket } from 'node:net'

import { RemoteError } from '../errors.js'
import { nameRequest } from '../message/head.js'
import { tls, undici } from '../util/lazy.js'
import { Traffic } from '../worker/traffic.js'
import { Circuit } from './circuit.js'
import { failureError, kindOf, unreachableError } from './failure.js'
import { HttpRequest } from './http-request.js'
import { REMOTE_LIMITS } from './limits.js'
import { outgoing } from './outgoing-head.js'
import { SocketRequest } from './socket-request.js'

/** @typedef {import('../stream/request-stream.js').RequestStream} RequestStream */
/** @typedef {import('./http-request.js').RemoteRequest} RemoteRequest */
/** @typedef {import('../pool/member.js').Member} Member */
/** @typedef {import('../option-remote.js').Address} Address */
/** @typedef {import('../option-remote.js').RemoteSettings} RemoteSettings */

/** Milliseconds that a health check may take. */
const HEALTH_TIMEOUT = 5000

/**
 * What the fleet does when something happens to its endpoint.
 * @typedef {object} EndpointOwner
 * @property {(endpoint: Endpoint) => boolean} isLast whether no other endpoint takes requests
 * @property {(endpoint: Endpoint) => void} onAvailable it takes requests
 * @property {(endpoint: Endpoint) => void} onUnavailable it takes no more requests, for now
 * @property {() => void} onFreed it has room for more requests
 * @property {(stream: RequestStream, error: Error, endpoint: Endpoint) => void} onLost it failed
 *   with the request
 * @property {(stream: RequestStream) => void} onUnsent it has not seen the request
 * @property {(endpoint: Endpoint, error: Error) => void} onEjected
 * @property {(endpoint: Endpoint) => void} onRecovered
 */

/** @implements {Member} */
export class Endpoint {
  /** @type {Set<RemoteRequest>} */
  #requests = new Set()

  /** @type {import('undici').Pool} */
  #client

  /** @type {Circuit} */
  #circuit

  /** @type {NodeJS.Timeout | undefined} */
  #timer

  #isListed = false
  #isLeaving = false
  #isProbing = false

  /** @type {(() => void) | null} */
  #onIdle = null

  /** @type {Error | null} why it is out */
  #error = null

  /**
   * @param {number} id
   * @param {Address} address
   * @param {string} host the IP address to connect to; '': that of the address
   * @param {RemoteSettings} settings
   * @param {number} maxMessage bytes
   * @param {EndpointOwner} owner
   */
  constructor (id, address, host, settings, maxMessage, owner) {
    this.id = id
    this.address = address
    this.settings = settings
    this.maxMessage = maxMessage
    this.owner = owner
    this.host = host
    /** As observers see it: no process of this machine. */
    this.pid = 0
    this.traffic = new Traffic()
    /** Open WebSockets. */
    this.sockets = 0
    this.name = host === '' || host === address.hostname
      ? address.url
      : `${address.url} (${host})`
    const { secure, hostname, authority } = address
    // Without it, undici would take the name from the client's host header.
    const servername = settings.tls.servername ?? (isIP(hostname) === 0 ? hostname : '')
    this.servername = servername
    this.names = { host: authority, servername: secure ? servername || hostname : undefined }
    this.#circuit = new Circuit(settings.eject)
    this.#client = new (undici().Pool)(`${secure ? 'https' : 'http'}://${authority}`, {
      connect: (/** @type {any} */ _, /** @type {any} */ callback) => this.#dial(callback),
      pipelining: 1,
      maxHeaderSize: REMOTE_LIMITS.head
    })
  }

  /** Requests in flight, including WebSockets. */
  get inFlight () { return this.#requests.size }

  /** @returns {'connecting' | 'up' | 'out' | 'trial' | 'leaving'} */
  get state () {
    if (this.#isLeaving) return 'leaving'
    const { state } = this.#circuit
    return state === 'new' ? 'connecting' : state
  }

  get error () { return this.#error }

  /** Whether it takes requests. */
  get isAvailable () { return this.#isListed }

  /** @returns {RequestStream[]} */
  streams () {
    return Array.from(this.#requests, ({ stream }) => stream)
  }

  // ---- connections

  /**
   * @returns {import('node:net').Socket} which connects, and reports errors as any other
   */
  connect () {
    const { address: { secure, socketPath, hostname, port }, host } = this
    const target = socketPath === ''
      ? { host: host || hostname, port, autoSelectFamily: false }
      : { path: socketPath }
    const socket = secure
      ? tls().connect({
        ...target,
        ...this.settings.tls.context,
        // TLS has no names for addresses. The certificate is checked against the address then.
        servername: this.servername || undefined,
        ALPNProtocols: ['http/1.1']
      })
      : connectSocket(target)
    socket.setNoDelay(true)
    return socket
  }

  /** @param {(error: Error | null, socket: import('node:net').Socket | null) => void} callback */
  #dial (callback) {
    const socket = this.connect()
    const { connectTimeout } = this.settings
    const timer = setTimeout(() => socket.destroy(
      Object.assign(new Error(`no connection within ${connectTimeout} ms`), { code: 'ETIMEDOUT' })),
    connectTimeout)
    const failed = (/** @type {Error} */ error) => {
      clearTimeout(timer)
      callback(error, null)
    }
    socket.once('error', failed)
    socket.once(this.address.secure ? 'secureConnect' : 'connect', () => {
      clearTimeout(timer)
      socket.off('error', failed)
      callback(null, socket)
    })
  }

  /**
   * Whether it answers: its health check, or else a connection.
   * @returns {Promise<Error | null>} why not
   */
  async probe () {
    const { healthPath } = this.settings
    try {
      if (healthPath === undefined) await this.#tryConnection()
      else await this.#checkHealth(healthPath)
      return null
    } catch (error) {
      return error instanceof RemoteError ? error : unreachableError(this.name, error)
    }
  }

  /** @returns {Promise<void>} */
  #tryConnection () {
    return new Promise((resolve, reject) => {
      this.#dial((error, socket) => {
        if (error !== null) return reject(error)
        socket?.on('error', () => {})
        socket?.destroy()
        resolve()
      })
    })
  }

  /** @param {string} path */
  async #checkHealth (path) {
    /** @type {import('undici').Dispatcher.RequestOptions & { servername?: string }} */
    const options = {
      method: 'GET',
      path,
      headers: { host: this.names.host },
      servername: this.names.servername,
      signal: AbortSignal.timeout(HEALTH_TIMEOUT)
    }
    const { statusCode, body } = await this.#client.request(options)
    await body.dump()
    if (statusCode < 400) return
    throw new RemoteError('ERR_REMOTE_UNREACHABLE', `the health check of ${this.name} answers ` +
      `with status ${statusCode}`, { endpoint: this.name })
  }

  // ---- its health

  /** Looks whether it answers, and goes on looking as long as it does not. */
  async check () {
    if (this.#isProbing || this.#isLeaving) return
    this.#isProbing = true
    const error = await this.probe()
    this.#isProbing = false
    if (this.#isLeaving) return
    if (error === null) this.#reached()
    else this.#refused(error)
  }

  #reached () {
    const before = this.#circuit.state
    this.#circuit.reached(performance.now())
    const { state } = this.#circuit
    if (state === before) return
    if (state === 'up') this.#recovered(before)
    this.#update()
  }

  /** @param {Error} error */
  #refused (error) {
    const { state } = this.#circuit
    if (state === 'out') {
      this.#circuit.stillOut()
      this.#error = error
      this.#checkLater()
    } else if (this.#circuit.refused()) {
      this.#ejected(error)
    }
  }

  /** @param {Error} error */
  #ejected (error) {
    this.#error = error
    this.#checkLater()
    this.#update()
    this.owner.onEjected(this, error)
  }

  /** How long it is out, in milliseconds. */
  get delay () { return this.#circuit.delay }

  #checkLater () {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.check(), this.delay)
    this.#timer.unref()
  }

  /** @param {import('./circuit.js').CircuitState} before */
  #recovered (before) {
    this.#error = null
    if (before !== 'new') this.owner.onRecovered(this)
  }

  /** Tells the owner whether it takes requests, if that has changed. */
  #update () {
    const { state } = this.#circuit
    const isWanted = !this.#isLeaving &&
      (state === 'up' || (state === 'trial' && this.#requests.size === 0))
    if (isWanted === this.#isListed) return
    this.#isListed = isWanted
    if (isWanted) this.owner.onAvailable(this)
    else this.owner.onUnavailable(this)
  }

  // ---- requests

  /**
   * Sends a request. One that cannot be sent fails, and nothing else does.
   * @param {RequestStream} stream
   */
  send (stream) {
    let head
    try {
      head = outgoing(stream, { basePath: this.address.basePath, host: this.settings.host })
    } catch (error) {
      return stream.fail(/** @type {Error} */ (error))
    }
    const request = stream.isWebSocket
      ? new SocketRequest(/** @type {any} */ (stream), this)
      : new HttpRequest(stream, this)
    this.#requests.add(request)
    this.traffic.requests++
    if (this.#circuit.state === 'trial') this.#update()
    try {
      if (request instanceof SocketRequest) request.send(head, this.#dialing)
      else request.send(this.#client, head, this.names)
    } catch (error) {
      // Of ws, which looks at the names of subprotocols.
      request.destroy()
      stream.fail(failureError('request', error, this.#where(stream)))
    }
  }

  /** @returns {import('./socket-request.js').Dialing} */
  get #dialing () {
    return {
      secure: this.address.secure,
      host: this.names.host,
      maxMessage: this.maxMessage,
      timeout: this.settings.connectTimeout,
      connect: () => this.connect()
    }
  }

  /** @param {RequestStream} stream */
  #where (stream) {
    return { endpoint: this.name, request: nameRequest(stream.head) }
  }

  onReached () {
    this.#reached()
  }

  /**
   * @param {RemoteRequest} request
   * @param {number} wait milliseconds
   */
  onStarted ({ stream }, wait) {
    this.traffic.latency.add(wait)
    if (stream.isWebSocket) this.sockets = this.#countSockets() + 1
    const before = this.#circuit.state
    if (!this.#circuit.succeeded(performance.now())) return
    this.#recovered(before)
    this.#update()
  }

  #countSockets () {
    let count = 0
    for (const { isOpen } of this.#requests) if (isOpen) count++
    return count
  }

  onTimedOut () {
    this.#failed(new RemoteError('ERR_REMOTE_LOST', `${this.name} has not answered in time`,
      { endpoint: this.name }))
  }

  /** @param {Error} error */
  #failed (error) {
    if (this.#circuit.failed(this.owner.isLast(this))) this.#ejected(error)
  }

  /**
   * @param {RemoteRequest} request
   * @param {'answered' | 'aborted'} how
   */
  onEnd (request, how) {
    this.traffic[how]++
    this.#settle(request)
  }

  /**
   * @param {RemoteRequest} request
   * @param {any} cause
   * @param {boolean} wasSent
   */
  onFailed (request, cause, wasSent) {
    const { stream } = request
    const kind = kindOf(cause, wasSent)
    const error = failureError(kind, cause, this.#where(stream))
    if (kind === 'request') this.traffic.failed++
    else this.traffic.lost++
    if (kind === 'unreachable') this.#refused(error)
    else if (kind !== 'request') this.#failed(error)
    this.#settle(request)
    if (kind === 'unreachable') this.owner.onUnsent(stream)
    else if (kind === 'request') stream.fail(error)
    else this.owner.onLost(stream, error, this)
  }

  /** @param {RemoteRequest} request */
  #settle (request) {
    if (!this.#requests.delete(request)) return
    if (this.sockets > 0) this.sockets = this.#countSockets()
    if (this.#circuit.state === 'trial') this.#update()
    if (this.#requests.size === 0) this.#onIdle?.()
    this.owner.onFreed()
  }

  // ---- its end

  /**
   * Takes no more requests, and ends when those that it has have ended.
   * @param {number} timeout milliseconds; Infinity: as long as it takes
   * @param {Error} error that those fail with which take longer
   */
  async leave (timeout, error) {
    this.#isLeaving = true
    clearTimeout(this.#timer)
    this.#update()
    if (this.#requests.size > 0 && timeout > 0) {
      await /** @type {Promise<void>} */ (new Promise((resolve) => {
        const timer = timeout === Infinity ? undefined : setTimeout(resolve, timeout)
        this.#onIdle = () => {
          clearTimeout(timer)
          resolve()
        }
      }))
    }
    for (const { stream } of this.#requests) stream.cancel(error)
    for (const request of this.#requests) request.destroy()
    await this.#client.destroy()
  }

  /** Ends one that has never had requests. */
  async discard () {
    await this.#client.destroy()
  }

  /** @param {Error} error */
  cancelSockets (error) {
    for (const { stream } of this.#requests) if (stream.isWebSocket) stream.cancel(error)
  }

  stats () {
    const { id, name, state, inFlight, sockets, error } = this
    const { failures } = this.#circuit
    return {
      id,
      url: name,
      state,
      inFlight,
      sockets,
      failures,
      error: error?.message ?? null,
      ...this.traffic.summary()
    }
  }
}
