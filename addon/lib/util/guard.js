/**
 * For calls into code of the user, and for callbacks that native code calls. An exception must not
 * cut short what the caller still has to do, and must not be lost either: it is thrown in a turn of
 * its own, as if a timer had thrown it.
 */

import { escapeControls, logEntry } from './log-text.js'

/**
 * Makes it an uncaught exception.
 * @param {unknown} error
 */
export function rethrowLater (error) {
  process.nextTick(() => { throw error })
}

/**
 * @template {any[]} Args
 * @param {(...args: Args) => void} callback
 * @returns {(...args: Args) => void} calls it, and never throws
 */
export function guard (callback) {
  return (...args) => {
    try {
      callback(...args)
    } catch (error) {
      rethrowLater(error)
    }
  }
}

/**
 * A logger whose methods never throw, whatever those of the user's do, and which gets only text
 * that is safe in a log. A logger that has children is a structured one: it frames entries itself.
 * @template {{ [level: string]: any }} T
 * @param {T} logger
 * @returns {T} with those of its methods that node-asgi calls
 */
export function guardLogger (logger) {
  /** @type {{ [level: string]: any }} */
  const guarded = {}
  const clean = typeof logger.child === 'function' ? escapeControls : logEntry
  for (const level of ['debug', 'info', 'warn', 'error']) {
    if (typeof logger[level] !== 'function') continue
    guarded[level] = guard((...args) => logger[level](
      ...args.map((arg) => typeof arg === 'string' ? clean(arg) : arg)))
  }
  if (typeof logger.child === 'function') {
    guarded.child = (/** @type {any[]} */ ...args) => {
      try {
        return guardLogger(logger.child(...args))
      } catch (error) {
        rethrowLater(error)
        return guarded
      }
    }
  }
  return /** @type {T} */ (guarded)
}
