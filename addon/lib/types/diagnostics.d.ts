import type { Headers } from './http.js'
import type { PythonHandler } from './handler.js'
import type { PythonHandlerEvents } from './observation.js'

/**
 * How a request ended:
 * - `answered`: with a complete response, of whatever status. A WebSocket: it was accepted or
 *   refused, and later closed;
 * - `failed`: the application raised an exception, or its response was incomplete or invalid;
 * - `aborted`: the sender did not wait for the response;
 * - `timeout`: the response did not come in time;
 * - `lost`: the worker that had it ended, and it could not be sent to another one;
 * - `rejected`: it got no worker, because the queue was full or no worker was there, or it was
 *   invalid, too large or too slow.
 */
export type RequestOutcome = 'answered' | 'failed' | 'aborted' | 'timeout' | 'lost' | 'rejected'

/** One end of the connection that a request came over. */
export interface Endpoint {
  /** An IP address, a host name, or the path of a Unix socket. */
  address: string
  /** The port; `null` if it is not known, or if there is none. */
  port: number | null
}

/**
 * A request or a WebSocket, as the channels of `node:diagnostics_channel` show it. The messages of
 * a request carry the same object each time, and its properties are filled in as it goes on.
 *
 * The times of moments are in milliseconds, as `performance.now()` returns them; 0 until the moment
 * has come. Add `performance.timeOrigin` for a date.
 */
export interface ObservedRequest {
  /** The number of the request in its handler. */
  readonly id: number
  /** What it is. */
  readonly type: 'http' | 'websocket'
  /**
   * Whether a client sent it over the network to a server that the handler serves. `false`: the
   * program sent it, also on behalf of a client, as the plugin for Fastify does.
   */
  readonly incoming: boolean
  /** The method. */
  readonly method: string
  /** The path as it was sent, percent-encoded, without the query. It includes `rootPath`. */
  readonly path: string
  /** The query without the question mark; `''` if there is none. It may contain secrets. */
  readonly query: string
  /** `http` or `https`. */
  readonly scheme: string
  /** `1.0`, `1.1` or `2`; `1.1` for a request of the program. */
  readonly httpVersion: string
  /** The prefix that the application is mounted under; `''` if it is not mounted. */
  readonly rootPath: string
  /** The client, as the application sees it; `null` if there is none, or over a Unix socket. */
  readonly client: Endpoint | null
  /** The server, as the application sees it; `null` if it is not known. */
  readonly server: Endpoint | null
  /** The headers of the request. */
  readonly headers: Headers
  /** When the handler took the request. */
  readonly acceptedAt: number
  /** When a worker got it, for the last time if it was sent again. */
  readonly sentAt: number
  /** When the response started, or the WebSocket was accepted or refused. */
  readonly startedAt: number
  /** When its outcome was known. The client may still be receiving the response. */
  readonly endedAt: number
  /** How many milliseconds it has waited in queues. */
  readonly queued: number
  /** The number of the worker that has it, or had it last; 0 if none did. */
  readonly worker: number
  /** The process id of that worker, or 0. */
  readonly pid: number
  /** How often it was sent to another worker because the first one had ended. */
  readonly retries: number
  /**
   * The status of the application's response; 101 for a WebSocket that was accepted; 0 if there is
   * no response. If there is none, a client on the network gets the
   * [status of the error](../errors.md).
   */
  readonly status: number
  /** How it ended; `null` until it has. */
  readonly outcome: RequestOutcome | null
  /** Why there is no complete response; `null` if there is one, and until it has ended. */
  readonly error: any
  /**
   * Sets a header, in place of others of the same name. Only listeners of
   * `node-asgi:request:start` can do so.
   * @throws {@link InvalidRequestError} `ERR_INVALID_HEADER`: the name or value is invalid, or the
   *   request has been sent
   */
  setHeader (name: string, value: string): void
}

