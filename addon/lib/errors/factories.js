/**
 * Makes errors from what happened: which class and code it is, and what the message says.
 */

import { constants } from 'node:os'

import { namesFlags, optionName, optionNames, remoteName } from '../util/option-name.js'
import {
  InvalidRequestError, NodeAsgiError, ResponseError, StartupError, UnavailableError, WorkerError
} from './classes.js'

/** @returns {UnavailableError} */
export function closedError () {
  return new UnavailableError('ERR_CLOSED', namesFlags()
    ? 'the server is stopping'
    : 'the handler is closed; create a new PythonHandler to send more requests')
}

/** @returns {UnavailableError} */
export function serverClosedError () {
  return new UnavailableError('ERR_CLOSED', 'the HTTP server is closing')
}

/**
 * @param {number} limit
 * @returns {UnavailableError}
 */
export function queueFullError (limit) {
  return new UnavailableError('ERR_QUEUE_FULL', `${limit} requests are already waiting for a ` +
    `worker; send fewer at a time, or raise ${optionNames('workers', 'concurrency', 'maxQueue')}`)
}

/**
 * @param {string} why
 * @returns {UnavailableError}
 */
export function noWorkerError (why) {
  return new UnavailableError('ERR_NO_WORKER', why)
}

/**
 * @param {number} limit bytes
 * @returns {InvalidRequestError}
 */
export function bodyTooLargeError (limit) {
  return new InvalidRequestError('ERR_BODY_TOO_LARGE',
    `the request body is longer than ${limit} bytes; raise ${optionName('maxBody')}`)
}

/**
 * @param {number} rate bytes a second
 * @returns {InvalidRequestError}
 */
export function slowBodyError (rate) {
  return new InvalidRequestError('ERR_BODY_TOO_SLOW', 'the client sent the request body at less ' +
    `than ${rate} bytes a second; lower ${optionName('minBodyRate')} for slower clients`)
}

/** @returns {ResponseError} */
export function clientGoneError () {
  return new ResponseError('ERR_RESPONSE_ABORTED',
    'the client closed the connection before the response was complete')
}

/**
 * @param {string} what cannot be done with the option remote, and what to do instead
 * @returns {NodeAsgiError}
 */
export function remoteUnsupportedError (what) {
  return new NodeAsgiError('ERR_REMOTE_UNSUPPORTED',
    `the application is remote (${remoteName()}), which rules out ${what}`)
}

const REQUEST_CODES = new Set([
  'ERR_INVALID_URL', 'ERR_INVALID_METHOD', 'ERR_INVALID_HEADER', 'ERR_HEADERS_TOO_LARGE'
])

/**
 * Turns the binding's refusal of a request into an InvalidRequestError. Other errors stay as they
 * are.
 * @param {Error & { code?: string }} error
 * @returns {Error}
 */
export function requestError (error) {
  if (error.code === undefined || !REQUEST_CODES.has(error.code)) return error
  return new InvalidRequestError(error.code, error.message)
}

/**
 * A worker process ended without being told to.
 * @param {{ id: number, pid: number, readyAt: number, interpreter: { toString: () => string } }}
 *   worker readyAt: 0 if it never was
 * @param {number | null} exitCode
 * @param {number} signal 0: none
 * @param {{ how: string, advice: string } | null} [limit] the limit that it has reached
 * @returns {WorkerError}
 */
export function crashedError (worker, exitCode, signal, limit = null) {
  const name = signal === 0 ? null : signalName(signal)
  let how = 'ended together with its fork server'
  if (limit !== null) how = limit.how
  else if (name !== null) how = `was killed by ${name}`
  else if (exitCode !== null) how = `ended with exit code ${exitCode}`
  if (worker.readyAt === 0) how += ` before it was ready, under ${worker.interpreter}`
  let advice = 'its output may say why'
  if (limit !== null) {
    advice = limit.advice
  } else if (name === 'SIGKILL') {
    // Nothing can print anything when it is killed like that.
    advice = 'if nobody sent it, the system was probably out of memory (the kernel log says so)'
  }
  return new WorkerError('ERR_WORKER_CRASHED',
    `worker ${worker.id} (pid ${worker.pid}) ${how}; ${advice}`,
    { worker: worker.id, pid: worker.pid, exitCode, signal: name })
}

/**
 * The handler is closing, and a request has not ended in time.
 * @returns {UnavailableError}
 */
export function cutOffError () {
  const [what, other] = namesFlags() ? ['server', ''] : ['handler', ', or the timeout of close(),']
  return new UnavailableError('ERR_CLOSED', `the ${what} was closed before the response was ` +
    `complete; raise ${optionName('timeouts.drain')}${other} to give requests longer`)
}

/**
 * A worker was replaced and did not finish the request in time.
 * @param {{ id: number, pid: number, reason: string | null }} worker
 * @returns {WorkerError}
 */
export function drainedError (worker) {
  return new WorkerError('ERR_WORKER_RETIRED', `worker ${worker.id} (pid ${worker.pid}) was ` +
    `replaced (${worker.reason}) before its response was complete; let clients resume long ` +
    `streams, or raise ${optionName('timeouts.retire')}`, { worker: worker.id, pid: worker.pid })
}

