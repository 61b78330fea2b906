import { nameOptionsAsFlags } from '../util/option-name.js'
import { UsageError } from './common-arguments.js'
import { FLAGS } from './flags.js'

/**
 * A command gets its arguments and returns its exit code.
 * @type {Record<string, () => Promise<(argv: string[]) => Promise<number>>>}
 */
const COMMANDS = {
  serve: async () => (await import('./serve.js')).serve,
  types: async () => (await import('./types.js')).types
}

/**
 * Runs the command line. Without the name of a command it serves.
 * @param {string[]} argv without node and the script
 * @returns {Promise<number>} the exit code: 0 done, or stopped by a signal, 1 failed, 2 wrong usage
 */
export async function main (argv) {
  nameOptionsAsFlags(FLAGS)
  // When the reader of the output is gone, the server keeps serving.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  const isNamed = Object.hasOwn(COMMANDS, argv[0] ?? '')
  const command = await COMMANDS[isNamed ? argv[0] : 'serve']()
  try {
    return await command(isNamed ? argv.slice(1) : argv)
  } catch (error) {
    if (error instanceof UsageError) return error.exitCode
    throw error
  }
}
