import type { Headers } from './http.js'

/** Codes of {@link InvalidOptionError}. */
export type OptionErrorCode = 'ERR_INVALID_OPTION' | 'ERR_DOCROOT_NOT_FOUND'

/** Codes of {@link InvalidRequestError}. */
export type RequestErrorCode =
  | 'ERR_INVALID_URL'
  | 'ERR_INVALID_METHOD'
  | 'ERR_INVALID_HEADER'
  | 'ERR_INVALID_BODY'
  | 'ERR_HEADERS_TOO_LARGE'
  | 'ERR_HOST_NOT_ALLOWED'
  | 'ERR_BODY_TOO_LARGE'
  | 'ERR_BODY_TOO_SLOW'

/** Codes of {@link StartupError}. */
export type StartupErrorCode =
  | 'ERR_PYTHON_NOT_FOUND'
  | 'ERR_PYTHON_UNUSABLE'
  | 'ERR_PYTHON_FAILED'
  | 'ERR_PRELOAD'
  | 'ERR_APP_IMPORT'
  | 'ERR_LIFESPAN'
  | 'ERR_STARTUP_TIMEOUT'

/** Codes of {@link WorkerError}. */
export type WorkerErrorCode =
  'ERR_WORKER_CRASHED' | 'ERR_WORKER_HUNG' | 'ERR_WORKER_PROTOCOL' | 'ERR_WORKER_RETIRED'

/** Codes of {@link UnavailableError}. */
export type UnavailableErrorCode = 'ERR_NO_WORKER' | 'ERR_QUEUE_FULL' | 'ERR_CLOSED'

/** Codes of {@link RemoteError}. */
export type RemoteErrorCode =
  'ERR_REMOTE_UNREACHABLE' | 'ERR_REMOTE_LOST' | 'ERR_REMOTE_PROTOCOL'

/** Codes of {@link ResponseError}. */
export type ResponseErrorCode = 'ERR_RESPONSE_ABORTED' | 'ERR_INVALID_RESPONSE'

/** The codes of all errors. docs/errors.md explains when each occurs and what to do about it. */
export type ErrorCode =
  | OptionErrorCode
  | RequestErrorCode
  | StartupErrorCode
  | WorkerErrorCode
  | UnavailableErrorCode
  | ResponseErrorCode
  | RemoteErrorCode
  | 'ERR_REMOTE_UNSUPPORTED'
  | 'ERR_APP'
  | 'ERR_WEBSOCKET_REFUSED'
  | 'ERR_REQUEST_TIMEOUT'
  | 'ERR_BINDING_NOT_FOUND'
  | 'ERR_UNSUPPORTED_PLATFORM'
  | 'ERR_UNSUPPORTED_RUNTIME'

/**
 * The base class of all errors of node-asgi.
 * @example
 * ```js
 * try {
 *   await python.handleRequest({ url: '/' })
 * } catch (error) {
 *   if (error.code === 'ERR_APP') console.error(error.traceback)
 *   else throw error
 * }
 * ```
 */
export class NodeAsgiError extends Error {
  /** What happened. The code is stable: compare it, never the message. */
  readonly code: ErrorCode
}

/** An option, or a property of a request, cannot be used. */
export class InvalidOptionError extends NodeAsgiError {
  readonly code: OptionErrorCode
  /** The name of the option, for example `timeouts.startup` for one in a group. */
  readonly option: string
}

/** A request cannot be sent. The application has not received it, or only part of its body. */
export class InvalidRequestError extends NodeAsgiError {
  readonly code: RequestErrorCode
}

/** Python or the application did not start. */
export class StartupError extends NodeAsgiError {
  readonly code: StartupErrorCode
  /** The class of the Python exception, or `''` if there was none. */
  readonly type: string
  /** The Python traceback, or `''` if there was none. The message ends with it, too. */
  readonly traceback: string
}

/** The application raised an exception during a request, or did not follow the ASGI protocol. */
export class AppError extends NodeAsgiError {
  readonly code: 'ERR_APP'
  /** The class of the Python exception, for example `ValueError`. */
  readonly type: string
  /** The text of the Python exception, as `str()` returns it. */
  readonly pythonMessage: string
  /** The Python traceback. */
  readonly traceback: string
  /** Whether the response had started. If so, the client has received part of it. */
  readonly responseStarted: boolean
}

/** The worker process that had the request ended, or was replaced. */
export class WorkerError extends NodeAsgiError {
  readonly code: WorkerErrorCode
  /** The number of the worker. */
  readonly worker: number
  /** The process id of the worker. */
  readonly pid: number
  /** The exit code, or `null` if a signal ended the worker or the code is not known. */
  readonly exitCode: number | null
  /** The name of the signal that ended the worker, for example `SIGSEGV`, or `null`. */
  readonly signal: string | null
  /** The method and path of the request; `null` for an error about the worker itself. */
  readonly request: string | null
  /**
   * The Python stacks of all threads and tasks if the event loop of the worker was blocked, or
   * `null`.
   */
  readonly stacks: string | null
}

/** No worker can take the request now. */
export class UnavailableError extends NodeAsgiError {
  readonly code: UnavailableErrorCode
}

/** An endpoint of a remote application (the option `remote`) failed with the request. */
export class RemoteError extends NodeAsgiError {
  readonly code: RemoteErrorCode
  /** The address of the endpoint. */
  readonly endpoint: string
  /** The method and path of the request; `null` for an error about the endpoint itself. */
  readonly request: string | null
}

/** The response did not arrive in time. The application has got `http.disconnect`. */
export class RequestTimeoutError extends NodeAsgiError {
  readonly code: 'ERR_REQUEST_TIMEOUT'
  /** The limit, in milliseconds. */
  readonly timeout: number
}

/** The application did not accept a WebSocket. */
export class WebSocketRefusedError extends NodeAsgiError {
  readonly code: 'ERR_WEBSOCKET_REFUSED'
  /** The status of its response; 403 if it only closed the WebSocket. */
  readonly status: number
  /** The headers of its response; empty if it only closed the WebSocket. */
  readonly headers: Headers
  /** The body of its response; empty if it only closed the WebSocket. */
  readonly body: Buffer
}

/** The response cannot be delivered, or only part of it. */
export class ResponseError extends NodeAsgiError {
  readonly code: ResponseErrorCode
}
