/** Reads arguments as the command line does, without a configuration file. */

import { serveArguments } from '../../addon/lib/cli/arguments.js'
import { readFlags } from '../../addon/lib/cli/command.js'
import { Settings } from '../../addon/lib/cli/settings/resolve.js'

/**
 * @param {string[]} argv
 * @param {string} [command]
 * @param {import('../../addon/lib/cli/settings/resolve.js').Sources} [sources]
 */
export function settingsFor (argv, command = 'serve', sources = {}) {
  return new Settings(readFlags(command, argv), sources)
}

/** @param {string[]} argv of `node-asgi serve` */
export function parseArguments (argv) {
  return serveArguments(settingsFor(argv))
}
