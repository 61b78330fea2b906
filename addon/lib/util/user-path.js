/**
 * Resolves paths as the user sees them. The kernel knows the working directory without symbolic
 * links only, so `cd current`, where `current` is a link that a deployment switches to the next
 * release, would tie every path to the present release. The shell tells the path with its links in
 * PWD.
 */

import { statSync } from 'node:fs'
import { isAbsolute, resolve } from 'node:path'

/** @param {string} path */
function identity (path) {
  const { dev, ino } = statSync(path)
  return `${dev}:${ino}`
}

/**
 * @param {string} path relative to the working directory, or absolute
 * @param {string} [shown] the working directory as the shell shows it
 * @returns {string} absolute; with the links of `shown` if it leads to the same file that way
 */
export function userPath (path, shown = process.env.PWD) {
  const physical = resolve(path)
  if (shown === undefined || !isAbsolute(shown)) return physical
  const logical = resolve(shown, path)
  try {
    return identity(logical) === identity(physical) ? logical : physical
  } catch {
    return physical // one of them does not exist
  }
}
