import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  AppError, ResponseError, RequestTimeoutError, WorkerError, bodyTooLargeError, closedError
} from '../../../addon/lib/errors.js'
import { outcomeOf } from '../../../addon/lib/observe/outcome.js'

test('an error that tells decides, and otherwise who ended the request', () => {
  const hangUp = new ResponseError('ERR_RESPONSE_ABORTED', 'x')
  const crash = new WorkerError('ERR_WORKER_CRASHED', 'x', { worker: 1, pid: 1 })
  for (const [error, wasSent, otherwise, outcome] of [
    [null, true, 'answered', 'answered'],
    [hangUp, true, 'aborted', 'aborted'],
    [hangUp, true, 'failed', 'failed'],
    ['any reason', true, 'aborted', 'aborted'],
    [new AppError('E', '', '', false), true, 'aborted', 'failed'],
    [new RequestTimeoutError(1), true, 'aborted', 'timeout'],
    [crash, true, 'failed', 'lost'],
    [closedError(), false, 'failed', 'rejected'],
    // The handler was closed before the response was complete.
    [closedError(), true, 'aborted', 'lost'],
    [bodyTooLargeError(1), true, 'aborted', 'rejected']
  ]) {
    assert.equal(outcomeOf(error, wasSent, otherwise), outcome)
  }
})
