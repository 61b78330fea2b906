/**
 * Does `step` again and again.
 * @param {() => Promise<unknown>} step
 * @returns {() => Promise<void>} stops that, and waits for the last; throws what a step has thrown
 */
export function repeat (step) {
  const stopped = new AbortController()
  const done = (async () => {
    while (!stopped.signal.aborted) await step()
  })()
  done.catch(() => {}) // until it is waited for
  return async () => {
    stopped.abort()
    await done
  }
}
