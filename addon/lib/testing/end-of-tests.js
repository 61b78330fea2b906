/**
 * Tells when all tests of a file have run.
 *
 * A handler that is idle does not keep the process alive, but one with a request in flight does. If
 * a test leaves such a request behind, for example an event stream, node:test and Jest would wait
 * for it for ever.
 */

import { AsyncResource } from 'node:async_hooks'
import { after } from 'node:test'

/**
 * Hooks belong to the test that runs, in node:test even to the hook that runs. What is called in
 * here belongs to the file.
 */
const file = new AsyncResource('node-asgi/testing')

/**
 * @param {() => Promise<unknown>} action
 * @returns {boolean} whether the runner of the tests will run it
 */
export function atEndOfTests (action) {
  const register = hook()
  if (register === undefined) return false
  try {
    file.runInAsyncScope(() => register(async () => { await action() }))
    return true
  } catch {
    // Jest and Vitest allow no hooks in a test, where this module may be imported first.
    return false
  }
}

/** @returns {((action: () => Promise<void>) => void) | undefined} */
function hook () {
  const { afterAll } = /** @type {Record<string, any>} */ (globalThis)
  if (typeof afterAll === 'function') return afterAll // of Jest, and of Vitest with `globals: true`
  // Set in a file that `node --test` runs. In any other process, node:test would begin a report.
  if (process.env.NODE_TEST_CONTEXT === undefined) return undefined
  return after
}
