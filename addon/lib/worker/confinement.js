/**
 * How the option `isolation` reaches the Python processes of one fork server: what spawn() sets,
 * what the launcher does (confinement.py), and what each worker does itself. Owns the directory in
 * which the workers have their temporary directories.
 */

import { chownSync, fchownSync, mkdtempSync, realpathSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { StartupError } from '../errors.js'
import { operatingSystem } from '../util/operating-system.js'

/** @returns {string} */
function makeTemporary () {
  try {
    return mkdtempSync(join(tmpdir(), 'node-asgi-'))
  } catch (error) {
    const { message } = /** @type {Error} */ (error)
    throw new StartupError('ERR_PYTHON_FAILED', 'the profile strict gives each worker a ' +
      `directory for temporary files, which could not be made: ${message}; make ` +
      `${tmpdir()} writable (docker run --tmpfs ${tmpdir()}), or set TMPDIR to another directory`,
    { cause: error })
  }
}

export class Confinement {
  /** @type {string | null} */
  #temporary = null

  /** @param {import('../options.js').Settings} settings */
  constructor ({ isolation, docroot }) {
    this.isolation = isolation
    this.docroot = docroot
    const { user, group } = isolation
    /** What spawn() sets before Python runs. */
    this.identity = {
      ...(user !== undefined && { uid: user.uid }), ...(group !== undefined && { gid: group })
    }
    this.changesOwner = user !== undefined || group !== undefined
  }

  /**
   * Prepares for a fork server. Throws if there is no room for temporary files.
   * @param {string} program the one that Python runs
   * @returns {{ args: string[], env: Record<string, string> }}
   */
  open (program) {
    const { profile, umask, dropCapabilities, noNewPrivileges } = this.isolation
    if (profile === 'strict') {
      // Its workers belong to the release that a link names now, as its working directory does.
      this.docroot = realpathSync(this.docroot)
      this.#temporary = makeTemporary()
      if (this.changesOwner) chownSync(this.#temporary, ...this.#owner())
    }
    const isPlain = profile === 'none' && umask === undefined && !dropCapabilities &&
      !noNewPrivileges
    return {
      env: this.#temporary === null ? {} : { TMPDIR: this.#temporary },
      args: isPlain
        ? ['-u', program]
        : ['-I', '-S', program, 'launch', JSON.stringify({
            umask: umask ?? null, dropCapabilities, noNewPrivileges, allowed: this.#allowed
          })]
    }
  }

  /** The settings that the workers apply. */
  get settings () {
    const { debug, limits: { memory, cpu, files, processes, core } } = this.isolation
    // By the names that Python's module `resource` has.
    const limits = {
      data: memory, cpu: Math.ceil(cpu / 1000), nofile: files, nproc: processes, core
    }
    return {
      debug,
      limits: Object.fromEntries(
        Object.entries(limits).filter(([, limit]) => limit !== Infinity)),
      allowed: this.#allowed
    }
  }

  get #allowed () {
    if (this.#temporary === null) return null
    const { read, write } = this.isolation.allow
    return { read: [this.docroot, ...read], write, temporary: this.#temporary }
  }

  /** @returns {[uid: number, gid: number]} */
  #owner () {
    const { uid = -1, gid = -1 } = this.identity
    // -1 leaves it as it is, and Node takes it as an unsigned number.
    return [uid >>> 0, gid >>> 0]
  }

  /**
   * Lets the Python processes open a pipe that this process has made, as /dev/stdout for example.
   * @param {import('../binding.js').OutputSource} source
   */
  give (source) {
    if (!this.changesOwner || typeof source !== 'number') return
    if (operatingSystem().pipesHaveOwners) fchownSync(source, ...this.#owner())
  }

  /** The Python processes have ended. They have removed their files, unless they were killed. */
  close () {
    if (this.#temporary === null) return
    try {
      // Not recursively: it belongs to the application, which could swap directories for links.
      rmdirSync(this.#temporary)
    } catch {
      // Something is left in it, as a program that is killed leaves its files in /tmp.
    }
    this.#temporary = null
  }
}
