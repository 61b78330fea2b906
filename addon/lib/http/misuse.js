/**
 * Explains calls that give attach() and the listeners something else than they need. They are
 * called by servers and frameworks, so the mistake is in a line that looks right.
 */

import { Server } from 'node:net'

import { InvalidOptionError } from '../errors.js'
import { describe } from '../errors/unknown-key.js'
import { tls } from '../util/lazy.js'

/**
 * @param {any} server
 */
export function checkServer (server) {
  const { constructor } = server ?? {}
  if (server instanceof Server && constructor !== Server && constructor !== tls().Server) return
  throw new InvalidOptionError('server', 'attach() needs a server of node:http, node:https or ' +
    `node:http2, not ${nameOf(server)}; ${serverAdvice(server)}`)
}

/** @param {any} value */
function nameOf (value) {
  if (value instanceof Server) return 'a server without HTTP'
  const name = value?.constructor?.name
  return typeof value !== 'object' || Array.isArray(value) || [undefined, 'Object'].includes(name)
    ? describe(value)
    : `a ${name}`
}

/** @param {any} server */
function serverAdvice (server) {
  if (typeof server === 'function' && typeof server.use === 'function') {
    return 'attach to the server that app.listen() returns, or use app.use(python.listener)'
  }
  if (typeof server?.getHttpServer === 'function') return 'attach to app.getHttpServer()'
  for (const key of ['server', 'httpServer']) {
    if (server?.[key] instanceof Server) return `attach to its property ${key}`
  }
  if (typeof server?.callback === 'function' && typeof server.listen === 'function') {
    return 'attach to the server that app.listen() returns'
  }
  return 'for example python.attach(createServer())'
}

/**
 * @param {any} req
 * @param {any} res
 */
export function checkExchange (req, res) {
  if (typeof res?.writeHead === 'function') return
  throw new InvalidOptionError('listener', 'python.listener takes the request and the response ' +
    `of node:http or node:http2; ${listenerAdvice(req, res)}`)
}

/**
 * @param {any} req
 * @param {any} res
 */
function listenerAdvice (req, res) {
  if (req === undefined) return 'pass it without calling it: app.use(python.listener)'
  if (typeof req?.res?.writeHead === 'function') {
    return 'in Koa: ctx.respond = false; python.listener(ctx.req, ctx.res)'
  }
  if (typeof res?.raw?.writeHead === 'function') {
    return 'in Fastify: reply.hijack(); python.listener(request.raw, reply.raw)'
  }
  if (res === undefined || typeof req?.req?.raw === 'object') {
    return 'for a Request of the web use python.fetch'
  }
  return `not ${describe(req)} and ${describe(res)}`
}

/**
 * @param {any} req
 * @param {any} socket
 */
export function checkUpgrade (req, socket) {
  if (typeof socket?.destroy === 'function' && typeof req?.headers === 'object') return
  throw new InvalidOptionError('upgrade', 'python.upgrade takes the request, the socket and the ' +
    "first bytes of an upgrade; pass it without calling it: server.on('upgrade', python.upgrade)")
}
