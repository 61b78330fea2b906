/** Turns the settings of `node-asgi types` into what it is to do. */

import { userPath } from '../util/user-path.js'

/** @typedef {import('./settings/resolve.js').Settings} Settings */

/**
 * @typedef {object} TypesArguments
 * @property {Record<string, any>} handler options of PythonHandler
 * @property {string | undefined} url of the document; undefined: look for it
 * @property {string | undefined} output the file; undefined: stdout
 * @property {boolean} check
 * @property {boolean} watch
 * @property {string[]} folders to watch
 */

/**
 * @param {Settings} settings
 * @returns {TypesArguments}
 */
export function typesArguments (settings) {
  checkModes(settings)
  const { docroot, url, output, check = false, watch = false } = settings.values
  return {
    handler: withoutLifespan(settings), url, output, check, watch, folders: [userPath(docroot)]
  }
}

/**
 * What only looks at an application does not start it, unless the user says so.
 * @param {Settings} settings
 */
export function withoutLifespan (settings) {
  const options = settings.handlerOptions()
  return { ...options, lifespan: options.lifespan ?? 'off' }
}

/** @param {Settings} settings */
function checkModes ({ values: { output, check, watch }, fail }) {
  if (check && watch) fail('--check and --watch cannot be given together')
  if (output !== undefined) return
  if (check) fail('--check needs --output')
  if (watch) fail('--watch needs --output')
}
