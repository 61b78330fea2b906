/**
 * Attaches handlers to a server: a handler gets the requests and WebSockets below its prefix, and
 * the listeners that the server had before get all others.
 */

import { isBelow, withoutOrigin } from '../message/mount.js'
import { watchSession } from './http2-sessions.js'
import { handBack } from './upgrade-request.js'

/**
 * @typedef {import('./incoming-head.js').Arrival} Arrival
 * @typedef {object} Endpoint the functions by which a handler takes what arrives. One that has not
 *   all of them leaves the rest to other endpoints and listeners.
 * @property {(req: any, res: any, arrival: Arrival) => void} [listen]
 * @property {(req: any, socket: any, head: Buffer, arrival: Arrival) => void} [upgrade]
 * @property {(req: any, res: any, arrival: Arrival) => void} [connect]
 */

/**
 * @typedef {object} Route
 * @property {Arrival & { mount: string }} arrival
 * @property {Endpoint} endpoint
 * @property {object} owner the handler, which takes its routes away together
 */

/** @type {WeakMap<object, Router>} */
const routers = new WeakMap()

/**
 * The last route with a mount and the same functions replaces those before.
 * @param {any} server of node:http, https or http2
 * @param {Route} route
 */
export function attach (server, route) {
  let router = routers.get(server)
  if (router === undefined) routers.set(server, router = new Router(server))
  router.add(route)
}

/**
 * Takes every route of an owner away. With the last route, the server is as it was before.
 * @param {any} server
 * @param {object} owner
 */
export function detach (server, owner) {
  const router = routers.get(server)
  if (router?.remove(owner) === 0) routers.delete(server)
}

/** @typedef {(req: any, peer: any, more: any) => void} Listener */

class Router {
  /** @type {Route[]} the longest first */
  #routes = []

  /** @type {Map<string, { listener: Listener, others: Function[] }>} by the event */
  #taken = new Map()

  /** @type {WeakMap<Function, Function>} what the server would have without the guard */
  #guarded = new WeakMap()

  /** @param {any} server */
  constructor (server) {
    this.server = server
  }

