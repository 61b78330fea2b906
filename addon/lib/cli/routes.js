/**
 * Runs `node-asgi routes`.
 */

import { createLogger } from './logger.js'
import { askApplication } from './ask.js'
import { withoutLifespan } from './types-arguments.js'
import { exitCodeOf } from './failure.js'
import { columns } from './columns.js'
import { paintFor } from './terminal/style.js'

/** Characters of a path or name; a longer one does not move the columns of all others. */
const LONGEST = 40

/**
 * @typedef {object} Route as worker/python/node_asgi_worker/routes.py describes it
 * @property {string} path
 * @property {string[]} methods empty: any
 * @property {string} name
 * @property {string} handler
 */

/**
 * @param {import('./settings/resolve.js').Settings} settings
 * @returns {Promise<number>} the exit code
 */
export async function routes (settings) {
  const logger = createLogger('warn')
  try {
    const list = await askApplication(withoutLifespan(settings), { routes: true }, logger,
      async (python) => /** @type {Route[]} */ (await (await python.fetch('/')).json()))
    process.stdout.write(settings.values.json ? asJson(list) : asTable(list))
    return 0
  } catch (error) {
    return exitCodeOf(error, logger)
  }
}

/** @param {Route[]} list */
function asJson (list) {
  return `${JSON.stringify(list, null, 2)}\n`
}

/** @param {Route[]} list */
function asTable (list) {
  if (list.length === 0) return 'The application has no routes.\n'
  const rows = [
    ['METHOD', 'PATH', 'NAME', 'HANDLER'],
    ...list.map(({ methods, path, name, handler }) =>
      [methods.join(',') || 'any', path, name || '-', handler])
  ]
  const [head, ...lines] = columns(rows, LONGEST).split('\n')
  return [paintFor(process.stdout)(head, 'bold'), ...lines].join('\n')
}
