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

/** Codes of {@link StartupError}. */
export type StartupErrorCode =
  | 'ERR_PYTHON_NOT_FOUND'
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

/** Codes of {@link ResponseError}. */
export type ResponseErrorCode = 'ERR_RESPONSE_ABORTED' | 'ERR_INVALID_RESPONSE'

/** Every code of every error; docs/errors.md says when each comes and what to do. */
export type ErrorCode =
  | OptionErrorCode
  | RequestErrorCode
  | StartupErrorCode
  | WorkerErrorCode
  | UnavailableErrorCode
  | ResponseErrorCode
  | 'ERR_APP'
  | 'ERR_WEBSOCKET_REFUSED'
  | 'ERR_REQUEST_TIMEOUT'
  | 'ERR_BINDING_NOT_FOUND'

/** What every error of node-asgi is an instance of. */
export class NodeAsgiError extends Error {
  /** Stable: compare this, never the message. */
  readonly code: ErrorCode
}

/** An option of the handler cannot be used. Thrown by the constructor. */
export class InvalidOptionError extends NodeAsgiError {
  readonly code: OptionErrorCode
  /** Name of the option, `timeouts.startup` for one in a group. */
  readonly option: string
}

/** A request cannot be sent as it is; the worker has not seen it, or not all of it. */
export class InvalidRequestError extends NodeAsgiError {
  readonly code: RequestErrorCode
}

/** Python, or the application in it, did not start. */
export class StartupError extends NodeAsgiError {
  readonly code: StartupErrorCode
  /** Name of the Python exception's class, `''` if there was none. */
  readonly type: string
  /** The Python traceback (the message ends with it too), `''` if there was none. */
  readonly traceback: string
}

/** The application raised in a request, or broke the ASGI protocol. */
export class AppError extends NodeAsgiError {
  readonly code: 'ERR_APP'
  /** Name of the Python exception's class, for example `ValueError`. */
  readonly type: string
  /** `str()` of the Python exception. */
  readonly pythonMessage: string
  /** The Python traceback. */
  readonly traceback: string
  /** Whether the response had started: then a client has seen a part of it. */
  readonly responseStarted: boolean
}

/** The worker process that had the request went away. */
export class WorkerError extends NodeAsgiError {
  readonly code: WorkerErrorCode
  /** Number of the worker in its handler. */
  readonly worker: number
  readonly pid: number
  /** `null` if a signal ended it, or if that is not known. */
  readonly exitCode: number | null
  /** Name of the signal that ended it, for example `SIGSEGV`, or `null`. */
  readonly signal: string | null
  /** Method and path of the request that it had; `null` in `worker:exit`. */
  readonly request: string | null
  /** Python stacks of all threads of a worker that hung, or `null`. */
  readonly stacks: string | null
}

/** Nobody can take the request now. */
export class UnavailableError extends NodeAsgiError {
  readonly code: UnavailableErrorCode
}

/** The response did not start in time; the application got `http.disconnect`. */
export class RequestTimeoutError extends NodeAsgiError {
  readonly code: 'ERR_REQUEST_TIMEOUT'
  /** The time that it had, in milliseconds. */
  readonly timeout: number
}

/** The application did not accept a WebSocket. */
export class WebSocketRefusedError extends NodeAsgiError {
  readonly code: 'ERR_WEBSOCKET_REFUSED'
  /** That of its response; 403 if it just closed the WebSocket. */
  readonly status: number
  readonly headers: Headers
  readonly body: Buffer
}

/** The response cannot be delivered, or not all of it. */
export class ResponseError extends NodeAsgiError {
  readonly code: ResponseErrorCode
}
