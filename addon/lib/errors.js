/**
 * Every error that node-asgi makes: one class per kind, one stable code per cause.
 * The table at the end says which HTTP status the listener answers with.
 */

import { constants } from 'node:os'

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

/** An option of the handler that cannot be used: ERR_INVALID_OPTION, ERR_DOCROOT_NOT_FOUND. */
export class InvalidOptionError extends NodeAsgiError {
  /**
   * @param {string} option
   * @param {string} message
   * @param {string} [code]
   */
  constructor (option, message, code = 'ERR_INVALID_OPTION') {
    super(code, message)
    this.option = option
  }
}

/**
 * A request that cannot be sent: ERR_INVALID_URL, ERR_INVALID_METHOD, ERR_INVALID_HEADER,
 * ERR_INVALID_BODY, ERR_HEADERS_TOO_LARGE.
 */
export class InvalidRequestError extends NodeAsgiError {}

/**
 * Python, or the application in it, did not start: ERR_PYTHON_NOT_FOUND, ERR_PYTHON_FAILED,
 * ERR_PRELOAD, ERR_APP_IMPORT, ERR_LIFESPAN, ERR_STARTUP_TIMEOUT.
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

/** The application raised in a request. */
export class AppError extends NodeAsgiError {
  /**
   * @param {string} type name of the Python exception class
   * @param {string} pythonMessage
   * @param {string} traceback
   * @param {boolean} responseStarted
   */
  constructor (type, pythonMessage, traceback, responseStarted) {
    super('ERR_APP', 'the application raised ' +
      (pythonMessage === '' ? type : `${type}: ${pythonMessage}`) +
      '; see .traceback for where')
    this.type = type
    this.pythonMessage = pythonMessage
    this.traceback = traceback
    this.responseStarted = responseStarted
  }
}

/**
 * The worker process went away (ERR_WORKER_CRASHED), stood still (ERR_WORKER_HUNG), wrote nonsense
 * (ERR_WORKER_PROTOCOL) or was replaced (ERR_WORKER_RETIRED).
 */
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

/** Nobody can take the request now: ERR_NO_WORKER, ERR_QUEUE_FULL, ERR_CLOSED. */
export class UnavailableError extends NodeAsgiError {}

/** The response did not come in time: ERR_REQUEST_TIMEOUT. */
export class RequestTimeoutError extends NodeAsgiError {
  /** @param {number} timeout in milliseconds */
  constructor (timeout) {
    super('ERR_REQUEST_TIMEOUT', `no response within ${timeout} ms; give the request more time ` +
      'with its timeout option, or all of them with timeouts.request')
    this.timeout = timeout
  }
}

/** The response cannot be delivered: ERR_RESPONSE_ABORTED, ERR_INVALID_RESPONSE. */
export class ResponseError extends NodeAsgiError {}

