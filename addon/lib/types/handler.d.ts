import type { EventEmitter } from 'node:events'
import type { AppError } from './errors.js'
import type { BodyPiece, Request, RequestOptions, Response, StreamingResponse } from './http.js'
import type { PythonHandlerOptions } from './options.js'
import type { SocketRequest, WebSocketConnection } from './websocket.js'

/** A request in any of its forms. */
export type AnyRequest = RequestOptions | Request | globalThis.Request

/** A request whose body, if there is one, is there as a whole. */
export type SyncRequest = Request | (Omit<RequestOptions, 'body'> & { body?: BodyPiece | null })

/** Limits of one request. */
export interface RequestLimits {
  /** Aborts the request: the promise rejects with its reason, the application is told. */
  signal?: AbortSignal | null
  /**
   * Milliseconds for the response, instead of `timeouts.request`; 0 for no limit. For `handleRequest`
   * until it is complete, for `handleStream` until it starts.
   */
  timeout?: number
}

export interface CloseOptions {
  /** Milliseconds that requests in flight get to finish. Default `timeouts.drain`. */
  timeout?: number
}

export interface ReloadOptions {
  /**
   * Milliseconds that requests in flight get to finish in the old workers. Default
   * `timeouts.retire`.
   */
  timeout?: number
}

/**
 * `starting` until each worker has had its first try; `failed` while none can be started: requests
 * are rejected at once, and it is tried on; `closed` when the last process has ended after
 * `close()`.
 */
export type HandlerState = 'starting' | 'running' | 'failed' | 'closing' | 'closed'

export type WorkerState = 'starting' | 'ready' | 'draining' | 'gone'

/** A distribution of times, in milliseconds, to one part in a hundred. All 0 if `count` is. */
export interface Times {
  count: number
  mean: number
  p50: number
  p90: number
  p99: number
  p999: number
  max: number
}

/** What has become of requests. Each ends in one of the last four counts, or is in flight. */
export interface Traffic {
  /** Given to a worker. */
  requests: number
  /** Answered by a complete response. */
  answered: number
  /** Failed in the application. */
  failed: number
  /** Aborted by whoever sent them, or timed out. */
  aborted: number
  /** Lost with their worker; those that may be repeated are sent again. */
  lost: number
  /** From the sending to a worker to the start of the response. */
  latency: Times
}

export interface WorkerStats extends Traffic {
  /** Number of the worker in its handler, from 1; a replacement gets a new one. */
  id: number
  /** 0 until it has been forked. */
  pid: number
  state: WorkerState
  /** Requests that it has and has not answered yet. */
  inFlight: number
  /** How late its event loop answered last, in milliseconds; measured while it has requests. */
  lag: number
  /** Milliseconds since it became ready; 0 until then. */
  uptime: number
  /** Resident memory in bytes, pages included that it shares with others; 0 until it is there. */
  memory: number
}

/** What the pool is doing at one moment, and what it has done so far. */
export interface PoolStats extends Traffic {
  state: HandlerState
  /** Every worker process that has not ended. */
  workers: WorkerStats[]
  /** Workers that take requests. */
  ready: number
  /** Requests in flight in all of them. */
  inFlight: number
  /** Requests that wait for a worker. */
  queued: number
  /** How often a request went to a second worker, because its first one died. */
  retried: number
  /** Requests that no worker was given: the queue was full, or there was no worker. */
  rejected: number
  /** What those requests waited for a worker that had to. */
  wait: Times
  /** How many workers have ended, by reason. */
  exits: Partial<Record<ExitReason, number>>
  /** Number of the start of the application that serves, from 1. */
  generation: number
  /** Reloads that have succeeded. */
  reloads: number
}

/** Which process something comes from; `worker` is 0 for the fork server. */
export interface ProcessSource {
  worker: number
  pid: number
}

export interface LineSource extends ProcessSource {
  /** That of a record of Python's `logging`; `null` for a line that was just printed. */
  level: 'debug' | 'info' | 'warn' | 'error' | null
}

export interface WorkerReadyDetails extends ProcessSource {
  /** Version of the interpreter, for example `3.11.2`. */
  python: string
  /** Event loop: `asyncio` or `uvloop`. */
  loop: string
  /** Whether the application takes lifespan events. */
  lifespan: boolean
}

export interface WorkerHungDetails extends ProcessSource {
  /** Requests that it had. */
  inFlight: number
  /** Python stacks of all its threads, as far as it could print them. */
  stacks: string
}

export interface WorkerRecycleDetails extends ProcessSource {
  /** Which limit of the option `recycle` it has reached. */
  reason: 'requests' | 'memory' | 'age'
  /** Requests that it was given. */
  requests: number
  /** Milliseconds since it became ready. */
  age: number
}

export interface ReloadDetails {
  /** Number of this start of the application, from 1. */
  generation: number
  /** Milliseconds until all its workers were ready, or one failed. */
  duration: number
  /** Why it failed, and everything stayed as it was; `null`: it is the one that serves now. */
  error: Error | null
}

export interface PoolFailedDetails {
  /** Of the last worker that was tried; requests are rejected with it. */
  error: Error
}

/** Why a worker ended: it failed, or was not wanted any more (`recycle`, `reload`, `close`). */
export type ExitReason =
  'startup' | 'crash' | 'hung' | 'protocol' | 'recycle' | 'reload' | 'close'

export interface WorkerExitDetails extends ProcessSource {
  reason: ExitReason
  /** `null` if a signal ended it. */
  code: number | null
  /** Name of the signal that ended it, or `null`. */
  signal: string | null
  /** Why it ended, or `null` if it was asked to. */
  error: Error | null
}