  /** @param {Route} route */
  add (route) {
    const { arrival, endpoint } = route
    const isSame = (/** @type {Route} */ other) => other.arrival.mount === arrival.mount &&
      Object.keys(other.endpoint).join() === Object.keys(endpoint).join()
    this.#routes = this.#routes.filter((other) => !isSame(other))
    this.#routes.push(route)
    this.#routes.sort((a, b) => b.arrival.mount.length - a.arrival.mount.length)
    if (endpoint.listen !== undefined) this.#takeRequests()
    if (endpoint.upgrade !== undefined) this.#takeUpgrades()
    if (endpoint.connect !== undefined && this.#isHttp2) this.#takeConnects()
  }

  /**
   * @param {object} owner
   * @returns {number} how many routes are left
   */
  remove (owner) {
    this.#routes = this.#routes.filter((route) => route.owner !== owner)
    if (this.#routes.length === 0) this.#giveBack()
    return this.#routes.length
  }

  get #isHttp2 () {
    return typeof this.server.updateSettings === 'function'
  }

  #takeRequests () {
    const { server } = this
    this.#takeOver('request', 'listen',
      (req, res, { arrival, endpoint }) => endpoint.listen?.(req, res, arrival),
      (req, res) => {
        res.statusCode = 404
        res.end('Not Found\n')
      })
    this.#takeOver('checkContinue', 'listen',
      (req, res, { arrival, endpoint }) =>
        endpoint.listen?.(req, res, { ...arrival, keepsBody: true }),
      (req, res) => {
        res.writeContinue()
        server.emit('request', req, res)
      })
  }

  #takeUpgrades () {
    this.#takeOver('upgrade', 'upgrade',
      (req, socket, { arrival, endpoint }, head) => endpoint.upgrade?.(req, socket, head, arrival),
      handBack)
    if (!this.server.listeners('newListener').includes(this.#onNewListener)) {
      this.server.on('newListener', this.#onNewListener)
    }
  }

  /** @param {string | symbol} event */
  #onNewListener = (event) => {
    if (event === 'upgrade') process.nextTick(() => this.#guardLater())
  }

  /**
   * A WebSocket has one owner, so listeners that come later get the others only. Next.js adds its
   * own with its first request, and ends the WebSockets whose path has a route. Listeners that are
   * put in front of this one observe, and get all.
   */
  #guardLater () {
    const { server } = this
    const taken = this.#taken.get('upgrade')
    if (taken === undefined) return
    const all = server.rawListeners('upgrade')
    const first = all.indexOf(taken.listener) + 1
    if (all.slice(first).every((/** @type {any} */ one) => this.#guarded.has(one))) return
    server.removeAllListeners('upgrade')
    all.forEach((/** @type {any} */ one, /** @type {number} */ i) => {
      server.on('upgrade', i < first || this.#guarded.has(one) ? one : this.#guard(one))
    })
  }

  /** @param {any} one a listener for upgrades */
  #guard (one) {
    /** @type {Listener} */
    const guard = (req, socket, head) => {
      if (this.#find(req, 'upgrade') === undefined) one.call(this.server, req, socket, head)
    }
    this.#guarded.set(guard, one)
    // It can be removed by its own name, as what once() adds.
    return Object.assign(guard, { listener: one.listener ?? one })
  }

  /** Over HTTP/2, a WebSocket arrives as CONNECT with a :protocol (RFC 8441). */
  #takeConnects () {
    const { server } = this
    if (this.#taken.has('connect')) return
    server.updateSettings({ enableConnectProtocol: true })
    server.on('session', watchSession)
    this.#takeOver('connect', 'connect',
      (req, res, { arrival, endpoint }) => endpoint.connect?.(req, res, arrival),
      (req, res) => {
        if (req.httpVersionMajor !== 2) return res.destroy()
        res.statusCode = 404
        res.end()
      })
  }

  /**
   * @param {string} event
   * @param {keyof Endpoint} method of the endpoints that want the event
   * @param {(req: any, peer: any, route: Route, more: any) => void} onRoute below a prefix
   * @param {Listener} onNone not below any prefix, and no other listener
   */
  #takeOver (event, method, onRoute, onNone) {
    if (this.#taken.has(event)) return
    const { server } = this
    const others = server.rawListeners(event)
    /** @type {Listener} */
    const listener = (req, peer, more) => {
      const route = this.#find(req, method)
      if (route !== undefined) onRoute(req, peer, route, more)
      else if (others.length > 0) for (const other of others) other.call(server, req, peer, more)
      // The server calls listeners that were added later itself.
      else if (server.listenerCount(event) === 1) onNone(req, peer, more)
    }
    server.removeAllListeners(event)
    server.on(event, listener)
    this.#taken.set(event, { listener, others })
  }

  /** Puts back the listeners that the server had before, in front of those that it got later. */
  #giveBack () {
    const { server } = this
    server.off('newListener', this.#onNewListener)
    for (const [event, { listener, others }] of this.#taken) {
      const later = server.rawListeners(event).filter((/** @type {any} */ one) => one !== listener)
        .map((/** @type {Function} */ one) => this.#guarded.get(one) ?? one)
      server.removeAllListeners(event)
      for (const one of [...others, ...later]) server.on(event, one)
    }
    if (this.#taken.has('connect')) {
      server.updateSettings({ enableConnectProtocol: false })
      server.off('session', watchSession)
    }
    this.#taken.clear()
  }

  /**
   * @param {any} req
   * @param {keyof Endpoint} method
   */
  #find (req, method) {
    if (typeof req.url !== 'string') return undefined
    const url = withoutOrigin(req.url)
    return this.#routes.find(({ arrival, endpoint }) =>
      endpoint[method] !== undefined && isBelow(url, arrival.mount))
  }
}
