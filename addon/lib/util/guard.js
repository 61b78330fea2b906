/**
 * For callbacks that native code calls: an exception (of a user's listener, say) must not cut short
 * what the callback still had to do, and must not be lost either.
 */

/** @param {unknown} error */
export function rethrowLater (error) {
  process.nextTick(() => { throw error })
}

/**
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
