/**
 * Begins to serve: starts Python as soon as the settings are known, and loads the server meanwhile.
 */

import { serveArguments } from './arguments.js'
import { exitCodeOf } from './failure.js'
import { createLauncher } from './launch.js'
import { createLogger } from './logger.js'
import { Screen } from './terminal/screen.js'

/**
 * @param {import('./settings/resolve.js').Settings} given
 * @returns {Promise<number>} the exit code, once the server has stopped or could not start
 */
export async function start (given) {
  const settings = serveArguments(given)
  const screen = new Screen()
  const logger = createLogger(settings.logLevel, screen.err, screen.paintErr)
  /** @type {ReturnType<typeof createLauncher> | null} */
  let launcher = null
  try {
    launcher = createLauncher(settings, logger, screen)
    // The files must be watched before they are imported, so that no change is missed.
    if (settings.reload === null) launcher.begin()
    else launcher.beginReload()
    const { Service } = await import('./serve.js')
    return await new Service(settings, logger, screen, null, launcher).run()
  } catch (error) {
    return exitCodeOf(error, logger)
  } finally {
    await launcher?.close()
  }
}
