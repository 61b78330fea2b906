/**
 * What a directory with an interpreter is: a virtual environment, an environment of conda, or an
 * installation. Its files say so; no process is started.
 */

import { readFileSync, readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { accessProblem, executableProblem, isThere } from './executable.js'

/** In the order in which they are tried. */
const INTERPRETERS = ['bin/python3', 'bin/python']

/**
 * @typedef {object} Found
 * @property {string} path the interpreter, or the directory if there is none in it
 * @property {string | null} problem why it cannot be used; null: it can, as far as its files tell
 * @property {boolean} exists whether there is anything to be used
 */

/**
 * Looks for the interpreter of an environment.
 * @param {string} directory absolute
 * @returns {Found}
 */
export function interpreterIn (directory) {
  for (const name of INTERPRETERS) {
    const path = join(directory, name)
    if (isThere(path)) return { path, problem: executableProblem(path), exists: true }
  }
  return { path: directory, problem: lack(directory), exists: isThere(directory) }
}

/** @param {string} directory that no interpreter can be seen in */
function lack (directory) {
  try {
    if (!statSync(directory).isDirectory()) return 'is not a directory'
  } catch {
    return accessProblem(directory)
  }
  try {
    statSync(join(directory, INTERPRETERS[0]))
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EACCES') {
      return accessProblem(join(directory, INTERPRETERS[0]))
    }
  }
  return isThere(join(directory, 'Scripts/python.exe'))
    ? 'is an environment for Windows'
    : `has no ${INTERPRETERS[0]}`
}

/**
 * The directory that an interpreter belongs to.
 * @param {string} path
 */
export function prefixOf (path) {
  return dirname(dirname(path))
}

/**
 * The version that an environment has on record.
 * @param {string} prefix
 * @returns {string | undefined}
 */
export function recordedVersion (prefix) {
  const { version, version_info: info } = readConfig(prefix)
  return version ?? info ?? condaVersion(prefix)
}

/**
 * The command that makes an environment again.
 * @param {string} prefix
 */
export function remakeCommand (prefix) {
  const quoted = /^[\w@%+=:,./-]+$/.test(prefix) ? prefix : `'${prefix.replaceAll("'", "'\\''")}'`
  if (isThere(join(prefix, 'conda-meta'))) return `conda create --prefix ${quoted} python`
  return 'uv' in readConfig(prefix)
    ? `uv venv --clear ${quoted}`
    : `python3 -m venv --clear ${quoted}`
}

/**
 * The settings of a virtual environment: those of venv, virtualenv and uv differ a little.
 * @param {string} prefix
 * @returns {Record<string, string | undefined>} empty: it is not a virtual environment
 */
function readConfig (prefix) {
  let text
  try {
    text = readFileSync(join(prefix, 'pyvenv.cfg'), 'utf8')
  } catch {
    return {}
  }
  const lines = text.split('\n').map((line) => /^\s*([\w-]+)\s*=\s*(.*?)\s*$/.exec(line))
  return Object.fromEntries(lines.filter((line) => line !== null)
    .map(([, name, value]) => [name.toLowerCase(), value]))
}

/**
 * @param {string} prefix
 * @returns {string | undefined} the version of the package python
 */
function condaVersion (prefix) {
  let names
  try {
    names = readdirSync(join(prefix, 'conda-meta'))
  } catch {
    return undefined
  }
  for (const name of names) {
    const match = /^python-(\d+\.\d+\.\d+)-.*\.json$/.exec(name)
    if (match !== null) return match[1]
  }
  return undefined
}
