import type { EventEmitter } from 'node:events'
import type { AppError } from './errors.js'
import type { BodyPiece, Request, RequestOptions, Response, StreamingResponse } from './http.js'
import type { PythonHandlerOptions } from './options.js'
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

/** Options of {@link PythonHandler.attach}. */
export interface AttachOptions {
  /**
   * The path to serve the application under, for example `/api`. It becomes the `root_path` of the
   * scopes, and requests to other paths are left to other listeners.
   * @defaultValue `''`, which serves every path
   */
  prefix?: string
}

/**
 * The state of a handler:
 * - `starting`: until each worker has tried to start once;
 * - `running`: requests are served;
 * - `failed`: no worker can be started. Requests are rejected at once, and the pool keeps retrying;
 * - `closing`: `close()` was called;
 * - `closed`: the last process has ended.
 */
export type HandlerState = 'starting' | 'running' | 'failed' | 'closing' | 'closed'

/**
 * The state of a worker:
 * - `starting`: it imports the application and runs lifespan startup;
 * - `ready`: it takes requests;
 * - `draining`: it takes no more requests, and finishes those it has;
 * - `gone`: its process has ended.
 */
export type WorkerState = 'starting' | 'ready' | 'draining' | 'gone'

/** A distribution of times, in milliseconds, exact to 1 %. All values are 0 if `count` is 0. */
export interface Times {
  /** The number of times. */
  count: number
  /** The arithmetic mean. */
  mean: number
  /** The median. */
  p50: number
  /** The 90th percentile. */
  p90: number
  /** The 99th percentile. */
  p99: number
  /** The 99.9th percentile. */
  p999: number
  /** The longest time. */
  max: number
}

/**
 * Counts of requests. Each request that was sent to a worker ends in one of `answered`, `failed`,
 * `aborted` and `lost`, or is in flight.
 */
export interface Traffic {
  /** Sent to a worker. */
  requests: number
  /** Answered with a complete response. */
  answered: number
  /** Failed in the application. */
  failed: number
  /** Aborted by the sender, or timed out. */
  aborted: number
  /** Lost with their worker. Those that may be repeated were sent again, and count again. */
  lost: number
  /** The time from sending a request to a worker until the start of its response. */
  latency: Times
}

/** One worker, as {@link PythonHandler.stats} describes it. */
export interface WorkerStats extends Traffic {
  /** The number of the worker, from 1. A replacement gets a new number. */
  id: number
  /** The process id; 0 until the process exists. */
  pid: number
  /** Its state. */
  state: WorkerState
  /** The number of requests that it has not answered yet. */
  inFlight: number
  /** How late its event loop answered last, in milliseconds. Measured while it has requests. */
  lag: number
  /** Milliseconds since it became ready; 0 until then. */
  uptime: number
  /** Resident memory in bytes, including pages it shares; 0 until the process exists. */
  memory: number
}

/** The state of the pool at one moment, with counts since the handler was created. */
export interface PoolStats extends Traffic {
  /** The state of the handler. */
  state: HandlerState
  /** Every worker whose process has not ended. */
  workers: WorkerStats[]
  /** The number of workers that take requests. */
  ready: number
  /** The number of requests in flight in all workers. */
  inFlight: number
  /** The number of requests that wait for a worker. */
  queued: number
  /** How often a request was sent to a second worker because its first one died. */
  retried: number
  /** The number of requests that were not sent: the queue was full, or there was no worker. */
  rejected: number
  /** The time that requests waited for a worker, if they had to wait. */
  wait: Times
  /** How many workers have ended, by reason. */
  exits: Partial<Record<ExitReason, number>>
  /** Which start of the application serves, counted from 1. Each reload is a start. */
  generation: number
  /** The number of reloads that succeeded. */
  reloads: number
}

/** The process that something comes from. */
export interface ProcessSource {
  /** The number of the worker; 0 for the fork server. */
  worker: number
  /** The process id. */
  pid: number
}

/** The source of a line of output. */
export interface LineSource extends ProcessSource {
  /** The level of a record of Python's `logging`; `null` for a line that was just printed. */
  level: 'debug' | 'info' | 'warn' | 'error' | null
}

/** Details of the event `worker:ready`. */
export interface WorkerReadyDetails extends ProcessSource {
  /** The version of Python, for example `3.11.2`. */
  python: string
  /** The event loop: `asyncio` or `uvloop`. */
  loop: string
  /** Whether the application supports lifespan events. */
  lifespan: boolean
}

/** Details of the event `worker:hung`. */
export interface WorkerHungDetails extends ProcessSource {
  /** The number of requests that it had. */
  inFlight: number
  /** The Python stacks of all its threads, as far as it could print them. */
  stacks: string
}