/** The application did not accept a WebSocket, and answered with a response: ERR_WEBSOCKET_REFUSED. */
export class WebSocketRefusedError extends NodeAsgiError {
  /**
   * @param {number} status
   * @param {import('./message/headers.js').Headers} headers
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
  WorkerError, UnavailableError, RequestTimeoutError, ResponseError, WebSocketRefusedError]) {
  Object.defineProperty(type.prototype, 'name', {
    value: type.name, writable: true, configurable: true
  })
}

/** @returns {UnavailableError} */
export function closedError () {
  return new UnavailableError('ERR_CLOSED',
    'the handler is closed; make a new PythonHandler to send more requests')
}

/**
 * @param {number} limit
 * @returns {UnavailableError}
 */
export function queueFullError (limit) {
  return new UnavailableError('ERR_QUEUE_FULL', `${limit} requests are waiting already; send ` +
    'fewer at a time, or raise workers, concurrency or maxQueue')
}

/**
 * @param {string} why
 * @returns {UnavailableError}
 */
export function noWorkerError (why) {
  return new UnavailableError('ERR_NO_WORKER', why)
}

const REQUEST_CODES = new Set([
  'ERR_INVALID_URL', 'ERR_INVALID_METHOD', 'ERR_INVALID_HEADER', 'ERR_HEADERS_TOO_LARGE'
])

/**
 * The binding's refusal of a request, as an error of ours.
 * @param {Error & { code?: string }} error
 * @returns {Error}
 */
export function requestError (error) {
  if (error.code === undefined || !REQUEST_CODES.has(error.code)) return error
  return new InvalidRequestError(error.code, error.message)
}

/**
 * What the end of a process means to the requests that were in it.
 * @param {{ id: number, pid: number, readyAt: number }} worker readyAt: 0 if it never was
 * @param {number | null} exitCode
 * @param {number} signal 0: none
 * @returns {WorkerError}
 */
export function crashedError (worker, exitCode, signal) {
  const name = signal === 0 ? null : signalName(signal)
  let how = 'with its fork server'
  if (name !== null) how = `by ${name}`
  else if (exitCode !== null) how = `with exit code ${exitCode}`
  if (worker.readyAt === 0) how += ' before it was ready'
  return new WorkerError('ERR_WORKER_CRASHED',
    `worker ${worker.id} (pid ${worker.pid}) ended ${how}; what it printed may say more`,
    { worker: worker.id, pid: worker.pid, exitCode, signal: name })
}

/**
 * A worker was replaced and did not finish the request in time.
 * @param {{ id: number, pid: number, reason: string | null }} worker
 * @returns {WorkerError}
 */
export function drainedError (worker) {
  return new WorkerError('ERR_WORKER_RETIRED', `worker ${worker.id} (pid ${worker.pid}) was ` +
    `replaced (${worker.reason}) and its response was not complete in time; long streams should ` +
    'be resumed by the client, or raise timeouts.retire', { worker: worker.id, pid: worker.pid })
}

/**
 * @param {{ id: number, pid: number }} worker
 * @param {number} limit milliseconds
 * @param {string} stacks of all its threads, or ''
 * @returns {WorkerError}
 */
export function hungError (worker, limit, stacks) {
  return new WorkerError('ERR_WORKER_HUNG',
    `the event loop of worker ${worker.id} (pid ${worker.pid}) stood still for ${limit} ms, so it ` +
    'is killed and replaced. Do not block in async functions: use a sync endpoint or ' +
    'asyncio.to_thread(), or raise timeouts.hang',
    { worker: worker.id, pid: worker.pid, stacks })
}

/**
 * What the end of a worker means to one request that it had.
 * @param {Error} error of the worker
 * @param {string} request method and path
 * @returns {Error}
 */
export function lostError (error, request) {
  if (!(error instanceof WorkerError)) return error
  return new WorkerError(error.code, `${request} was lost: ${error.message}`, error, request)
}

/**
 * Whether a worker died by something that a request can do: not with its fork server, and not because
 * it was told to end.
 * @param {Error} error that a request was lost with
 */
export function diedByItself (error) {
  if (!(error instanceof WorkerError) || error.code === 'ERR_WORKER_RETIRED') return false
  return error.code !== 'ERR_WORKER_CRASHED' || error.exitCode !== null || error.signal !== null
}

/**
 * @param {number} number
 * @returns {string}
 */
export function signalName (number) {
  for (const [name, value] of Object.entries(constants.signals)) {
    if (value === number) return name
  }
  return `signal ${number}`
}

const STARTUP_CODES = new Map([
  ['import', 'ERR_APP_IMPORT'],
  ['lifespan', 'ERR_LIFESPAN'],
  ['timeout', 'ERR_STARTUP_TIMEOUT']
])

const STARTUP_TEXTS = new Map([
  ['import', 'the application could not be imported; check appTarget and docroot'],
  ['lifespan', 'the startup of the application (lifespan) failed'],
  ['timeout', 'the startup of the application took too long; raise timeouts.startup']
])

/**
 * From a worker's report that its application did not start.
 * @param {string} kind import | lifespan | timeout | internal
 * @param {string} type
 * @param {string} message
 * @param {string} traceback
 * @returns {StartupError}
 */
export function startupError (kind, type, message, traceback) {
  const code = STARTUP_CODES.get(kind) ?? 'ERR_PYTHON_FAILED'
  const text = STARTUP_TEXTS.get(kind) ?? 'the worker could not start'
  return new StartupError(code, describe(text, type, message, traceback), { type, traceback })
}

/**
 * From the fork server's report that it could not start.
 * @param {string} type
 * @param {string} message
 * @param {string} traceback
 * @returns {StartupError}
 */
export function preloadError (type, message, traceback) {
  const text = 'the fork server could not start; check the preload option'
  return new StartupError('ERR_PRELOAD', describe(text, type, message, traceback),
    { type, traceback })
}

/**
 * What a process needs of this one was not to be had: descriptors or memory.
 * @param {unknown} error
 * @returns {StartupError}
 */
export function resourceError (error) {
  const { message } = /** @type {Error} */ (error)
  return new StartupError('ERR_PYTHON_FAILED', 'the means for a Python process are not there: ' +
    `${message}; look at the limit of open files (ulimit -n) and at the memory`, { cause: error })
}

/**
 * @param {string} text
 * @param {string} type
 * @param {string} message
 * @param {string} traceback
 */
function describe (text, type, message, traceback) {
  const cause = [type, message].filter((part) => part !== '').join(': ')
  const headline = cause === '' ? text : `${text}: ${cause}`
  return traceback === '' ? headline : `${headline}\n\n${traceback.trimEnd()}`
}

/** Status that the HTTP listener answers with when there is no response to give. */
const HTTP_STATUS = new Map([
  ['ERR_INVALID_URL', 400],
  ['ERR_INVALID_METHOD', 400],
  ['ERR_INVALID_HEADER', 400],
  ['ERR_INVALID_BODY', 400],
  ['ERR_HEADERS_TOO_LARGE', 431],
  ['ERR_APP', 500],
  ['ERR_INVALID_RESPONSE', 500],
  ['ERR_WORKER_CRASHED', 502],
  ['ERR_WORKER_PROTOCOL', 502],
  ['ERR_WORKER_HUNG', 504],
  ['ERR_WORKER_RETIRED', 503],
  ['ERR_RESPONSE_ABORTED', 502],
  ['ERR_NO_WORKER', 503],
  ['ERR_QUEUE_FULL', 503],
  ['ERR_CLOSED', 503],
  ['ERR_PYTHON_NOT_FOUND', 503],
  ['ERR_PYTHON_FAILED', 503],
  ['ERR_PRELOAD', 503],
  ['ERR_APP_IMPORT', 503],
  ['ERR_LIFESPAN', 503],
  ['ERR_STARTUP_TIMEOUT', 503],
  ['ERR_REQUEST_TIMEOUT', 504]
])

/**
 * @param {unknown} error
 * @returns {number}
 */
export function httpStatus (error) {
  const code = /** @type {{ code?: unknown } | null | undefined} */ (error)?.code
  return (typeof code === 'string' ? HTTP_STATUS.get(code) : undefined) ?? 500
}
