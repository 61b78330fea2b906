/**
 * The endpoints of a remote application: finds them by their names, again from time to time, and
 * keeps an eye on them.
 */

import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'

import { Endpoint } from './endpoint.js'
import { removedError, unreachableError } from './failure.js'

/** @typedef {import('../option-remote.js').Address} Address */
/** @typedef {import('./endpoint.js').EndpointOwner} EndpointOwner */
/** @typedef {import('../stream/request-stream.js').RequestStream} RequestStream */

/**
 * What the owner of a fleet implements.
 * @typedef {object} FleetOwner
 * @property {(endpoint: Endpoint) => void} onAvailable
 * @property {(endpoint: Endpoint) => void} onUnavailable
 * @property {() => void} onFreed
 * @property {(stream: RequestStream, error: Error, endpoint: Endpoint) => void} onLost
 * @property {(stream: RequestStream) => void} onUnsent
 * @property {(event: string, details: any) => void} onEvent
 * @property {(error: Error) => void} onOutage no endpoint can be used
 */

/** @implements {EndpointOwner} */
export class Fleet {
  /** @type {Map<string, Endpoint>} by address and IP address */
  #endpoints = new Map()

  /** @type {Set<Endpoint>} those that finish what they have */
  #leaving = new Set()

  /** @type {NodeJS.Timeout[]} */
  #timers = []

  /** @type {Map<Address, Error>} names that could not be resolved */
  #unresolved = new Map()

  #lastId = 0
  #isClosed = false

  /** @type {Promise<void> | null} */
  #resolving = null

  /**
   * @param {import('../options.js').Settings} settings
   * @param {FleetOwner} owner
   * @param {typeof lookup} [resolve]
   */
  constructor (settings, owner, resolve = lookup) {
    this.settings = settings
    this.remote = /** @type {import('../option-remote.js').RemoteSettings} */ (settings.remote)
    this.logger = settings.logger
    this.owner = owner
    this.resolve = resolve
  }

  /** All that may have requests. */
  get endpoints () { return [...this.#endpoints.values(), ...this.#leaving] }

  start () {
    this.#refresh()
    const { resolveInterval, healthPath, healthInterval, addresses } = this.remote
    if (addresses.some(isName)) {
      this.#timers.push(setInterval(() => this.#refresh(), resolveInterval))
    }
    if (healthPath !== undefined) {
      this.#timers.push(setInterval(() => this.#checkAll(), healthInterval))
    }
    for (const timer of this.#timers) timer.unref()
  }

  #checkAll () {
    for (const endpoint of this.#endpoints.values()) {
      // Those that are out are looked at in their own time.
      if (endpoint.state !== 'out') endpoint.check()
    }
  }

  /** Looks up the names. All calls in the meantime share the answer. */
  #refresh () {
    this.#resolving ??= this.#resolveAll().finally(() => { this.#resolving = null })
    return this.#resolving
  }

  async #resolveAll () {
    await Promise.all(this.remote.addresses.map((address) => this.#resolveOne(address)))
    this.#judge()
  }

  /** @param {Address} address */
  async #resolveOne (address) {
    try {
      const hosts = isName(address)
        ? (await this.resolve(address.hostname, { all: true })).map((each) => each.address)
        : [address.hostname]
      if (this.#isClosed) return
      if (this.#unresolved.delete(address)) {
        this.logger.info(`[node-asgi] ${address.url} can be resolved again`)
      }
      this.#take(address, hosts)
    } catch (error) {
      if (this.#isClosed || this.#unresolved.has(address)) return
      const failure = unreachableError(address.url, error)
      this.#unresolved.set(address, failure)
      this.logger.warn(`[node-asgi] ${failure.message}`)
    }
  }

  /**
   * @param {Address} address
   * @param {string[]} hosts its addresses now
   */
  #take (address, hosts) {
    const keys = new Map(hosts.map((host) => [`${address.url} ${host}`, host]))
    for (const [key, endpoint] of this.#endpoints) {
      if (endpoint.address === address && !keys.has(key)) this.#remove(key, endpoint)
    }
    for (const [key, host] of keys) {
      if (this.#endpoints.has(key)) continue
      const endpoint = new Endpoint(++this.#lastId, address, host, this.remote,
        this.settings.websocket.maxMessage, this)
      this.#endpoints.set(key, endpoint)
      this.owner.onEvent('endpoint:added', this.#describe(endpoint))
      endpoint.check()
    }
  }

  /**
   * @param {string} key
   * @param {Endpoint} endpoint
   */
  #remove (key, endpoint) {
    this.#endpoints.delete(key)
    this.#leaving.add(endpoint)
    this.owner.onEvent('endpoint:removed', this.#describe(endpoint))
    endpoint.leave(this.settings.timeouts.retire, removedError(endpoint.name))
      .finally(() => this.#leaving.delete(endpoint))
  }

  /** @param {Endpoint} endpoint */
  #describe ({ id, name }) {
    return { endpoint: id, url: name }
  }

  /** Whether any endpoint is left that can be used. */
  #judge () {
    if (this.#isClosed) return
    let last = this.#unresolved.values().next().value
    for (const { state, error } of this.#endpoints.values()) {
      if (state !== 'out') return
      last = error ?? last
    }
    if (last !== undefined) this.owner.onOutage(last)
  }

  // ---- what an endpoint reports

  /** @param {Endpoint} endpoint */
  isLast (endpoint) {
    for (const each of this.#endpoints.values()) {
      if (each !== endpoint && each.isAvailable) return false
    }
    return true
  }

  /** @param {Endpoint} endpoint */
  onAvailable (endpoint) { this.owner.onAvailable(endpoint) }

  /** @param {Endpoint} endpoint */
  onUnavailable (endpoint) { this.owner.onUnavailable(endpoint) }

  onFreed () { this.owner.onFreed() }

  /**
   * @param {RequestStream} stream
   * @param {Error} error
   * @param {Endpoint} endpoint
   */
  onLost (stream, error, endpoint) { this.owner.onLost(stream, error, endpoint) }

  /** @param {RequestStream} stream */
  onUnsent (stream) { this.owner.onUnsent(stream) }

  /**
   * @param {Endpoint} endpoint
   * @param {Error} error
   */
  onEjected (endpoint, error) {
    const { delay } = endpoint
    this.logger.warn(`[node-asgi] ${endpoint.name} gets no requests, and is looked at again in ` +
      `${delay} ms: ${error.message}`)
    this.owner.onEvent('endpoint:ejected', { ...this.#describe(endpoint), error, delay })
    this.#judge()
    // Its name may have another address by now.
    if (isName(endpoint.address)) this.#refresh()
  }

  /** @param {Endpoint} endpoint */
  onRecovered (endpoint) {
    this.logger.info(`[node-asgi] ${endpoint.name} gets requests again`)
    this.owner.onEvent('endpoint:recovered', this.#describe(endpoint))
  }

  // ---- closing

  /**
   * @param {number} budget milliseconds
   * @param {Error} cutOff that requests fail with which take longer
   * @param {Error} closed that WebSockets end with
   */
  async close (budget, cutOff, closed) {
    this.#isClosed = true
    for (const timer of this.#timers) clearInterval(timer)
    const { endpoints } = this
    for (const endpoint of endpoints) endpoint.cancelSockets(closed)
    await Promise.all(endpoints.map((endpoint) => endpoint.leave(budget, cutOff)))
  }
}

/** @param {Address} address */
export function isName ({ hostname, socketPath }) {
  return socketPath === '' && isIP(hostname) === 0
}
