import { COMMANDS, UsageError, readFlags } from './command.js'
import { readSettings } from './settings/sources.js'

/** @typedef {import('./settings/resolve.js').Settings} Settings */

/**
 * A command gets its settings and returns its exit code.
 * @type {Record<keyof typeof COMMANDS,
 *   (settings: Settings) => Promise<(settings: Settings) => Promise<number>>>}
 */
const RUN = {
  serve: async ({ values }) => values.processes > 1
    ? (await import('./cluster/primary.js')).serveCluster
    : (await import('./start.js')).start,
  check: async () => (await import('./check/check.js')).check,
  capacity: async () => (await import('./capacity/capacity.js')).capacity,
  completion: async () => (await import('./completion.js')).completion,
  routes: async () => (await import('./routes.js')).routes,
  types: async () => (await import('./types.js')).types
}

/**
 * Runs the command line. Without the name of a command it serves.
 * @param {string[]} argv without node and the script
 * @returns {Promise<number>} the exit code: 0 done, or stopped by a signal, 1 failed, 2 wrong usage
 */
export async function main (argv) {
  // When the reader of the output is gone, the server keeps serving.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  const isNamed = Object.hasOwn(COMMANDS, argv[0] ?? '')
  const name = isNamed ? argv[0] : 'serve'
  try {
    const flags = readFlags(name, isNamed ? argv.slice(1) : argv)
    const settings = await readSettings(flags)
    if (flags.version) {
      const { versionText } = await import('./version.js')
      process.stdout.write(await versionText(settings.handlerOptions()))
      return 0
    }
    if (settings.values.printConfig) {
      const { configText } = await import('./settings/print-config.js')
      process.stdout.write(configText(name, settings))
      return 0
    }
    return await (await RUN[name](settings))(settings)
  } catch (error) {
    if (error instanceof UsageError) return error.exitCode
    throw error
  }
}
