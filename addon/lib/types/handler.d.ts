import type { EventEmitter } from 'node:events'
import type {
  BodyPiece, Middleware, Request, RequestOptions, Response, ScopeData, SocketInfo,
  StreamingResponse
} from './http.js'
import type { Health } from './health.js'
import type { PoolStats, PythonHandlerEvents } from './observation.js'
import type { PythonHandlerOptions, WorkersOptions } from './options.js'
import type { SocketRequest, WebSocketConnection } from './websocket.js'

/** A request in any of the accepted forms. */
export type AnyRequest = RequestOptions | Request | globalThis.Request

/** A request whose body, if it has one, is not a stream. */
export type SyncRequest = Request | (Omit<RequestOptions, 'body'> & { body?: BodyPiece | null })

/** Limits of one request. */
export interface RequestLimits {
  /**
   * Aborts the request: the promise rejects with the reason of the signal, and the application gets
   * `http.disconnect`.
   * @defaultValue `request.signal` for a web `Request`
   */
  signal?: AbortSignal | null
  /**
   * How long the request may take, in milliseconds, 0 to 2147483647; 0 for no limit. The time ends
   * when the response is complete (`handleRequest()`), when it starts (`handleStream()`), or when
   * the WebSocket is accepted (`connect()`).
   * @defaultValue the option `timeouts.request`
   */
  timeout?: number
}

/** Options of {@link PythonHandler.close}. */
export interface CloseOptions {
  /**
   * How long closing may take, all steps together, in milliseconds, 0 to 2147483647. Requests in
   * flight get at least half of it.
   * @defaultValue the option `timeouts.drain`, or what is left of it since one of the handler's
   *   servers began to close
   */
  timeout?: number
}

/** Options of {@link PythonHandler.reload}. */
export interface ReloadOptions {
  /**
   * How long requests in flight may take to finish in the old workers, in milliseconds, 0 to
   * 2147483647.
   * @defaultValue the option `timeouts.retire`
   */
  timeout?: number
}

/** Which handler {@link PythonHandler.shared} returns. */
export interface SharedOptions {
  /**
   * The name of the handler. Give different ones if several handlers have the same docroot and
   * appTarget.
   * @defaultValue the docroot and the appTarget
   */
  name?: string
}

/** Options of {@link PythonHandler.attach}. */
export interface AttachOptions {
  /**
   * The path to serve the application under, for example `/api`. It becomes the `root_path` of the
   * scopes, and requests to other paths are left to other listeners.
   * @defaultValue `''`, which serves every path
   */
  prefix?: string
  /** What Node tells Python about a request. */
  scope?: ScopeOption
}

/**
 * What Node tells Python about requests: for all of them, or a function that is called with each
 * request and WebSocket handshake. It may return a promise, for which the request waits. If it
 * throws, or returns something that Python cannot get, the request is answered with 500.
 */
export type ScopeOption =
  | ScopeData
  | ((req: any) => ScopeData | null | undefined | PromiseLike<ScopeData | null | undefined>)

/** Options of {@link PythonHandler.middleware}. */
export interface MiddlewareOptions {
  /**
   * The path to serve the application under, for example `/api`. Requests to other paths go to the
   * next handler.
   * @defaultValue what the framework says: `'/api'` after `app.use('/api', python.middleware())`
   */
  prefix?: string
  /**
   * What happens to a request that the application answers with 404: `'respond'` sends the response
   * to the client, `'next'` drops it and calls `next()`. The next handler can read the body of the
   * request if it has at most 1000000 bytes. Longer ones are not kept, so the 404 is sent. The body
   * is read before the application gets the request.
   * @defaultValue `'respond'`
   */
  notFound?: 'respond' | 'next'
  /**
   * What happens when there is no response to send, for example because the application raised an
   * exception: `'respond'` logs the error and sends an error page, `'next'` calls `next(error)`.
   * The error has a `code`, and the status in `status` and `statusCode`. Errors after the start of
   * a response are logged, and close the connection.
   * @defaultValue `'respond'`
   */
  errors?: 'respond' | 'next'
  /** What Node tells Python about a request, for example who has logged in. */
  scope?: ScopeOption
}

