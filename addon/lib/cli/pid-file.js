/**
 * The file of --pid-file: the number of this process, for programs that send it signals.
 */

import { readFileSync, rmSync, writeFileSync } from 'node:fs'

import { CommandError } from './failure.js'

/**
 * @param {string} path
 * @returns {() => void} removes it again
 * @throws {CommandError} another process that runs has it, or it cannot be written
 */
export function writePidFile (path) {
  const other = ownerOf(path)
  if (other !== null) {
    throw new CommandError(`${path} belongs to process ${other}, which runs; stop it, or choose ` +
      'another --pid-file')
  }
  try {
    writeFileSync(path, `${process.pid}\n`)
  } catch (error) {
    throw new CommandError('cannot write the file of --pid-file: ' +
    /** @type {Error} */ (error).message)
  }
  return () => {
    // A server that has been started since may have it now.
    if (read(path) === process.pid) rmSync(path, { force: true })
  }
}

/**
 * @param {string} path
 * @returns {number | null} a process that runs; null: there is none
 */
function ownerOf (path) {
  const pid = read(path)
  if (!(pid > 0) || pid === process.pid) return null
  try {
    process.kill(pid, 0)
    return pid
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM' ? pid : null
  }
}

/** @param {string} path */
function read (path) {
  try {
    return Number(readFileSync(path, 'utf8'))
  } catch {
    return NaN // there is none, or the attempt to write it will say why
  }
}
