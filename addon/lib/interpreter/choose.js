/**
 * Chooses the interpreter of the workers. The first environment that exists decides: if it cannot
 * be used, that is an error, because the application's packages are in no other.
 */

import { lstatSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'

import { StartupError } from '../errors.js'
import { namesFlags, optionName } from '../util/option-name.js'
import { userPath } from '../util/user-path.js'
import { compareVersions, looksLikeRange, parseRange } from '../util/version-range.js'
import { interpreterIn, remakeCommand } from './environment.js'
import { accessProblem, executableProblem, isThere } from './executable.js'
import { installedPythons, pathDirectories, versionOf } from './installed.js'
import { Interpreter } from './interpreter.js'

/** @typedef {Record<string, string | undefined>} Env */
/** @typedef {import('../util/version-range.js').Version} Version */

/**
 * @typedef {object} Candidate
 * @property {string} directory of an environment
 * @property {string} reason why it is looked at, for a message that says "from" before it
 * @property {string} [problem] why it is not trusted
 */

/** The oldest version that can run the workers; main.py checks it. */
const OLDEST = [3, 10]

/** The directory of a project that holds its environment. */
const ENVIRONMENT = '.venv'

/** What can be done instead, whatever is wrong. */
const elsewhere = () => `set ${optionName('python')} to another interpreter or environment`

/** The option as a reason. */
const theOption = () => namesFlags() ? optionName('python') : 'the option python'

/**
 * @param {{ python: string | undefined, docroot: string }} settings
 * @param {Env} env
 * @param {(path: string) => string} [locate] makes a path absolute
 * @returns {Interpreter}
 * @throws {StartupError} there is none, or the one that is meant cannot be used
 */
export function chooseInterpreter ({ python, docroot }, env, locate = userPath) {
  const home = env.HOME || homedir()
  const environments = () => candidates(locate(docroot), env, home, locate)
  if (python === undefined) return byDefault(environments(), env)
  const range = looksLikeRange(python) ? parseRange(python) : null
  if (range !== null) {
    const isWanted = (/** @type {Version} */ version) =>
      range(version) && compareVersions(version, OLDEST) >= 0
    return byVersion(python, isWanted, environments(), env, home)
  }
  return byName(python, env, home, locate)
}

/**
 * The environments that are looked at without being named, in this order.
 * @param {string} docroot
 * @param {Env} env
 * @param {string} home
 * @param {(path: string) => string} locate
 * @returns {Generator<Candidate>}
 */
function * candidates (docroot, env, home, locate) {
  const active = (/** @type {string} */ name) =>
    ({ directory: locate(/** @type {string} */ (env[name])), reason: name })
  const isConda = !!env.CONDA_PREFIX
  // Everybody who has conda has its base environment active; it is not made for an application.
  const isBase = env.CONDA_DEFAULT_ENV === 'base' || env.CONDA_DEFAULT_ENV === 'root'
  if (env.VIRTUAL_ENV) yield active('VIRTUAL_ENV')
  if (isConda && !isBase) yield active('CONDA_PREFIX')
  const folders = [...upwards(docroot, home), ...upwards(locate('.'), home)]
  for (const folder of new Set(folders)) {
    const directory = join(folder, ENVIRONMENT)
    if (!isThere(directory)) continue
    const isNamed = folder === docroot || folder === locate('.')
    yield {
      directory,
      reason: `${ENVIRONMENT} in ${folder}`,
      problem: isNamed ? undefined : distrust(directory, docroot)
    }
  }
  if (isConda && isBase) yield active('CONDA_PREFIX')
}

/**
 * A directory and those that it is in, up to the home directory or the root.
 * @param {string} directory
 * @param {string} home
 * @returns {Generator<string>}
 */
function * upwards (directory, home) {
  yield directory
  const parent = dirname(directory)
  if (directory !== home && parent !== directory) yield * upwards(parent, home)
}

/**
 * Anybody may create files in /tmp, for example. What other users put there must not run here.
 * @param {string} directory
 * @param {string} docroot
 */
function distrust (directory, docroot) {
  const { uid } = lstatSync(directory)
  const trusted = [0, process.geteuid?.(), statSync(docroot).uid]
  return trusted.includes(uid)
    ? undefined
    : `belongs to another user (uid ${uid}) than ${docroot}, and is not trusted`
}

/**
 * @param {Iterable<Candidate>} environments
 * @param {Env} env
 */
function byDefault (environments, env) {
  const [first] = environments
  if (first !== undefined) {
    const { path, problem, exists } = examine(first)
    if (problem === null) return new Interpreter(path, first.reason)
    throw environmentError(first, path, problem, exists)
  }
  const path = onPath('python3', env)
  if (path !== undefined) return usable(path, 'python3 on PATH')
  throw new StartupError('ERR_PYTHON_NOT_FOUND', 'there is no Python: VIRTUAL_ENV and ' +
    `CONDA_PREFIX are not set, there is no ${ENVIRONMENT} in the docroot, the working directory ` +
    'or a directory above them, and no python3 on PATH; install Python 3.10 or later, or set ' +
    `${optionName('python')} to the path of one`)
}

/** @param {Candidate} candidate */
function examine ({ directory, problem }) {
  return problem === undefined
    ? interpreterIn(directory)
    : { path: directory, problem, exists: true }
}

/**
 * The option is a path or a name.
 * @param {string} python
 * @param {Env} env
 * @param {string} home
 * @param {(path: string) => string} locate
 */
function byName (python, env, home, locate) {
  const option = optionName('python')
  const reason = theOption()
  if (!python.includes('/') && python !== '~') {
    const path = onPath(python, env)
    if (path !== undefined) return usable(path, reason)
  }
  const place = locate(python.replace(/^~(?=\/|$)/, home))
  if (!isThere(place)) {
    const lack = python.includes('/')
      ? 'which does not exist; correct the path'
      : 'but no program on PATH and nothing in the working directory has that name; correct it, ' +
        'or give a path or a version'
    throw new StartupError('ERR_PYTHON_NOT_FOUND', `${option} is ${python}, ${lack}`)
  }
  if (!isDirectory(place)) return usable(place, reason)
  const { path, problem } = interpreterIn(place)
  if (problem === null) return new Interpreter(path, reason)
  if (path === place) {
    const inside = join(place, ENVIRONMENT)
    const advice = isThere(inside)
      ? `did you mean ${inside}?`
      : 'set it to an interpreter, or to the directory of an environment'
    throw new StartupError('ERR_PYTHON_NOT_FOUND',
      `${option} is ${python}, but this directory ${problem}; ${advice}`)
  }
  throw unusableError(path, problem, `set ${option} to another one`)
}

/**
 * The option is a range of versions.
 * @param {string} python
 * @param {(version: Version) => boolean} isWanted
 * @param {Iterable<Candidate>} environments
 * @param {Env} env
 * @param {string} home
 */
function byVersion (python, isWanted, environments, env, home) {
  /** @type {string[]} */
  const seen = []
  for (const candidate of environments) {
    const { path, problem } = examine(candidate)
    const version = problem === null ? versionOf(path) : null
    if (version !== null && isWanted(version)) return found({ path, version }, candidate.reason)
    seen.push(`${path} ${problem ?? `has ${version?.join('.') ?? 'no release of Python'}`}`)
  }
  const passed = seen.map((each) => `; passed over: ${each}`).join('')
  for (const { name, list } of installedPythons(env, home)) {
    const pythons = list()
    const match = pythons.find(({ version }) => isWanted(version))
    if (match !== undefined) return found(match, name, passed)
    seen.push(...pythons.map(({ path, version }) => `${path} has ${version.join('.')}`))
  }
  throw new StartupError('ERR_PYTHON_NOT_FOUND', `${optionName('python')} is ${python}, but no ` +
    'such Python from 3.10 on is active, in .venv, on PATH, or installed by pyenv, uv or conda ' +
    `(${seen.length === 0 ? 'there is none at all' : seen.join('; ')}); install it, for example ` +
    `with uv python install '${python}', or set ${optionName('python')} to the path of one`)

  /**
   * @param {import('./installed.js').Installed} python
   * @param {string} where
   * @param {string} [passed]
   */
  function found ({ path, version }, where, passed = '') {
    const reason = `${where}, for ${theOption()} ${python}${passed}`
    return new Interpreter(path, reason, version.join('.'))
  }
}

/**
 * @param {string} path of an interpreter
 * @param {string} reason
 */
function usable (path, reason) {
  const problem = executableProblem(path)
  if (problem === null) return new Interpreter(path, reason)
  throw unusableError(path, problem, elsewhere())
}

/**
 * @param {Candidate} candidate
 * @param {string} path
 * @param {string} problem
 * @param {boolean} exists
 */
function environmentError ({ directory, reason }, path, problem, exists) {
  const isVariable = !reason.startsWith(ENVIRONMENT)
  const advice = []
  if (exists) advice.push(`make it again (${remakeCommand(directory)})`)
  if (isVariable) advice.push(`${exists ? '' : 'activate another environment, '}unset ${reason}`)
  else advice.push(`remove ${directory}`)
  return unusableError(path, problem, `${advice.join(', ')}, or ${elsewhere()}`, reason)
}

/**
 * @param {string} path
 * @param {string} problem
 * @param {string} advice
 * @param {string} [reason]
 */
function unusableError (path, problem, advice, reason) {
  const what = reason === undefined ? 'the interpreter' : `the environment from ${reason}`
  return new StartupError('ERR_PYTHON_UNUSABLE',
    `${what} cannot be used: ${path} ${problem}; ${advice}`)
}

/**
 * @param {string} name
 * @param {Env} env
 * @returns {string | undefined} the first file of that name that a shell would run
 */
function onPath (name, env) {
  return pathDirectories(env.PATH).map((directory) => join(directory, name))
    .find((path) => accessProblem(path) === null)
}

/** @param {string} path */
function isDirectory (path) {
  try {
    return statSync(path).isDirectory()
  } catch {
    return false
  }
}
