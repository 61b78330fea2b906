/**
 * Attaches handlers to a server: a handler gets the requests and WebSockets below its prefix, and
 * the listeners that the server had before get all others.
 */

import { isBelow, parsePrefix, withoutOrigin } from '../message/mount.js'
import { watchSession } from './http2-sessions.js'
import { handBack } from './upgrade-request.js'

/**
 * @typedef {import('./incoming-head.js').Arrival} Arrival
 * @typedef {object} Endpoint the functions by which a handler takes what arrives
 * @property {(req: any, res: any, arrival: Arrival) => void} listen
 * @property {(req: any, socket: any, head: Buffer, arrival: Arrival) => void} upgrade
 * @property {(req: any, res: any, arrival: Arrival) => void} connect
 */

/** @type {WeakMap<object, Router>} */
const routers = new WeakMap()

/**
 * @param {any} server of node:http, https or http2
 * @param {Endpoint} endpoint
 * @param {{ prefix?: string }} [options]
 */
export function attach (server, endpoint, { prefix = '' } = {}) {
  const mount = parsePrefix(prefix)
  let router = routers.get(server)
  if (router === undefined) routers.set(server, router = new Router(server))
  router.add(mount, endpoint)
}

/** @typedef {{ mount: string, endpoint: Endpoint }} Route */

class Router {
  /** @type {Route[]} the longest first */
  #routes = []

  /** @param {any} server */
  constructor (server) {
    this.server = server
    this.#takeOver('request',
      (req, res, { mount, endpoint }) => endpoint.listen(req, res, { mount }),
      (req, res) => {
        res.statusCode = 404
        res.end('Not Found\n')
      })
    this.#takeOver('checkContinue',
      (req, res, { mount, endpoint }) => endpoint.listen(req, res, { mount, keepsBody: true }),
      (req, res) => {
        res.writeContinue()
        server.emit('request', req, res)
      })
    this.#takeOver('upgrade',
      (req, socket, { mount, endpoint }, head) => endpoint.upgrade(req, socket, head, { mount }),
      handBack)
    if (typeof server.updateSettings === 'function') this.#takeOverHttp2(server)
  }

  /**
   * Over HTTP/2, a WebSocket arrives as CONNECT with a :protocol (RFC 8441).
   * @param {any} server
   */
  #takeOverHttp2 (server) {
    server.updateSettings({ enableConnectProtocol: true })
    server.on('session', watchSession)
    this.#takeOver('connect',
      (req, res, { mount, endpoint }) => endpoint.connect(req, res, { mount }),
      (req, res) => {
        if (req.httpVersionMajor !== 2) return res.destroy()
        res.statusCode = 404
        res.end()
      })
  }

  /**
   * @param {string} event
   * @param {(req: any, peer: any, route: Route, more: any) => void} onRoute below a prefix
   * @param {(req: any, peer: any, more: any) => void} onNone not below any prefix, and no other
   *   listener
   */
  #takeOver (event, onRoute, onNone) {
    const { server } = this
    const others = server.listeners(event)
    server.removeAllListeners(event)
    server.on(event, (/** @type {any} */ req, /** @type {any} */ peer, /** @type {any} */ more) => {
      const route = this.#find(req)
      if (route !== undefined) onRoute(req, peer, route, more)
      else if (others.length > 0) for (const other of others) other.call(server, req, peer, more)
      // The server calls listeners that were added later itself.
      else if (server.listenerCount(event) === 1) onNone(req, peer, more)
    })
  }

  /**
   * @param {string} mount
   * @param {Endpoint} endpoint
   */
  add (mount, endpoint) {
    this.#routes = this.#routes.filter((route) => route.mount !== mount)
    this.#routes.push({ mount, endpoint })
    this.#routes.sort((a, b) => b.mount.length - a.mount.length)
  }

  /** @param {any} req */
  #find (req) {
    if (typeof req.url !== 'string') return undefined
    const url = withoutOrigin(req.url)
    return this.#routes.find(({ mount }) => isBelow(url, mount))
  }
}
