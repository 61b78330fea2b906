import { parseOptions } from '../options.js'
import { Launcher } from '../supervisor/launcher.js'
import { isShown } from './logger.js'

/**
 * What starts Python for a server of the command line.
 * @param {import('./arguments.js').Arguments} settings
 * @param {import('../options.js').Logger} logger
 * @param {import('./terminal/screen.js').Screen} screen shows how the start goes on, if it can
 * @returns {Launcher}
 * @throws {import('../errors.js').NodeAsgiError}
 */
export function createLauncher ({ handler, logLevel }, logger, screen) {
  const options = parseOptions({ ...handler, logger })
  // A debugger has the terminal for itself.
  const isLive = screen.isLive && options.debug === null && isShown('info', logLevel)
  return new Launcher(options, { preparation: isLive ? { progress: true } : undefined })
}
