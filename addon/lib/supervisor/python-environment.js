/**
 * The environment of the Python processes.
 */

import { realpathSync } from 'node:fs'
import { basename, delimiter, dirname, join } from 'node:path'

import { userPath } from '../util/user-path.js'

/**
 * Variables of Python itself that name files or directories. They are written for the directory
 * that Node runs in, but Python runs in the docroot.
 */
const PATHS = ['PYTHONPATH', 'PYTHONHOME', 'PYTHONPYCACHEPREFIX', 'PYTHONUSERBASE']

/**
 * What the interpreter and its libraries need to find their files and to speak the language of the
 * user. Everything else may be a secret.
 */
const NEEDED = new Set([
  'PATH', 'HOME', 'USER', 'LOGNAME', 'LANG', 'LANGUAGE', 'TZ', 'TMPDIR', 'LD_LIBRARY_PATH',
  'VIRTUAL_ENV', 'CONDA_PREFIX'
])

const NEEDED_GROUP = /^(LC_|PYTHON)/

/**
 * @param {Record<string, string | undefined>} inherited
 * @param {Record<string, string>} added
 * @param {Pick<import('../options.js').Isolation, 'inheritEnv' | 'user'>} isolation
 * @returns {Record<string, string | undefined>}
 */
export function pythonEnvironment (inherited, added, { inheritEnv, user }) {
  const names = typeof inheritEnv === 'boolean' ? [] : inheritEnv
  const passed = inheritEnv === true
    ? inherited
    : Object.fromEntries(Object.entries(inherited)
      .filter(([name]) =>
        NEEDED.has(name) || NEEDED_GROUP.test(name) || names.includes(name)))
  const env = { ...passed, ...identity(user), ...added }
  for (const name of PATHS) {
    const value = env[name]
    if (value === undefined || value === '') continue
    // An empty entry is the working directory.
    env[name] = value.split(delimiter).map((path) => userPath(path)).join(delimiter)
  }
  return env
}

/**
 * @param {import('../options.js').Isolation['user']} user
 * @returns {Record<string, string>}
 */
function identity (user) {
  if (user?.home === undefined) return {}
  return { HOME: user.home, USER: user.name, LOGNAME: user.name }
}

/**
 * Follows the links in the paths of an interpreter and of what it imports from, as the system does
 * with the docroot. So a fork server goes on to start workers of one release, although a deployment
 * has switched a link to the next one; only a reload changes that.
 * @param {{ python: string, env: Record<string, string | undefined> }} paths
 */
export function pinned ({ python, env }) {
  const { PYTHONPATH } = env
  return {
    // Not the link to the interpreter itself: Python finds a virtual environment by it.
    python: join(followed(dirname(python)), basename(python)),
    env: PYTHONPATH
      ? { ...env, PYTHONPATH: PYTHONPATH.split(delimiter).map(followed).join(delimiter) }
      : env
  }
}

/**
 * @param {string} path
 * @returns {string} where it leads
 */
export function followed (path) {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}