/** The message of `node-asgi:request:start`, `:sent`, `:headers` and `:end`. */
export interface RequestMessage {
  /** The handler; `undefined` if it has been garbage collected. */
  handler: PythonHandler | undefined
  /** The request. */
  request: ObservedRequest
}

/** The message of `node-asgi:request:error`. */
export interface RequestErrorMessage extends RequestMessage {
  /** What the caller of the handler gets; of whatever type the program aborted it with. */
  error: any
}

/** The message of an event of a handler: its details, and the handler. */
export type EventMessage<Details> = Details & {
  /** The handler; `undefined` if it has been garbage collected. */
  handler: PythonHandler | undefined
}

/**
 * The channels of `node:diagnostics_channel`, with their messages. They show every request of every
 * handler in the process, whichever way it came in, and every event of a handler. Requests cost
 * more only while something subscribes to one of the channels `node-asgi:request:*`. A request that
 * was in progress before does not appear.
 * @example
 * ```js
 * import { subscribe } from 'node:diagnostics_channel'
 *
 * subscribe('node-asgi:request:end', ({ request }) => {
 *   const { method, path, status, outcome, acceptedAt, endedAt } = request
 *   console.log(method, path, status, outcome, `${(endedAt - acceptedAt).toFixed(1)} ms`)
 * })
 * ```
 */
export interface DiagnosticsChannels {
  /** A handler has taken a request. Headers can be set now. */
  'node-asgi:request:start': RequestMessage
  /** A worker has got it; again if it was sent to another worker. */
  'node-asgi:request:sent': RequestMessage
  /** Its response has started, or the WebSocket was accepted or refused. */
  'node-asgi:request:headers': RequestMessage
  /** There is no complete response. `node-asgi:request:end` follows. */
  'node-asgi:request:error': RequestErrorMessage
  /** Its outcome is known. Each request that has started ends once. */
  'node-asgi:request:end': RequestMessage
  /** As the event `worker:start`. */
  'node-asgi:worker:start': EventMessage<PythonHandlerEvents['worker:start'][0]>
  /** As the event `worker:ready`. */
  'node-asgi:worker:ready': EventMessage<PythonHandlerEvents['worker:ready'][0]>
  /** As the event `worker:hung`. */
  'node-asgi:worker:hung': EventMessage<PythonHandlerEvents['worker:hung'][0]>
  /** As the event `worker:recycle`. */
  'node-asgi:worker:recycle': EventMessage<PythonHandlerEvents['worker:recycle'][0]>
  /** As the event `worker:exit`. */
  'node-asgi:worker:exit': EventMessage<PythonHandlerEvents['worker:exit'][0]>
  /** As the event `reload`. */
  'node-asgi:reload': EventMessage<PythonHandlerEvents['reload'][0]>
  /** As the event `pool:resize`. */
  'node-asgi:pool:resize': EventMessage<PythonHandlerEvents['pool:resize'][0]>
  /** As the event `pool:failed`. */
  'node-asgi:pool:failed': EventMessage<PythonHandlerEvents['pool:failed'][0]>
  /** As the event `pool:recovered`. */
  'node-asgi:pool:recovered': EventMessage<PythonHandlerEvents['pool:recovered'][0]>
  /** As the event `endpoint:added`. */
  'node-asgi:endpoint:added': EventMessage<PythonHandlerEvents['endpoint:added'][0]>
  /** As the event `endpoint:removed`. */
  'node-asgi:endpoint:removed': EventMessage<PythonHandlerEvents['endpoint:removed'][0]>
  /** As the event `endpoint:ejected`. */
  'node-asgi:endpoint:ejected': EventMessage<PythonHandlerEvents['endpoint:ejected'][0]>
  /** As the event `endpoint:recovered`. */
  'node-asgi:endpoint:recovered': EventMessage<PythonHandlerEvents['endpoint:recovered'][0]>
  /** As the event `app:error`. */
  'node-asgi:app:error': EventMessage<PythonHandlerEvents['app:error'][1] & {
    /** What the application raised. */
    error: PythonHandlerEvents['app:error'][0]
  }>
}
