import { nameOptionsAsFlags } from '../util/option-name.js'
import { parseArguments, UsageError } from './arguments.js'
import { FLAGS } from './flags.js'
import { createLogger } from './logger.js'
import { serve } from './serve.js'

/**
 * Runs the command line.
 * @param {string[]} argv without node and the script
 * @returns {Promise<number>} the exit code: 0 stopped by a signal, 1 could not start, 2 wrong usage
 */
export async function main (argv) {
  nameOptionsAsFlags(FLAGS)
  // When the reader of the output is gone, the server keeps serving.
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
