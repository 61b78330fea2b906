/**
 * The classes of errors. types/errors.d.ts declares them for users, with the codes of each.
 */

import { namesFlags, optionName } from '../util/option-name.js'

export class NodeAsgiError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   * @param {{ cause?: unknown }} [options]
   */
  constructor (code, message, options) {
    super(message, options)
    this.code = code
  }
}

/** ERR_INVALID_OPTION, ERR_DOCROOT_NOT_FOUND */
export class InvalidOptionError extends NodeAsgiError {
  /**
   * @param {string} option as a program names it, also on the command line
   * @param {string} message
   * @param {string} [code]
   */
  constructor (option, message, code = 'ERR_INVALID_OPTION') {
    super(code, message)
    this.option = option
  }
}

/**
 * ERR_INVALID_URL, ERR_INVALID_METHOD, ERR_INVALID_HEADER, ERR_INVALID_BODY,
 * ERR_HEADERS_TOO_LARGE, ERR_HOST_NOT_ALLOWED, ERR_BODY_TOO_LARGE, ERR_BODY_TOO_SLOW
 */
export class InvalidRequestError extends NodeAsgiError {}

/**
 * ERR_PYTHON_NOT_FOUND, ERR_PYTHON_UNUSABLE, ERR_PYTHON_FAILED, ERR_PRELOAD, ERR_APP_IMPORT,
 * ERR_LIFESPAN, ERR_STARTUP_TIMEOUT
 */
export class StartupError extends NodeAsgiError {
  /**
   * @param {string} code
   * @param {string} message
   * @param {{ type?: string, traceback?: string, cause?: unknown }} [details]
   */
  constructor (code, message, details = {}) {
    super(code, message, details.cause === undefined ? undefined : { cause: details.cause })
    this.type = details.type ?? ''
    this.traceback = details.traceback ?? ''
  }
}

/** ERR_APP */
export class AppError extends NodeAsgiError {
  /**
   * @param {string} type name of the Python exception class
   * @param {string} pythonMessage
   * @param {string} traceback
   * @param {boolean} responseStarted
   */
  constructor (type, pythonMessage, traceback, responseStarted) {
    super('ERR_APP',
      `the application raised ${pythonMessage === '' ? type : `${type}: ${pythonMessage}`}`)
    this.type = type
    this.pythonMessage = pythonMessage
    this.traceback = traceback
    this.responseStarted = responseStarted
  }
}

/** ERR_WORKER_CRASHED, ERR_WORKER_HUNG, ERR_WORKER_PROTOCOL, ERR_WORKER_RETIRED */
export class WorkerError extends NodeAsgiError {
  /**
   * @param {string} code
   * @param {string} message
   * @param {{ worker: number, pid: number, exitCode?: number | null, signal?: string | null,
   *   stacks?: string | null }} details
   * @param {string | null} [request] that the worker had; null: this is about the worker alone
   */
  constructor (code, message, details, request = null) {
    const { worker, pid, exitCode = null, signal = null, stacks = null } = details
    super(code, message)
    this.request = request
    this.worker = worker
    this.pid = pid
    this.exitCode = exitCode
    this.signal = signal
    this.stacks = stacks
  }
}

/** ERR_NO_WORKER, ERR_QUEUE_FULL, ERR_CLOSED */
export class UnavailableError extends NodeAsgiError {}

/** ERR_REQUEST_TIMEOUT */
export class RequestTimeoutError extends NodeAsgiError {
  /** @param {number} timeout in milliseconds */
  constructor (timeout) {
    super('ERR_REQUEST_TIMEOUT', `no response within ${timeout} ms; raise ` +
      optionName('timeouts.request') + (namesFlags() ? '' : ', or the timeout of this request'))
    this.timeout = timeout
  }
}

/** ERR_RESPONSE_ABORTED, ERR_INVALID_RESPONSE */
export class ResponseError extends NodeAsgiError {}

/** ERR_REMOTE_UNREACHABLE, ERR_REMOTE_LOST, ERR_REMOTE_PROTOCOL */
export class RemoteError extends NodeAsgiError {
  /**
   * @param {string} code
   * @param {string} message
   * @param {{ endpoint: string, request?: string | null, cause?: unknown }} details
   */
  constructor (code, message, { endpoint, request = null, cause }) {
    super(code, message, cause === undefined ? undefined : { cause })
    this.endpoint = endpoint
    this.request = request
  }
}

/** ERR_WEBSOCKET_REFUSED */
export class WebSocketRefusedError extends NodeAsgiError {
  /**
   * @param {number} status
   * @param {object} headers a Headers
   * @param {Buffer} body
   */
  constructor (status, headers, body) {
    super('ERR_WEBSOCKET_REFUSED', `the application refused the WebSocket with status ${status}`)
    this.status = status
    this.headers = headers
    this.body = body
  }
}

for (const type of [NodeAsgiError, InvalidOptionError, InvalidRequestError, StartupError, AppError,
  WorkerError, UnavailableError, RequestTimeoutError, ResponseError, RemoteError,
  WebSocketRefusedError]) {
  Object.defineProperty(type.prototype, 'name', {
    value: type.name, writable: true, configurable: true
  })
}
