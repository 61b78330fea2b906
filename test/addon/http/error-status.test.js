import assert from 'node:assert/strict'
import { test } from 'node:test'

import { httpStatus } from '../../../addon/lib/http/error-status.js'

test('an error is answered with the status of its code', () => {
  for (const [code, status] of [
    ['ERR_INVALID_HEADER', 400], ['ERR_HEADERS_TOO_LARGE', 431], ['ERR_APP', 500],
    ['ERR_WORKER_CRASHED', 502], ['ERR_QUEUE_FULL', 503], ['ERR_CLOSED', 503],
    ['ERR_REQUEST_TIMEOUT', 504]
  ]) assert.equal(httpStatus({ code }), status, code)
})

test('any other error is answered with 500', () => {
  for (const error of [new Error('x'), { code: 'ENOENT' }, { code: 5 }, undefined, null, 'text']) {
    assert.equal(httpStatus(error), 500)
  }
})