/** A request listener of `node:http`, `node:https` and the compatibility API of `node:http2`. */
export type Listener = (
  req: import('node:http').IncomingMessage | import('node:http2').Http2ServerRequest,
  res: import('node:http').ServerResponse | import('node:http2').Http2ServerResponse,
  /** Functions, such as the `next` of Express, are ignored. */
  options?: MountOptions | ((...args: any[]) => any)
) => void

/** Where an application is mounted. */
export interface MountOptions {
  /**
   * The path that the application is mounted under: `root_path` of its scope. You need it if a
   * framework removes the path from the URL of the request and does not keep it, as koa-mount does.
   * The URL may still contain the path. `''` means that the application is not mounted, whatever a
   * framework has removed.
   */
  prefix?: string
  /** What Node tells Python about the request. */
  scope?: ScopeOption
}

/** What `python.fetch` takes in addition to what the global `fetch` takes. */
export interface FetchOptions {
  /** The path that the application is mounted under (`root_path`); the URL may include it. */
  prefix?: string
  /** What Node tells Python about the request. */
  scope?: ScopeData | null
  /**
   * The connection that a web `Request` arrived on, which does not say so itself: `client` and
   * `server` of the ASGI scope. If you give the socket itself, such as `c.env.incoming.socket` in
   * Hono, the request is aborted when it closes. You can also give the addresses alone.
   */
  socket?: SocketInfo | null
}

/**
 * A Python ASGI application in a pool of worker processes.
 *
 * The processes start when the handler is created. Requests can be sent at once; they wait for the
 * first worker. An idle handler does not keep Node running. Keep the handler in a variable, and
 * call `close()` in the end: the processes of a handler that is garbage collected end, with a
 * warning.
 * @example
 * ```js
 * import { createServer } from 'node:http'
 * import { PythonHandler } from 'node-asgi'
 *
 * const python = new PythonHandler({ docroot: './app', appTarget: 'main:app' })
 * await python.ready
 *
 * const response = await python.handleRequest({ url: '/hello' })
 * console.log(response.status, response.text())
 *
 * createServer(python.listener).listen(8000)
 * ```
 */
export class PythonHandler extends EventEmitter<PythonHandlerEvents> implements AsyncDisposable {
  /**
   * Starts the processes.
   * @throws `ERR_INVALID_OPTION` or `ERR_DOCROOT_NOT_FOUND` if an option cannot be used,
   *   `ERR_PYTHON_NOT_FOUND` if there is no interpreter, `ERR_PYTHON_UNUSABLE` if the one that is
   *   meant cannot run the workers, `ERR_UNSUPPORTED_PLATFORM` if there is no package for this
   *   platform, `ERR_UNSUPPORTED_RUNTIME` in Bun and Deno, and `ERR_BINDING_NOT_FOUND` if that
   *   package is not installed or cannot be loaded.
   */
  constructor (options?: PythonHandlerOptions | null)

  /**
   * Returns the same handler when it is called again with the same options, also when a module is
   * evaluated again: by hot module replacement, by `next dev`, or by Vitest. There is one handler
   * for each docroot and appTarget, or for each name. Other options close the old handler and start
   * a new one. So does a call after `close()`. Loggers are not compared: the handler uses the last
   * one.
   * @throws Like the constructor.
   * @example
   * ```js
   * import { PythonHandler } from 'node-asgi'
   *
   * export const python = PythonHandler.shared({ docroot: './app' })
   * ```
   */
  static shared (options?: PythonHandlerOptions | null, which?: SharedOptions): PythonHandler

  /** The absolute path of the docroot. */
  readonly docroot: string

  /**
   * Listeners for probes of orchestrators and load balancers.
   * [Observability](../observability.md#health) explains them.
   * @example
   * ```js
   * import { createServer } from 'node:http'
   *
   * await python.ready
   * const probes = createServer(python.health).listen(3001, '127.0.0.1') // /livez and /readyz
   * console.log(python.health.check().ready) // true
   * ```
   */
  readonly health: Health

  /**
   * Resolves when the workers are ready. Rejects with a `StartupError`, which has the Python
   * traceback, if none could start, and with `ERR_CLOSED` if the handler was closed before. It
   * never causes an unhandled rejection: if the property is not read, the failure goes to the
   * logger.
   */
  readonly ready: Promise<void>

