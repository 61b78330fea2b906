import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import type { PythonHandler } from './handler.js'
import type { ScopeData } from './http.js'
import type { PythonHandlerOptions } from './options.js'

/** Options of the plugin. */
export interface FastifyPythonOptions {
  /**
   * The handler, or the options of one. The plugin closes the handler that it makes when Fastify
   * closes, and gives it Fastify's logger, if Fastify has one. A handler of yours is yours to
   * close.
   * @defaultValue `{}`, which makes a handler with the default options
   */
  python?: PythonHandler | PythonHandlerOptions
  /**
   * The path to serve the application under, for example `/api`. It becomes the `root_path` of the
   * scopes, with the prefixes of the scopes around it. None of them may have parameters.
   * @defaultValue `''`, which serves every path that no other route has
   */
  prefix?: string
  /** What Node tells Python about a request or a WebSocket, after the hooks `preHandler`. */
  scope?:
    | ScopeData
    | ((request: FastifyRequest) =>
      ScopeData | null | undefined | PromiseLike<ScopeData | null | undefined>)
  /**
   * How long the body of a request may be, in bytes. Longer ones fail with `ERR_BODY_TOO_LARGE`,
   * which Fastify answers with 413. Fastify's own limit is for bodies that it parses.
   * @defaultValue `Infinity`
   */
  bodyLimit?: number
  /**
   * The name under which the handler is part of Fastify. Give another one to register the plugin
   * more than once.
   * @defaultValue `'python'`
   */
  decorator?: string
  /** The level of Fastify's log of these requests. */
  logLevel?: 'silent' | 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace'
}

declare module 'fastify' {
  interface FastifyInstance {
    /** The handler of the plugin `node-asgi/fastify`. */
    python: PythonHandler
  }
}

/**
 * A plugin for Fastify 5 that serves a Python application. Hooks of the scope that registers it run
 * for its requests, also `onSend`, and those before the handler run for its WebSockets. Errors go
 * to Fastify's error handler, and have the original error as `cause` if their status is 500 or
 * higher. Fastify parses no bodies of these requests.
 * @example
 * ```js
 * import Fastify from 'fastify'
 * import fastifyPython from 'node-asgi/fastify'
 *
 * const fastify = Fastify()
 * await fastify.register(fastifyPython, { prefix: '/api', python: { appTarget: 'main:app' } })
 * await fastify.listen({ port: 8000 })
 * ```
 */
declare const fastifyPython: FastifyPluginAsync<FastifyPythonOptions>
export default fastifyPython
