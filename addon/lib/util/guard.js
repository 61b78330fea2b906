/**
 * For callbacks that native code calls: an exception (for example from a user's listener) must not
 * stop the rest of the work, and must not be lost either.
 */

/**
 * Makes it an uncaught exception.
 * @param {unknown} error
 */
export function rethrowLater (error) {
  process.nextTick(() => { throw error })
}

/**
 * Makes a callback that never throws: an exception becomes an uncaught one.
 * @template T
 * @param {(argument: T) => void} callback
 * @returns {(argument: T) => void}
 */
export function guard (callback) {
  return (argument) => {
    try {
      callback(argument)
    } catch (error) {
      rethrowLater(error)
    }
  }
}
