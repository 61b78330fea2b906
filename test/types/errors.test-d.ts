import * as errors from 'node-asgi'
import { type Equal, expectTrue } from './expect.js'

declare const error: errors.AppError | errors.WorkerError | errors.RequestTimeoutError

// The code determines the class.
if (error.code === 'ERR_APP') {
  expectTrue<Equal<typeof error, errors.AppError>>()
  expectTrue<Equal<typeof error.responseStarted, boolean>>()
} else if (error.code === 'ERR_REQUEST_TIMEOUT') {
  expectTrue<Equal<typeof error.timeout, number>>()
} else {
  expectTrue<Equal<typeof error, errors.WorkerError>>()
  expectTrue<Equal<typeof error.signal, string | null>>()
}

function handle (caught: unknown) {
  if (caught instanceof errors.NodeAsgiError) {
    expectTrue<Equal<typeof caught.code, errors.ErrorCode>>()
    // @ts-expect-error: unknown code
    if (caught.code === 'ERR_NOPE') return
  }
  if (caught instanceof errors.InvalidOptionError) {
    expectTrue<Equal<typeof caught.option, string>>()
  }
  if (caught instanceof errors.StartupError) {
    expectTrue<Equal<typeof caught.traceback, string>>()
  }
}
handle(new Error())
