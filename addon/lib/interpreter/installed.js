/**
 * Which versions of Python are installed: on PATH, and by pyenv, uv and conda.
 */

import { spawnSync } from 'node:child_process'
import { closeSync, openSync, readFileSync, readSync, readdirSync, realpathSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'

import { compareVersions, parseVersion } from '../util/version-range.js'
import { interpreterIn, prefixOf, recordedVersion } from './environment.js'
import { executableProblem } from './executable.js'

/** @typedef {import('../util/version-range.js').Version} Version */

/**
 * @typedef {object} Installed
 * @property {string} path of the interpreter
 * @property {Version} version
 */

/**
 * @typedef {object} Place
 * @property {string} name for messages
 * @property {() => Installed[]} list those that can be used, newest first
 */

/** Names of CPython. The free-threaded build (python3.13t) cannot run the workers. */
const NAME = /^python3(\.\d+)?$/

/** Names of what pyenv and uv install. Other names are free-threaded builds and other kinds. */
const PYENV_NAME = /^(\d+\.\d+\.\d+)$/
const UV_NAME = /^cpython-(\d+\.\d+\.\d+)-/

/** Directories in the home directory that conda and its relatives are installed in. */
const CONDA_ROOTS = [
  'miniconda3', 'anaconda3', 'miniforge3', 'mambaforge', 'micromamba', '.local/share/mamba'
]

const TELL_VERSION = 'import sys; ' +
  "sys.version_info[3] == 'final' and print('%d.%d.%d' % sys.version_info[:3])"

/** Milliseconds for an interpreter to tell its version. */
const PATIENCE = 5000

/**
 * Where to look, in this order. A place is searched only when it is asked.
 * @param {Record<string, string | undefined>} env
 * @param {string} home
 * @returns {Place[]}
 */
export function installedPythons (env, home) {
  const pyenv = join(env.PYENV_ROOT || join(home, '.pyenv'), 'versions')
  const uv = env.UV_PYTHON_INSTALL_DIR ||
    join(env.XDG_DATA_HOME || join(home, '.local/share'), 'uv/python')
  return [
    ...pathDirectories(env.PATH).map((directory) =>
      ({ name: `PATH (${directory})`, list: () => sorted(inDirectory(directory)) })),
    { name: `pyenv (${pyenv})`, list: () => sorted(named(pyenv, PYENV_NAME)) },
    { name: `uv (${uv})`, list: () => sorted(named(uv, UV_NAME)) },
    { name: 'conda', list: () => sorted(condaPrefixes(env, home).flatMap(recorded)) }
  ]
}

/** @param {string | undefined} searchPath */
export function pathDirectories (searchPath) {
  const directories = (searchPath ?? '').split(delimiter).filter((directory) => directory !== '')
  return [...new Set(directories.map((directory) => resolve(directory)))]
}

/**
 * The version of an interpreter. Asks it unless its environment has it on record.
 * @param {string} path
 * @returns {Version | null} null: it cannot tell, or it is a pre-release
 */
export function versionOf (path) {
  const record = recordedVersion(prefixOf(path))
  if (record !== undefined) return parseVersion(record)
  const { status, stdout } = spawnSync(path, ['-I', '-S', '-c', TELL_VERSION],
    { encoding: 'utf8', timeout: PATIENCE, stdio: ['ignore', 'pipe', 'ignore'] })
  return status === 0 ? parseVersion(stdout) : null
}

/** @param {Installed[]} pythons */
function sorted (pythons) {
  return pythons.sort((a, b) => compareVersions(b.version, a.version))
}

/**
 * The interpreters of a directory on PATH. Scripts are left out: those of pyenv and its relatives
 * run whatever is active at the time, and its versions have a place of their own.
 * @param {string} directory
 */
function inDirectory (directory) {
  const paths = new Map(entries(directory).filter((name) => NAME.test(name)).sort()
    .map((name) => join(directory, name))
    .filter((path) => executableProblem(path) === null && !isScript(path))
    .map((path) => [realpathSync(path), path]))
  return [...paths].filter(([target]) => !target.endsWith('t')).flatMap(([, path]) => {
    const version = versionOf(path)
    return version === null ? [] : [{ path, version }]
  })
}

/**
 * Installations in directories that are named after their versions.
 * @param {string} root
 * @param {RegExp} pattern whose group is the version
 */
function named (root, pattern) {
  return entries(root).flatMap((name) => {
    const version = parseVersion(pattern.exec(name)?.[1])
    return version === null ? [] : usable(join(root, name), version)
  })
}

/** @param {string} prefix of an environment of conda */
function recorded (prefix) {
  const version = parseVersion(recordedVersion(prefix))
  return version === null ? [] : usable(prefix, version)
}

/**
 * @param {string} prefix
 * @param {Version} version
 * @returns {Installed[]}
 */
function usable (prefix, version) {
  const { path, problem } = interpreterIn(prefix)
  return problem === null ? [{ path, version }] : []
}

/**
 * @param {Record<string, string | undefined>} env
 * @param {string} home
 */
function condaPrefixes (env, home) {
  const roots = CONDA_ROOTS.map((name) => join(home, name))
  if (env.MAMBA_ROOT_PREFIX) roots.unshift(env.MAMBA_ROOT_PREFIX)
  if (env.CONDA_EXE) roots.unshift(prefixOf(env.CONDA_EXE))
  const folders = [...pathDirectories(env.CONDA_ENVS_PATH ?? env.CONDA_ENVS_DIRS),
    join(home, '.conda/envs'), ...roots.map((root) => join(root, 'envs'))]
  const inFolders = folders.flatMap((folder) => entries(folder).map((name) => join(folder, name)))
  return [...new Set([...knownToConda(home), ...roots, ...inFolders])]
}

/**
 * The list of environments that conda keeps.
 * @param {string} home
 */
function knownToConda (home) {
  try {
    const text = readFileSync(join(home, '.conda/environments.txt'), 'utf8')
    return text.split('\n').map((line) => line.trim()).filter((line) => line.startsWith('/'))
  } catch {
    return []
  }
}

/**
 * @param {string} directory
 * @returns {string[]} sorted; empty if it cannot be read
 */
function entries (directory) {
  try {
    return readdirSync(directory).sort()
  } catch {
    return []
  }
}

/** @param {string} path */
function isScript (path) {
  let fd
  try {
    fd = openSync(path, 'r')
  } catch {
    return false // It may be executed, though not read.
  }
  const start = Buffer.alloc(2)
  readSync(fd, start, 0, 2, 0)
  closeSync(fd)
  return start.toString() === '#!'
}
