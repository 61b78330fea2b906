/**
 * Which Python runs the application.
 */

import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'

import { StartupError } from '../errors.js'
import { optionName } from '../util/option-name.js'
import { userPath } from '../util/user-path.js'

/** @param {string} path */
function isExecutable (path) {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/**
 * @param {string} name
 * @param {string | undefined} searchPath
 */
function onPath (name, searchPath) {
  for (const directory of (searchPath ?? '').split(delimiter)) {
    if (directory === '') continue
    const candidate = resolve(directory, name)
    if (isExecutable(candidate)) return candidate
  }
  return undefined
}

/**
 * The python option, then the virtual environment of the shell, of the application and of the
 * working directory, then PATH.
 * @param {{ python: string | undefined, docroot: string }} settings
 * @param {Record<string, string | undefined>} env
 * @param {(path: string) => string} [locate] makes a path absolute
 * @returns {string} absolute path
 */
export function findPython ({ python, docroot }, env, locate = userPath) {
  if (python !== undefined) {
    const isPath = python.includes('/')
    const found = isPath ? [locate(python)].find(isExecutable) : onPath(python, env.PATH)
    if (found !== undefined) return found
    const inside = join(python, 'bin/python3')
    if (isExecutable(locate(inside))) {
      throw new StartupError('ERR_PYTHON_NOT_FOUND',
        `${optionName('python')} names ${python}, which is a directory; set it to ${inside}`)
    }
    throw notFound(`${optionName('python')} names ${python}, which is not an executable file` +
      (isPath ? '' : ' on PATH'))
  }
  const environments = [env.VIRTUAL_ENV, join(docroot, '.venv'), '.venv']
  for (const directory of environments) {
    if (directory === undefined || directory === '') continue
    const candidate = locate(join(directory, 'bin/python3'))
    if (isExecutable(candidate)) return candidate
  }
  const found = onPath('python3', env.PATH)
  if (found !== undefined) return found
  throw notFound('there is no VIRTUAL_ENV, no .venv in the docroot or the working directory, ' +
    'and no python3 on PATH')
}

/** @param {string} why */
function notFound (why) {
  return new StartupError('ERR_PYTHON_NOT_FOUND',
    `${why}; install Python 3.10 or later, or set ${optionName('python')} to the path of one`)
}