/**
 * @param {{ id: number, pid: number }} worker
 * @param {number} limit milliseconds
 * @param {string} stacks of all its threads, or ''
 * @returns {WorkerError}
 */
export function hungError (worker, limit, stacks) {
  return new WorkerError('ERR_WORKER_HUNG',
    `the event loop of worker ${worker.id} (pid ${worker.pid}) was blocked for ${limit} ms, so ` +
    'the worker is killed and replaced; do not block in async functions (use a sync endpoint or ' +
    `asyncio.to_thread()), or raise ${optionName('timeouts.hang')}`,
    { worker: worker.id, pid: worker.pid, stacks })
}

/**
 * What the end of a worker means for one request that it had.
 * @param {Error} error of the worker
 * @param {string} request method and path
 * @returns {Error}
 */
export function lostError (error, request) {
  if (!(error instanceof WorkerError)) return error
  return new WorkerError(error.code, `${request} was lost: ${error.message}`, error, request)
}

/**
 * Whether a worker died of something that a request can do: not with its fork server, and not
 * because it was told to end.
 * @param {Error} error that a request was lost with
 */
export function diedByItself (error) {
  if (!(error instanceof WorkerError) || error.code === 'ERR_WORKER_RETIRED') return false
  return error.code !== 'ERR_WORKER_CRASHED' || error.exitCode !== null || error.signal !== null
}

/**
 * What the log says about a request that was lost with its worker. The log of the worker itself
 * says what happened, and what to do about it.
 * @param {WorkerError} error made by lostError()
 */
export function lostInShort ({ code, request, worker, pid }) {
  return `${request} was lost with worker ${worker} (pid ${pid}): ${code}`
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

/**
 * A worker reports that its application did not start.
 * @param {string} interpreter that runs it, and why (interpreter/interpreter.js)
 * @param {string} kind import | override | routes | lifespan | timeout | internal
 * @param {string} type
 * @param {string} message
 * @param {string} traceback
 * @returns {StartupError}
 */
export function startupError (interpreter, kind, type, message, traceback) {
  const [code, what, advice] = startupFailure(kind, traceback !== '')
  const text = `${what} under ${interpreter}`
  return new StartupError(code, describe(text, type, message, advice, traceback),
    { type, traceback })
}

/**
 * @param {string} kind
 * @param {boolean} isFound the application has been found, and its own code raised
 * @returns {[code: string, what: string, advice: string]}
 */
function startupFailure (kind, isFound) {
  switch (kind) {
    case 'import':
      return ['ERR_APP_IMPORT', 'could not import the application', isFound
        ? ''
        : `; check ${optionName('appTarget')} and ${optionName('docroot')}`]
    case 'override':
      return ['ERR_APP_IMPORT', 'could not use the option overrides', '']
    case 'routes':
      return ['ERR_APP_IMPORT', 'could not list the routes of the application', '']
    case 'lifespan':
      return ['ERR_LIFESPAN', 'the lifespan startup of the application failed', '']
    case 'timeout':
      return ['ERR_STARTUP_TIMEOUT', 'the application did not start in time',
        `; raise ${optionName('timeouts.startup')} if it needs longer`]
    default:
      return ['ERR_PYTHON_FAILED', 'the worker could not start', '']
  }
}

/**
 * The fork server reports that it could not start.
 * @param {string} interpreter that runs it, and why
 * @param {string} option that names what is preloaded
 * @param {string} type
 * @param {string} message
 * @param {string} traceback
 * @returns {StartupError}
 */
export function preloadError (interpreter, option, type, message, traceback) {
  // With a traceback the modules have been found, and their own code raised.
  const advice = traceback === ''
    ? `; check ${optionName(option)} and ${optionName('docroot')}`
    : ''
  const text = `the fork server could not start under ${interpreter}`
  return new StartupError('ERR_PRELOAD', describe(text, type, message, advice, traceback),
    { type, traceback })
}

/**
 * This process has no memory or descriptors left for a Python process.
 * @param {unknown} error
 * @returns {StartupError}
 */
export function resourceError (error) {
  const { message } = /** @type {Error} */ (error)
  return new StartupError('ERR_PYTHON_FAILED', 'not enough memory or file descriptors to start a ' +
    `Python process: ${message}; raise the limit of open files (ulimit -n), or free memory`,
  { cause: error })
}

/**
 * How Python marks the name of an option in a message (errors.py). Other marks stay as they are.
 */
const OPTION_MARK = /\{option:(docroot|factory|interface|python)\}/g

/**
 * @param {string} text
 * @param {string} type
 * @param {string} message
 * @param {string} advice
 * @param {string} traceback
 */
function describe (text, type, message, advice, traceback) {
  const named = message.replace(OPTION_MARK, (_, option) => optionName(option))
  const cause = [type, named].filter((part) => part !== '').join(': ')
  const headline = (cause === '' ? text : `${text}: ${cause}`) + advice
  return traceback === '' ? headline : `${headline}\n\n${traceback.trimEnd()}`
}
