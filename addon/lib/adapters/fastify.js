/**
 * `node-asgi/fastify`: a plugin for Fastify 5. types/fastify.d.ts declares it for users.
 *
 * A response goes through Fastify (`reply.send()`), so that every hook and inject() work. A
 * WebSocket goes through the hooks before its handler, and then past Fastify.
 */

import { STATUS_CODES } from 'node:http'
import { Transform } from 'node:stream'

import { InvalidOptionError, InvalidRequestError } from '../errors.js'
import { checkKeys, describe } from '../errors/unknown-key.js'
import { PythonHandler, serviceOf } from '../handler.js'
import { currentHeaders } from '../http/changed-headers.js'
import { checkAllowedHost, checkAuthority, checkOneHost } from '../http/hosts.js'
import { expectUpgrades, isUpgrade } from '../http/middleware.js'
import { checkScope } from '../http/node-scope.js'
import { withStatus } from '../http/passing-exchange.js'
import { headerOf } from '../http/response-writer.js'
import { withoutOrigin } from '../message/mount.js'
import { OPTION_NAMES } from '../options.js'
import { isHandler } from './is-handler.js'

const KEYS = new Set(['python', 'prefix', 'scope', 'bodyLimit', 'decorator', 'logLevel',
  'logSerializers'])

const ADVICE = {
  ...Object.fromEntries(OPTION_NAMES.map((name) =>
    [name, `put the options of the handler into python: { ${name} }`])),
  handler: 'did you mean python?'
}

/** Fastify writes a colon that is one as '::'. */
const PARAMETER = /(?<!:):(?!:)|\*/

/** What belongs to the connection with the application, which is not one over HTTP. */
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding'])

/**
 * @param {any} fastify
 * @param {Record<string, any>} options
 */
async function plugin (fastify, options) {
  checkKeys(options, KEYS, 'node-asgi/fastify', ADVICE, 'option')
  const { prefix = '', bodyLimit = Infinity, decorator = 'python', logLevel } = options
  const scope = checkScope(options.scope)
  if (!(bodyLimit >= 0)) {
    throw new InvalidOptionError('bodyLimit',
      `bodyLimit must be a number of bytes, not ${describe(bodyLimit)}`)
  }
  if (PARAMETER.test(fastify.prefix + prefix)) {
    throw new InvalidOptionError('prefix', 'prefix must be the beginning of a path, without the ' +
      `parameters of ${JSON.stringify(fastify.prefix + prefix)}: the application has to know it`)
  }
  const isOwn = !isHandler(options.python)
  const python = isOwn
    ? new PythonHandler({ logger: loggerOf(fastify), ...options.python })
    : options.python
  if (isOwn) fastify.addHook('onClose', () => python.close())
  fastify.decorate(decorator, python)
  // In a scope of its own, so that its parsers and its prefix are nobody else's.
  fastify.register(routes, { prefix, logLevel, python, scope, bodyLimit })
}

/**
 * Without a logger Fastify has one that drops everything. Why an application did not start would be
 * lost there, so the handler has its usual logger then.
 * @param {any} fastify
 */
function loggerOf ({ log }) {
  return log.error === log.info ? undefined : log
}

/**
 * @param {any} fastify a scope with the prefix
 * @param {{ python: PythonHandler, scope: any, bodyLimit: number }} options
 */
