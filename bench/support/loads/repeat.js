/**
 * Calls `step` repeatedly.
 * @param {() => Promise<unknown>} step
 * @returns {() => Promise<void>} stops, waits for the last step, and throws what a step has thrown
 */
export function repeat (step) {
  const stopped = new AbortController()
  const done = (async () => {
    while (!stopped.signal.aborted) await step()
  })()
  done.catch(() => {}) // thrown to the caller of the function below
  return async () => {
    stopped.abort()
    await done
  }
}
