/**
 * Says why a command has failed, and with which code it exits.
 */

import { InvalidOptionError, NodeAsgiError } from '../errors.js'

/** The command cannot do what it is for. The message says what to do. */
export class CommandError extends Error {}

/**
 * @param {unknown} error
 * @param {import('../options.js').Logger} logger gets the message
 * @returns {number} the exit code
 * @throws if the error is a mistake of this program
 */
export function exitCodeOf (error, logger) {
  logger.error(`[node-asgi] ${explain(error)}`)
  return error instanceof InvalidOptionError ? 2 : 1
}

/**
 * @param {unknown} error
 * @returns {string} its message, with the traceback of Python if there is one
 * @throws if the error is a mistake of this program
 */
export function explain (error) {
  if (!(error instanceof NodeAsgiError || error instanceof CommandError)) throw error
  const { traceback = '' } = /** @type {{ traceback?: string }} */ (error)
  const isIncluded = error.message.includes(traceback.trimEnd())
  return isIncluded ? error.message : `${error.message}\n\n${traceback}`
}
