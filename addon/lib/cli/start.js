/**
 * Begins to serve: starts Python as soon as the settings are known, and loads the server meanwhile.
 */

import { parseOptions } from '../options.js'
import { Launcher } from '../supervisor/launcher.js'
import { serveArguments } from './arguments.js'
import { exitCodeOf } from './failure.js'
import { createLogger, isShown } from './logger.js'
import { Screen } from './terminal/screen.js'

/**
 * @param {import('./settings/resolve.js').Settings} given
 * @returns {Promise<number>} the exit code, once the server has stopped or could not start
 */
export async function start (given) {
  const settings = serveArguments(given)
  const { handler, logLevel, reload } = settings
  const screen = new Screen()
  const logger = createLogger(logLevel, screen.err, screen.paintErr)
  /** @type {Launcher | null} */
  let launcher = null
  try {
    const options = parseOptions({ ...handler, logger })
    // A debugger has the terminal for itself.
    const isLive = screen.isLive && options.debug === null && isShown('info', logLevel)
    launcher = new Launcher(options, { preparation: isLive ? { progress: true } : undefined })
    // The files must be watched before they are imported, so that no change is missed.
    if (reload === null) launcher.begin()
    else launcher.beginReload()
    const { serve } = await import('./serve.js')
    return await serve({ settings, launcher, logger, screen, isLive })
  } catch (error) {
    return exitCodeOf(error, logger)
  } finally {
    await launcher?.close()
  }
}
