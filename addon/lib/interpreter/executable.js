/**
 * Whether a file can be run as the interpreter of the workers, and if not, why.
 */

import { accessSync, constants, lstatSync, readlinkSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

import { mismatch, readElf } from './elf.js'

/** The longest chain of links that the kernel follows. */
const MAX_LINKS = 40

/**
 * Whether there is anything at the path, for example a link that leads nowhere.
 * @param {string} path
 */
export function isThere (path) {
  try {
    lstatSync(path)
    return true
  } catch {
    return false
  }
}

/**
 * Why an interpreter cannot be used, or cannot load modules for this Node.js. It costs a few system
 * calls and no process.
 * @param {string} path absolute
 * @returns {string | null} what it "is", for a message that begins with the path
 */
export function executableProblem (path) {
  const problem = accessProblem(path)
  if (problem !== null) return problem
  try {
    const program = readElf(path)
    return program === null ? null : mismatch(program)
  } catch {
    return null // It may be executed, though not read.
  }
}

/**
 * Why this user cannot execute a file.
 * @param {string} path absolute
 * @returns {string | null}
 */
export function accessProblem (path) {
  let stats
  try {
    stats = statSync(path)
  } catch (error) {
    return unreachable(path, codeOf(error))
  }
  if (!stats.isFile()) return 'is not a file'
  try {
    accessSync(path, constants.X_OK)
    return null
  } catch {
    return 'may not be executed by this user (permission denied)'
  }
}

/**
 * @param {string} path
 * @param {string | undefined} code
 */
function unreachable (path, code) {
  if (code === 'EACCES') {
    return `cannot be reached: this user may not enter ${closed(path)} (permission denied)`
  }
  if (code === 'ELOOP') return 'is a link that leads back to itself'
  if (!isThere(path)) return 'does not exist'
  return `is a link to ${linkEnd(path)}, which does not exist`
}

/**
 * @param {string} path
 * @returns {string} where a chain of links breaks off
 */
function linkEnd (path) {
  let end = path
  for (let i = 0; i < MAX_LINKS; i++) {
    try {
      end = resolve(dirname(end), readlinkSync(end))
    } catch {
      return end
    }
  }
  return end
}

/**
 * @param {string} path
 * @returns {string} the outermost directory on the way that must not be entered
 */
function closed (path) {
  const end = linkEnd(path)
  let at = '/'
  for (const name of end.split('/').slice(1, -1)) {
    const next = resolve(at, name)
    try {
      accessSync(next, constants.X_OK)
    } catch {
      return next
    }
    at = next
  }
  return at
}

/** @param {unknown} error */
function codeOf (error) {
  return /** @type {NodeJS.ErrnoException} */ (error).code
}
