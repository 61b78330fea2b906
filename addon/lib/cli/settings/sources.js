/**
 * Reads what gives settings apart from flags: the environment, with the files of --env-file, and
 * the configuration file. Refuses names that mean nothing there.
 */

import { readFileSync } from 'node:fs'
import * as util from 'node:util'

import { closest } from '../../util/closest.js'
import { readConfigFile } from './config-file.js'
import { Settings, isServiceLink } from './resolve.js'
import { comesFrom, keyOf, variableOf } from './setting.js'
import { SourceError } from './source-error.js'
import { SETTINGS, settingsOf } from './table.js'

/** @typedef {import('../command.js').Flags} Flags */

const PREFIX = 'NODE_ASGI_'

/** Variables that are no settings: of this package itself and of its tests. */
const OTHERS = new RegExp(`^${PREFIX}(BUILD|WORKER_MODULE|CHAOS_SECONDS|CRASHES|WRITE_GRID|` +
  '(TEST|FUZZ|FRAMEWORKS)_\\w+)$')

/** Of a Kubernetes service whose name starts with node-asgi. */
const SERVICE = new RegExp(
  `^${PREFIX}(\\w+_)?(SERVICE_(HOST|PORT)(_\\w+)?|PORT_\\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$`)

/**
 * @param {Flags} flags
 * @returns {Promise<Settings>}
 * @throws {import('../command.js').UsageError}
 */
export async function readSettings (flags) {
  // The others say all in their arguments, and work wherever they are called.
  if (!settingsOf(flags.command).some((setting) => comesFrom(setting, 'variable'))) {
    return new Settings(flags, {})
  }
  try {
    const files = new Settings(flags, {}).values.envFile ?? []
    for (const path of files) loadEnvironment(path)
    checkVariables()
    // Which file that is may be said by one of these variables.
    const file = await readConfigFile(new Settings(flags, {}).values.config)
    if (file !== null) checkKeys(file)
    return new Settings(flags, { file })
  } catch (error) {
    if (error instanceof SourceError) return flags.fail(error.message)
    throw error
  }
}

/**
 * Sets the variables of a file that are not set yet, as `node --env-file` does.
 * @param {string} path
 */
function loadEnvironment (path) {
  if (util.parseEnv === undefined) {
    throw new SourceError(`--env-file needs Node.js 20.12 or later, and this is ${process.version}`)
  }
  let text
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new SourceError('cannot read the file of --env-file: ' +
    /** @type {Error} */ (error).message)
  }
  for (const [name, value] of Object.entries(util.parseEnv(text))) process.env[name] ??= value
}

function checkVariables () {
  const known = new Set(SETTINGS.filter((setting) => comesFrom(setting, 'variable'))
    .map(variableOf))
  for (const [name, value = ''] of Object.entries(process.env)) {
    if (!name.startsWith(PREFIX) || known.has(name) || OTHERS.test(name)) continue
    if (SERVICE.test(name) || isServiceLink(value)) continue
    // Without the prefix, which makes all of them look alike.
    const guess = closest(name.slice(PREFIX.length),
      [...known].map((variable) => variable.slice(PREFIX.length)))
    throw new SourceError(`there is no setting for the variable ${name}` +
      hint(guess && PREFIX + guess) + '; unset it, or correct its name')
  }
}

/** @param {import('./config-file.js').ConfigFile} file */
function checkKeys ({ name, values }) {
  const known = new Set(SETTINGS.filter((setting) => comesFrom(setting, 'file')).map(keyOf))
  for (const key of Object.keys(values)) {
    if (known.has(key)) continue
    throw new SourceError(`${name} has the key ${key}, for which there is no setting` +
      hint(closest(key, known)))
  }
}

/** @param {string | undefined} guess */
function hint (guess) {
  return guess === undefined ? '' : ` (did you mean ${guess}?)`
}
