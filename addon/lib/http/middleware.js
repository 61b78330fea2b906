/**
 * Middleware for Express, Connect and their relatives: like the listener, but it can leave requests
 * to the next handler, and it takes WebSockets, too.
 *
 * A WebSocket goes through the same handlers as a request. As long as nothing listens to 'upgrade',
 * Node treats its handshake as an ordinary request. So the first request of a server adds a
 * listener. If it is a handshake itself, it is given to the parser again. The listener gives every
 * handshake to the server's listeners for requests, with the socket under kUpgrade.
 */

import { Duplex } from 'node:stream'

import { InvalidOptionError } from '../errors.js'
import { checkOptions, describe } from '../errors/unknown-key.js'
import {
  arrivedBelow, askedUrl, isBelow, locate, parsePrefix, withoutOrigin
} from '../message/mount.js'
import { attach } from './attach.js'
import { checkExchange } from './misuse.js'
import { checkScope } from './node-scope.js'
import { asRequest, headOf, isHandshake } from './upgrade-request.js'

/**
 * @typedef {object} MiddlewareOptions
 * @property {string} [prefix]
 * @property {'respond' | 'next'} [notFound]
 * @property {'respond' | 'next'} [errors]
 * @property {unknown} [scope]
 */

/** @typedef {(req: any, res: any, next?: (error?: any) => void) => void} Middleware */

const KEYS = new Set(['prefix', 'notFound', 'errors', 'scope'])

/**
 * More mounts come from a pattern such as /:tenant, so clients choose them. Then every WebSocket
 * arrives here.
 */
const MAX_MOUNTS = 100

/** The socket and the first bytes of a handshake that goes through the handlers for requests. */
const kUpgrade = Symbol('upgrade')

/** Whether the first handshake of a connection has been given to the parser again. */
const kRepeated = Symbol('repeated')

/**
 * @param {Required<import('./attach.js').Endpoint>} endpoint
 * @param {object} owner the handler
 * @param {MiddlewareOptions} [options]
 * @returns {Middleware}
 */
export function createMiddleware (endpoint, owner, options) {
  checkOptions(options, KEYS, 'middleware()')
  const notFound = passes('notFound', options?.notFound)
  const errors = passes('errors', options?.errors)
  const scope = checkScope(options?.scope)
  const prefix = options?.prefix === undefined ? undefined : parsePrefix(options.prefix)

  /** @type {WeakMap<object, string[]>} mounts whose WebSockets arrive here, by the server */
  const mounts = new WeakMap()

  /** @param {any} req */
  function learnMount (req) {
    const { server } = req.socket
    if (typeof server?.rawListeners !== 'function') return
    let known = mounts.get(server)
    if (known === undefined) mounts.set(server, known = [])
    const url = withoutOrigin(askedUrl(req))
    if (known.some((mount) => isBelow(url, mount))) return
    const mount = known.length < MAX_MOUNTS
      ? locate(req, withoutOrigin(req.url), prefix).mount
      : ''
    known.push(mount)
    expectUpgrades(server, mount, owner)
  }

  return (req, res, next) => {
    checkExchange(req, res)
    const isNextGiven = typeof next === 'function'
    if (isNextGiven && prefix !== undefined && !arrivedBelow(req, prefix)) return next()
    const arrival = { prefix, scope }
    if (req.httpVersionMajor === 1) {
      const upgrade = req[kUpgrade]
      if (upgrade !== undefined) {
        res.detachSocket(upgrade.socket)
        return endpoint.upgrade(req, upgrade.socket, upgrade.head, arrival)
      }
      learnMount(req)
      if (isHandshake(req) && repeat(req, res)) return
    }
    const isPassing = isNextGiven && (notFound || errors)
    endpoint.listen(req, res, isPassing
      ? { ...arrival, pass: { next, notFound, errors } }
      : arrival)
  }
}

/**
 * Handshakes below a mount go to the server's listeners for requests from now on.
 * @param {any} server
 * @param {string} mount
 * @param {object} owner
 */
export function expectUpgrades (server, mount, owner) {
  attach(server, { arrival: { mount }, endpoint: { upgrade: passOn }, owner })
}

/**
 * Whether a request is a handshake whose socket the parser has released.
 * @param {any} req
 */
export function isUpgrade (req) {
  return req[kUpgrade] !== undefined
}

/**
 * @param {string} option
 * @param {unknown} value
 */
function passes (option, value) {
  if (value === undefined || value === 'respond') return false
  if (value === 'next') return true
  throw new InvalidOptionError(option, `${option} must be 'respond', which answers the client, ` +
    `or 'next', which calls next(), not ${describe(value)}`)
}

/**
 * Lets the first handshake of a server arrive again, as an upgrade.
 * @param {any} req
 * @param {any} res
 * @returns {boolean} false: there is no connection, or a body, so it is a request like others
 */
function repeat (req, res) {
  const { socket, headers } = req
  if (!(socket instanceof Duplex) || headers['content-length'] !== undefined ||
    headers['transfer-encoding'] !== undefined) return false
  // Nobody took it the first time.
  if (/** @type {any} */ (socket)[kRepeated] === true) return false
  Object.defineProperty(socket, kRepeated, { value: true })
  // The parser has not finished with the request yet, and earlier responses have their turn.
  setImmediate(() => {
    if (res.socket === null) res.once('socket', () => setImmediate(parseAgain, req, res))
    else parseAgain(req, res)
  })
  return true
}

/**
 * @param {any} req
 * @param {any} res
 */
function parseAgain (req, res) {
  const { socket } = req
  if (socket.destroyed) return
  res.detachSocket(socket)
  socket.emit('data', Buffer.from(headOf(req, askedUrl(req)), 'latin1'))
}

/**
 * @param {any} req
 * @param {any} socket
 * @param {Buffer} head
 */
function passOn (req, socket, head) {
  asRequest(req, socket, () => Object.defineProperty(req, kUpgrade, { value: { socket, head } }))
}