/** Details of the event `worker:recycle`. */
export interface WorkerRecycleDetails extends ProcessSource {
  /** The limit of the option `recycle` that the worker has reached. */
  reason: 'requests' | 'memory' | 'age'
  /** The number of requests that were sent to it. */
  requests: number
  /** Milliseconds since it became ready. */
  age: number
}

/** Details of the event `reload`. */
export interface ReloadDetails {
  /** The number of this start of the application, from 1. */
  generation: number
  /** Milliseconds until all new workers were ready, or one failed. */
  duration: number
  /** Why it failed; `null` if it succeeded. After a failure the old workers keep serving. */
  error: Error | null
}

/** Details of the event `pool:failed`. */
export interface PoolFailedDetails {
  /** Why the last worker could not start. Requests are rejected with this error. */
  error: Error
}

/**
 * Why a worker ended. The first four are failures: it did not start, ended by itself, had a blocked
 * event loop, or broke the protocol. With the others it was told to end.
 */
export type ExitReason =
  'startup' | 'crash' | 'hung' | 'protocol' | 'recycle' | 'reload' | 'close'

/** Details of the event `worker:exit`. */
export interface WorkerExitDetails extends ProcessSource {
  /** Why it ended. */
  reason: ExitReason
  /** The exit code; `null` if a signal ended it. */
  code: number | null
  /** The name of the signal that ended it, or `null`. */
  signal: string | null
  /** The error that ended it; `null` if it was told to end. */
  error: Error | null
}

/**
 * The events of a handler, with the arguments of their listeners. No event needs a listener.
 * @example
 * ```js
 * python.on('worker:exit', ({ worker, pid, reason }) => {
 *   console.log(`worker ${worker} (pid ${pid}) ended: ${reason}`)
 * })
 * ```
 */
export interface PythonHandlerEvents {
  /** A worker process was forked. */
  'worker:start': [details: ProcessSource]
  /** A worker takes requests. */
  'worker:ready': [details: WorkerReadyDetails]
  /** The event loop of a worker was blocked for longer than `timeouts.hang`; it is killed. */
  'worker:hung': [details: WorkerHungDetails]
  /** A worker reached a limit of the option `recycle`. Its successor is starting. */
  'worker:recycle': [details: WorkerRecycleDetails]
  /** A worker process ended. */
  'worker:exit': [details: WorkerExitDetails]
  /** A reload succeeded or failed. */
  reload: [details: ReloadDetails]
  /** No worker can be started. Requests are rejected at once, and the pool keeps retrying. */
  'pool:failed': [details: PoolFailedDetails]
  /** A worker is ready again after `pool:failed`. */
  'pool:recovered': [details: {}]
  /** The application raised an exception during a request, which fails with the same error. */
  'app:error': [error: AppError, source: ProcessSource]
  /**
   * Python printed a line to stdout, or its `logging` wrote a record, which may have several lines.
   * Without a listener, the output goes to the logger.
   */
  stdout: [line: string, source: LineSource]
  /** The same for stderr. */
  stderr: [line: string, source: LineSource]
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
}

/**
 * A Python ASGI application in a pool of worker processes.
 *
 * The processes start when the handler is created. Requests can be sent at once; they wait for the
 * first worker. An idle handler does not keep Node running.
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
   *   `ERR_PYTHON_NOT_FOUND` if there is no interpreter, and `ERR_BINDING_NOT_FOUND` if there is no
   *   native binary for this platform.
   */
  constructor (options?: PythonHandlerOptions | null)

  /** The absolute path of the docroot. */
  readonly docroot: string

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
   *   stream or is written in pieces, and `ERR_NO_WORKER` if no worker is ready or every worker is
   *   full.
   */
  handleRequestSync (request: SyncRequest): Response

  /**
   * Sends a request like the global `fetch`, and returns a web `Response`. It is bound to its
   * handler, so it can be passed on: `app.mount('/api', python.fetch)`. It takes a path, a URL or a
   * `Request`, and the same `init` as the global `fetch`, of which it reads `method`, `headers`,
   * `body` and `signal`. It does not follow redirects. A path has the origin `http://localhost`.
   * @throws Rejects like `handleRequest()`.
   * @example
   * ```js
   * const response = await python.fetch('/items', { method: 'POST', body: new FormData() })
   * console.log(response.status)
   * ```
   */
  readonly fetch: (
    input: string | URL | globalThis.Request, init?: RequestInit & MountOptions
  ) => Promise<globalThis.Response>

  /**
   * A request listener for servers and frameworks: `createServer(python.listener)`,
   * `app.use(python.listener)`. It is bound to its handler. Errors become responses with the
   * statuses in docs/errors.md. What middleware has done to `req.headers` reaches the
   * application.
   */
  readonly listener: Listener

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
   * before, and handlers with other prefixes, get the rest. A client that waits for "100 Continue"
   * gets it when the application reads the body. The requests do not pass through middleware of
   * Express or another framework.
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
