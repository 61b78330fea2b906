/**
 * The environment of the Python processes.
 */

import { delimiter } from 'node:path'

import { userPath } from '../util/user-path.js'

/**
 * Variables of Python itself that name files or directories. They are written for the directory
 * that Node runs in, but Python runs in the docroot.
 */
const PATHS = ['PYTHONPATH', 'PYTHONHOME', 'PYTHONPYCACHEPREFIX', 'PYTHONUSERBASE']

/**
 * @param {Record<string, string | undefined>} inherited
 * @param {Record<string, string>} added
 * @returns {Record<string, string | undefined>}
 */
export function pythonEnvironment (inherited, added) {
  const env = { ...inherited, ...added }
  for (const name of PATHS) {
    const value = env[name]
    if (value === undefined || value === '') continue
    // An empty entry is the working directory.
    env[name] = value.split(delimiter).map((path) => userPath(path)).join(delimiter)
  }
  return env
}