  /**
   * Sends a request and waits for the whole response. It does so for every status.
   * @throws Rejects with an `InvalidRequestError`, `InvalidOptionError`, `AppError`,
   *   `ResponseError`, `WorkerError`, `UnavailableError`, `StartupError` or `RequestTimeoutError`,
   *   or with the reason of the signal.
   */
  handleRequest (
    request: AnyRequest, limits?: RequestLimits | AbortSignal | null
  ): Promise<Response>

  /**
   * Sends a request and waits for the start of the response. The body follows as a stream, which
   * slows the application down if it is read slowly.
   * @throws Rejects like `handleRequest()`. After the start, the body fails with the same errors.
   */
  handleStream (
    request: AnyRequest, limits?: RequestLimits | AbortSignal | null
  ): Promise<StreamingResponse>

  /**
   * Sends a request and blocks this thread until the response is complete. For scripts and tools.
   * @throws What `handleRequest()` rejects with, `ERR_INVALID_BODY` for a body that is a
   *   stream or is written in pieces, `ERR_REMOTE_UNSUPPORTED` with the option `remote`, and
   *   `ERR_NO_WORKER` if no worker is ready or every worker is
   *   full.
   */
  handleRequestSync (request: SyncRequest): Response

  /**
   * Sends a request like the global `fetch`, and returns a web `Response`. It is bound to its
   * handler, so it can be passed on: `app.mount('/api', python.fetch)`. It takes a path, a URL or a
   * `Request`, and the same `init` as the global `fetch`, of which it reads `method`, `headers`,
   * `body` and `signal`. It does not follow redirects. A path has the origin `http://localhost`.
   *
   * It also takes the request of a server of `node:http`, whose response a framework sends:
   * `ctx.body = await python.fetch(ctx.req)` in Koa. The application gets it as from `listener`,
   * with the client's address and the options `trustProxy`, `allowedHosts` and `maxBody`, and it is
   * aborted when the client goes. Of `init` it reads `signal`, `prefix` and `scope`.
   * @throws Rejects like `handleRequest()`. For a request of `node:http`, the error has the status
   *   for the client in `status` and `statusCode`, where Koa and others look for it.
   * @example
   * ```js
   * const response = await python.fetch('/items', { method: 'POST', body: new FormData() })
   * console.log(response.status)
   * ```
   */
  readonly fetch: (
    input: string | URL | globalThis.Request | import('node:http').IncomingMessage |
      import('node:http2').Http2ServerRequest,
    init?: RequestInit & FetchOptions
  ) => Promise<globalThis.Response>

  /**
   * A request listener for servers and frameworks: `createServer(python.listener)`,
   * `app.use(python.listener)`. It is bound to its handler. Errors become responses with the
   * statuses in docs/errors.md. What middleware has done to `req.headers` reaches the
   * application.
   */
  readonly listener: Listener

  /**
   * A request listener that shows the dashboard: workers, throughput, latency, errors with their
   * tracebacks, slow routes, and what is running now. Mount it under a path, or give it a server of
   * its own. It answers only this machine, unless there is a token
   * ({@link PythonHandlerOptions.dashboard}). It records from the first use of this property on, so
   * read it when the program starts.
   * @example
   * ```js
   * import { createServer } from 'node:http'
   *
   * const server = createServer(python.dashboard)
   * server.listen(3001, '127.0.0.1')
   * ```
   */
  readonly dashboard: (
    req: import('node:http').IncomingMessage | import('node:http2').Http2ServerRequest,
    res: import('node:http').ServerResponse | import('node:http2').Http2ServerResponse,
    next?: unknown
  ) => void

  /**
   * A listener for the event `upgrade` of a server of `node:http` or `node:https`:
   * `server.on('upgrade', python.upgrade)`. It is bound to its handler. An invalid handshake is
   * answered with a 4xx status, and one that the application refuses with the application's
   * response. A request for a protocol other than WebSocket goes back to the server, which treats
   * it as an ordinary request. See the option `websocket` for limits.
   */
  readonly upgrade: (
    req: import('node:http').IncomingMessage, socket: import('node:stream').Duplex, head: Buffer,
    options?: MountOptions
  ) => void