async function routes (fastify, { python, scope, bodyLimit }) {
  const { prefix, server } = fastify
  const ofRaw = (/** @type {any} */ req) => scopeOf(scope, req[kRequest])
  const upgrade = python.middleware({ prefix, scope: ofRaw })

  /**
   * @param {any} request
   * @param {any} reply
   */
  async function handler (request, reply) {
    if (isUpgrade(request.raw)) {
      reply.hijack()
      request.raw[kRequest] = request
      return upgrade(request.raw, reply.raw)
    }
    const gone = new AbortController()
    reply.raw.once('close', () => { if (!reply.raw.writableFinished) gone.abort() })
    let response
    try {
      // The body fails by itself, so nothing may come between it and its reader.
      checkHost(request, serviceOf(python)?.settings.allowedHosts)
      const data = await scopeOf(scope, request)
      response = await python.handleStream({
        method: request.method,
        // Without the client's host, which is a header: the end of `evil/path?` would be the path.
        url: `${request.protocol}://localhost${withoutOrigin(request.raw.url)}`,
        prefix,
        headers: headersOf(request),
        body: bodyOf(request, bodyLimit),
        socket: addressesOf(request),
        scope: data
      }, { signal: gone.signal })
    } catch (error) {
      throw forFastify(error)
    }
    reply.code(response.status)
    for (const [name, value] of Object.entries(response.headers.toJSON())) {
      // Fastify itself adds to cookies that are there.
      if (name === 'set-cookie') reply.header(name, value)
      else if (!HOP_BY_HOP.has(name)) reply.header(name, headerOf(reply, name, value))
    }
    return reply.send(response.body)
  }

  fastify.removeAllContentTypeParsers()
  // Nobody reads the body but Python. What hooks before have made of it is what Python gets.
  fastify.addContentTypeParser('*', (/** @type {any} */ request, /** @type {any} */ payload,
    /** @type {(error: null, body: any) => void} */ done) => done(null, payload))
  const route = { method: fastify.supportedMethods, exposeHeadRoute: false, handler }
  fastify.route({ ...route, url: '/' })
  fastify.route({ ...route, url: '/*' })
  // After every plugin, because a listener that is added later would get these WebSockets, too.
  fastify.addHook('onReady', async () => expectUpgrades(server, prefix, python))
  fastify.addHook('onClose', async () => python.detach(server))
}

const kRequest = Symbol('request')

/**
 * Fastify's own error handler sends the message to the client, and those of failures have
 * tracebacks and paths. So an error handler sees the error with another message.
 * @param {unknown} error
 */
function forFastify (error) {
  const { statusCode } = withStatus(error)
  if (!(error instanceof Error) || statusCode < 500) return error
  return Object.create(error, {
    message: { value: STATUS_CODES[statusCode] },
    cause: { value: error }
  })
}

/**
 * @param {any} scope
 * @param {any} request of Fastify
 */
function scopeOf (scope, request) {
  return typeof scope === 'function' ? scope(request) : scope
}

/**
 * @param {any} request whose host is that of a proxy's client, if Fastify trusts the proxy
 * @param {readonly string[] | undefined} allowed
 */
function checkHost ({ raw, host }, allowed) {
  const { headers } = raw
  if (raw.httpVersionMajor !== 2) checkOneHost(raw.rawHeaders)
  else if (headers.host !== undefined) checkAuthority(headers.host, headers[':authority'])
  if (allowed !== undefined) checkAllowedHost(host, allowed)
}

/**
 * @param {any} request
 * @returns {[string, string][]}
 */
function headersOf ({ raw, body, host }) {
  const list = currentHeaders(raw)
  /** @type {[string, string][]} */
  const headers = host === '' ? [] : [['host', host]]
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i].toLowerCase()
    // Pseudo headers of HTTP/2, and the length of what a hook has replaced.
    if (name.startsWith(':') || name === 'host' ||
      (name === 'content-length' && isReplaced(raw, body))) continue
    headers.push([name, list[i + 1]])
  }
  return headers
}

/**
 * @param {any} raw
 * @param {any} body
 */
function isReplaced (raw, body) {
  return body !== undefined && body !== null && body !== raw
}

/**
 * @param {any} request
 * @param {number} limit bytes
 */
function bodyOf ({ body, raw }, limit) {
  if (body === undefined || body === null) return null
  if (Number(raw.headers['content-length']) > limit) throw tooLong(limit)
  if (limit === Infinity || typeof body.pipe !== 'function') return body
  let size = 0
  return body.pipe(new Transform({
    transform (chunk, _, done) {
      size += chunk.length
      if (size > limit) done(tooLong(limit))
      else done(null, chunk)
    }
  }))
}

/** @param {number} limit bytes */
function tooLong (limit) {
  return new InvalidRequestError('ERR_BODY_TOO_LARGE',
    `the request body is longer than ${limit} bytes; raise bodyLimit`)
}

/**
 * @param {any} request whose ip is that of a proxy's client, if Fastify trusts the proxy
 */
function addressesOf ({ ip, raw: { socket } }) {
  const { remoteAddress, remotePort, localAddress, localPort } = socket
  return {
    remoteAddress: ip,
    remotePort: ip === remoteAddress ? remotePort : undefined,
    localAddress,
    localPort
  }
}

// What the package fastify-plugin does: decorators and hooks count in the scope that registers it.
Object.assign(plugin, {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'node-asgi',
  [Symbol.for('plugin-meta')]: { name: 'node-asgi', fastify: '5.x' }
})

export default plugin
