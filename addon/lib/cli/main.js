import { parseArguments, UsageError } from './arguments.js'
import { createLogger } from './logger.js'
import { serve } from './serve.js'

/**
 * The command line.
 * @param {string[]} argv without node and the script
 * @returns {Promise<number>} the exit code: 0 stopped as asked, 1 could not start, 2 wrong
 *   use
 */
export async function main (argv) {
  // Whoever read the output is gone, which is no reason to let requests down.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  let settings
  try {
    settings = parseArguments(argv)
  } catch (error) {
    if (error instanceof UsageError) return error.exitCode
    throw error
  }
  return serve(settings, createLogger(settings.logLevel))
}