/** Events of a handler and the arguments of their listeners. None needs a listener. */
export interface PythonHandlerEvents {
  /** A worker process has been forked. */
  'worker:start': [details: ProcessSource]
  /** A worker takes requests. */
  'worker:ready': [details: WorkerReadyDetails]
  /** The event loop of a worker stood still for longer than `timeouts.hang`: it is killed. */
  'worker:hung': [details: WorkerHungDetails]
  /** A worker has served long enough: a successor is started, which takes its place when ready. */
  'worker:recycle': [details: WorkerRecycleDetails]
  /** A worker process has ended. */
  'worker:exit': [details: WorkerExitDetails]
  /** A reload has succeeded or failed. */
  reload: [details: ReloadDetails]
  /** No worker can be had; requests are rejected at once, and it is tried on now and then. */
  'pool:failed': [details: PoolFailedDetails]
  /** After `pool:failed`: a worker is ready. */
  'pool:recovered': [details: {}]
  /** The application raised in a request; the request has failed with the same error. */
  'app:error': [error: AppError, source: ProcessSource]
  /**
   * A line that Python printed, or a record of its `logging`, which may have several. Without a
   * listener they go to the logger.
   */
  stdout: [line: string, source: LineSource]
  /** The same for Python's stderr. */
  stderr: [line: string, source: LineSource]
}

/** A request listener of node:http, node:https and the compatibility API of node:http2. */
export type Listener = (
  req: import('node:http').IncomingMessage | import('node:http2').Http2ServerRequest,
  res: import('node:http').ServerResponse | import('node:http2').Http2ServerResponse
) => void

/**
 * A Python ASGI application in a pool of worker processes. The processes start at once; requests may
 * be sent at once too, and wait for the first worker. An idle handler does not keep Node alive.
 */
export class PythonHandler extends EventEmitter<PythonHandlerEvents> implements AsyncDisposable {
  /**
   * @throws `ERR_INVALID_OPTION`, `ERR_DOCROOT_NOT_FOUND`, `ERR_PYTHON_NOT_FOUND` (there is no
   *   interpreter to start), `ERR_BINDING_NOT_FOUND` (not built)
   */
  constructor (options?: PythonHandlerOptions)

  /** Absolute path of the docroot. */
  readonly docroot: string

  /**
   * Fulfilled when the workers have started. Rejected with a `StartupError` that holds the Python
   * traceback when none could, or with `ERR_CLOSED`. Whether it is awaited or not, an unhandled
   * rejection does not come from it: a failure that nobody asked about goes to the logger.
   */
  readonly ready: Promise<void>

  /**
   * Sends a request and waits for the whole response, whatever its status.
   * @throws as a rejection: `InvalidRequestError`, `AppError`, `WorkerError`, `UnavailableError`,
   *   `StartupError`, `RequestTimeoutError`, or the reason of the signal
   */
  handleRequest (request: AnyRequest, limits?: RequestLimits | AbortSignal): Promise<Response>

  /**
   * Sends a request and waits for the start of the response; the body follows as it arrives, as fast
   * as it is read.
   * @throws as a rejection: what `handleRequest` rejects with; after the start, the body fails with it
   */
  handleStream (
    request: AnyRequest, limits?: RequestLimits | AbortSignal
  ): Promise<StreamingResponse>

  /**
   * Sends a request and blocks this thread until the response is complete, for scripts and tools.
   * A `Request` that was given its body piece by piece, or as a stream, is refused.
   */
  handleRequestSync (request: SyncRequest): Response

  /** Like the web's `fetch`, for a request to the application. */
  fetch (request: globalThis.Request): Promise<globalThis.Response>

  /**
   * For servers: `createServer(handler.listener)`, `app.use(handler.listener)`. Needs no `this`.
   * Errors become responses as docs/errors.md lists them.
   */
  readonly listener: Listener

  /**
   * For servers of node:http and node:https: `server.on('upgrade', handler.upgrade)`. Needs no
   * `this`. A handshake that is wrong gets its 4xx, and one that the application refuses its
   * response; the option `websocket` has the limits.
   */
  readonly upgrade: (
    req: import('node:http').IncomingMessage, socket: import('node:stream').Duplex, head: Buffer
  ) => void

  /**
   * Serves requests and WebSockets of a server of node:http, node:https or node:http2. With a prefix
   * only those below it, which becomes their `root_path`; whoever listened before, and handlers
   * attached with other prefixes, get the others. A client that waits for "100 Continue" gets it when
   * the application asks for the body.
   */
  attach (
    server: import('node:net').Server, options?: { prefix?: string }
  ): void

  /**
   * Opens a WebSocket to the application without a network. The limits count until it is accepted.
   * @throws as a rejection: `WebSocketRefusedError`, or what `handleRequest` rejects with
   */
  connect (
    request: string | URL | SocketRequest, limits?: RequestLimits | AbortSignal
  ): Promise<WebSocketConnection>

  /** What the pool is doing now. */
  stats (): PoolStats

  /**
   * Starts the application anew: a new fork server and new workers beside the old ones, which take
   * requests until all the new ones are ready and then finish what they have. Concurrent calls are
   * answered by one more reload after the one under way.
   * @throws as a rejection: `StartupError` with the Python traceback if the new workers cannot
   *   start, and everything stays as it was; `ERR_CLOSED`
   */
  reload (options?: ReloadOptions): Promise<void>

  /**
   * Takes no more requests, lets those in flight finish, runs lifespan shutdown, ends every process.
   * Never rejects, and may be called more than once.
   */
  close (options?: CloseOptions): Promise<void>

  [Symbol.asyncDispose] (): Promise<void>
}

/** The same class, under the name that `@platformatic/python-node` has for it. */
export { PythonHandler as Python }
