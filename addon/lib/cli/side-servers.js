/**
 * What the server shows to operators and not to its users: on an address of its own, or on a path
 * of the server. Settings with the same address share a server.
 */

import { createServer } from 'node:http'
import { isIPv6 } from 'node:net'

import { attach } from '../http/attach.js'
import { withoutOrigin } from '../message/mount.js'
import { ListenError } from './listen.js'

/** @typedef {import('./values.js').Place} Place */
/** @typedef {(req: any, res: any) => void} Listener */

/**
 * @typedef {object} SideServer
 * @property {import('node:http').Server} server
 * @property {Map<string, Listener>} routes by path
 * @property {string} flag that asked for it first
 * @property {{ host: string, port: number }} address
 */

export class SideServers {
  /** @type {Map<string, SideServer>} by address */
  #servers = new Map()

  /** Where everything is, once the servers listen: URLs, and paths of the main server.
   * @type {string[]} */
  places = []

  /**
   * @param {object | null} main the server that the application is attached to; null: nothing is
   *   offered on a path
   */
  constructor (main) {
    this.main = main
  }

  /**
   * @param {string} flag
   * @param {Place} place
   * @param {Record<string, Listener>} routes by path; one that ends with a slash has everything
   *   below it. On a path of the main server, they are below that path, or one that is named like
   *   the path itself is there
   */
  offer (flag, place, routes) {
    if ('path' in place) {
      const folder = place.path.replace(/\/$/, '')
      for (const [route, listener] of Object.entries(routes)) {
        const path = route.replace(/\/$/, '')
        const mount = folder.endsWith(path) ? folder : `${folder}${path}`
        attach(/** @type {object} */ (this.main),
          { arrival: { mount }, endpoint: { listen: listener }, owner: this })
        this.places.push(`${flag} is on the path ${mount}`)
      }
      return
    }
    const { host, port } = place
    const key = `${host} ${port}`
    let side = this.#servers.get(key)
    if (side === undefined) {
      const known = new Map()
      side = { server: createServer(dispatcher(known)), routes: known, flag, address: place }
      this.#servers.set(key, side)
    }
    for (const [path, listener] of Object.entries(routes)) side.routes.set(path, listener)
  }

  /** @throws {ListenError} */
  async listen () {
    for (const side of this.#servers.values()) {
      const url = await listenOn(side)
      for (const path of side.routes.keys()) this.places.push(`${url}${path}`)
    }
  }

  /** Clients that ask do not keep the process waiting. */
  close () {
    for (const { server } of this.#servers.values()) {
      server.close()
      server.closeAllConnections()
    }
  }
}

/**
 * @param {Map<string, Listener>} routes
 * @returns {Listener}
 */
function dispatcher (routes) {
  return (req, res) => {
    const path = withoutOrigin(req.url).split('?', 1)[0]
    const listener = routes.get(path) ?? below(routes, path)
    if (listener !== undefined) return listener(req, res)
    res.statusCode = 404
    res.end(`Not Found. There is ${[...routes.keys()].join(', ')}\n`)
  }
}

/**
 * @param {Map<string, Listener>} routes
 * @param {string} path
 */
function below (routes, path) {
  for (const [route, listener] of routes) {
    if (route.endsWith('/') && `${path}/`.startsWith(route)) return listener
  }
}

/**
 * @param {SideServer} side
 * @returns {Promise<string>} the URL without a path
 */
async function listenOn ({ server, flag, address: { host, port } }) {
  const shown = isIPv6(host) ? `[${host}]` : host
  await /** @type {Promise<void>} */ (new Promise((resolve, reject) => {
    server.once('error', (error) => reject(new ListenError(
      `cannot listen on ${shown}:${port}: ${error.message}; choose another address, for example ` +
      `${flag} ${shown}:${port + 1}`, { cause: error })))
    server.listen({ host, port }, resolve)
  }))
  const bound = /** @type {import('node:net').AddressInfo} */ (server.address())
  return `http://${shown}:${bound.port}`
}