  /**
   * Serves the requests and WebSockets of a server of `node:http`, `node:https` or `node:http2`. If
   * a prefix is given, the handler serves only what is below it. Listeners that the server had
   * before, and handlers with other prefixes, get the rest. WebSockets below the prefix do not go
   * to listeners that are added later, either. A client that waits for "100 Continue" gets it when
   * the application reads the body. The requests do not pass through middleware of Express or
   * another framework.
   * When the server is closed, WebSockets close with 1012 at once, and requests have half of
   * `timeouts.drain` to finish.
   * @throws `ERR_INVALID_OPTION` if the prefix is not a path.
   * @example
   * ```js
   * import { createServer } from 'node:http'
   *
   * const server = createServer((req, res) => res.end('from Node'))
   * python.attach(server, { prefix: '/api' })
   * server.listen(8000)
   * ```
   */
  attach (server: import('node:net').Server, options?: AttachOptions): void

  /**
   * Undoes every `attach()` of this handler to a server, and what its middleware has added there.
   * Requests go to the listeners that the server had before, and to those that it got since.
   * Requests and WebSockets that the handler has already go on. Does nothing for a server that the
   * handler is not attached to.
   */
  detach (server: import('node:net').Server): void

  /**
   * Makes middleware for Express, Connect, NestJS and similar frameworks. Requests and WebSockets
   * go through the middleware before it, so `scope` can use what that has found out. WebSockets
   * need HTTP/1.1; the prefix of their paths is the same.
   * @throws `ERR_INVALID_OPTION` if an option is not valid.
   * @example
   * ```js
   * import express from 'express'
   *
   * const app = express()
   * app.use('/api', python.middleware({ scope: (req) => ({ user: req.user }) }))
   * app.listen(8000)
   * ```
   */
  middleware (options?: MiddlewareOptions): Middleware

  /**
   * Opens a WebSocket to the application without a network, and waits until it is accepted.
   * @throws Rejects with a `WebSocketRefusedError` if the application does not accept it, and like
   *   `handleRequest()`.
   */
  connect (
    request: string | URL | SocketRequest, limits?: RequestLimits | AbortSignal | null
  ): Promise<WebSocketConnection>

  /** Returns the state of the pool, with counts since the handler was created. */
  stats (): PoolStats

  /**
   * Starts the application again with a new fork server and new workers. The old workers keep
   * serving until all new ones are ready, and then finish the requests they have. Calls during a
   * reload share one further reload.
   * @throws Rejects with a `StartupError`, which has the Python traceback, if the new workers
   *   cannot start; the old ones keep serving. Rejects with `ERR_CLOSED` if the handler is closed,
   *   and with `ERR_INVALID_OPTION` if the timeout is not valid.
   */
  reload (options?: ReloadOptions): Promise<void>

  /**
   * Changes the number of workers: to a number, or to the limits of an elastic pool. Limits that
   * are not given stay as they are. Resolves when at least `min` workers take requests, and no more
   * than `max`. Workers that are no longer needed finish the requests they have, for up to
   * `timeouts.retire`. If another call changes the number in the meantime, both wait for that one.
   * @throws Rejects with `ERR_INVALID_OPTION` if the number or a limit is not valid, with a
   *   `StartupError` if a new worker cannot start (the pool keeps the new size, and retries), and
   *   with `ERR_CLOSED` if the handler is closed.
   * @example
   * ```js
   * await python.resize(4)
   * await python.resize({ min: 1, max: 8 })
   * ```
   */
  resize (workers: number | WorkersOptions): Promise<void>

  /**
   * Closes the handler: refuses new requests, lets those in flight finish, runs lifespan shutdown,
   * and ends every process. Never rejects, and may be called more than once.
   * @throws `ERR_INVALID_OPTION` if the timeout is not valid.
   */
  close (options?: CloseOptions): Promise<void>

  /** Closes the handler at the end of an `await using` block. */
  [Symbol.asyncDispose] (): Promise<void>
}

/** The same class, under the name it has in `@platformatic/python-node`. */
export { PythonHandler as Python }
