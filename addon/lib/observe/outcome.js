import {
  AppError, InvalidRequestError, RemoteError, RequestTimeoutError, StartupError, UnavailableError,
  WorkerError
} from '../errors.js'

/** @typedef {import('./request-record.js').Outcome} Outcome */

/**
 * How a request ended:
 * - `answered`: with a complete response. A WebSocket: it was accepted or refused, then closed.
 * - `failed`: The application raised, or its response was incomplete or invalid.
 * - `aborted`: The sender did not wait for the response.
 * - `timeout`: The response did not come in time.
 * - `lost`: The worker that had it ended first.
 * - `rejected`: No worker got it, or what the client sent was too much, too slow or invalid.
 * @param {unknown} error null: there is none
 * @param {boolean} wasSent a worker had it
 * @param {Outcome} otherwise what it is unless the error tells
 * @returns {Outcome}
 */
export function outcomeOf (error, wasSent, otherwise) {
  if (error instanceof AppError) return 'failed'
  if (error instanceof RequestTimeoutError) return 'timeout'
  if (error instanceof WorkerError) return 'lost'
  if (error instanceof InvalidRequestError) return 'rejected'
  if (error instanceof UnavailableError || error instanceof StartupError ||
    error instanceof RemoteError) {
    return wasSent ? 'lost' : 'rejected'
  }
  return otherwise
}
