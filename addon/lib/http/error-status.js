/** The HTTP status that answers a request when there is no response to give. */
const STATUS = new Map([
  ['ERR_INVALID_URL', 400],
  ['ERR_INVALID_METHOD', 400],
  ['ERR_INVALID_HEADER', 400],
  // It is what the server has done to the body, not what the client sent.
  ['ERR_INVALID_BODY', 500],
  ['ERR_HEADERS_TOO_LARGE', 431],
  ['ERR_HOST_NOT_ALLOWED', 421],
  ['ERR_BODY_TOO_LARGE', 413],
  ['ERR_BODY_TOO_SLOW', 408],
  ['ERR_APP', 500],
  ['ERR_INVALID_RESPONSE', 500],
  ['ERR_WORKER_CRASHED', 502],
  ['ERR_WORKER_PROTOCOL', 502],
  ['ERR_WORKER_HUNG', 504],
  ['ERR_WORKER_RETIRED', 503],
  ['ERR_REMOTE_UNREACHABLE', 503],
  ['ERR_REMOTE_LOST', 502],
  ['ERR_REMOTE_PROTOCOL', 502],
  ['ERR_RESPONSE_ABORTED', 502],
  ['ERR_NO_WORKER', 503],
  ['ERR_QUEUE_FULL', 503],
  ['ERR_CLOSED', 503],
  ['ERR_PYTHON_NOT_FOUND', 503],
  ['ERR_PYTHON_UNUSABLE', 503],
  ['ERR_PYTHON_FAILED', 503],
  ['ERR_PRELOAD', 503],
  ['ERR_APP_IMPORT', 503],
  ['ERR_LIFESPAN', 503],
  ['ERR_STARTUP_TIMEOUT', 503],
  ['ERR_REQUEST_TIMEOUT', 504]
])

/**
 * @param {unknown} error
 * @returns {number} 500 for an error without one of these codes
 */
export function httpStatus (error) {
  const code = /** @type {{ code?: unknown } | null | undefined} */ (error)?.code
  return (typeof code === 'string' ? STATUS.get(code) : undefined) ?? 500
}
