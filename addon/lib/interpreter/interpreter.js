/**
 * The interpreter that runs the application, and why it is this one.
 */

import { prefixOf, recordedVersion } from './environment.js'

// The user's code may have changed what Python tells: it must not forge lines of a log.
const PATH = /^\/\P{C}{1,4095}$/u
const VERSION = /^\d[\w.+-]{0,60}$/

export class Interpreter {
  /** @type {string | null} as Python itself has told */
  #executable = null

  /** @type {string | undefined} */
  #version

  /**
   * @param {string} path absolute
   * @param {string} reason what has led to it, for a message that says "from" before it
   * @param {string} [version] if it is known
   */
  constructor (path, reason, version) {
    this.path = path
    this.reason = reason
    this.#version = version
  }

  /**
   * Python has started.
   * @param {{ executable: string, python: string }} info
   */
  started ({ executable, python }) {
    if (PATH.test(executable)) this.#executable = executable
    if (VERSION.test(python)) this.#version = python
  }

  /** For stats(). */
  summary () {
    this.#version ??= recordedVersion(prefixOf(this.path)) ?? ''
    return {
      // A script may stand before Python: a shim of pyenv, for example.
      path: this.#executable ?? this.path,
      version: this.#version,
      reason: this.reason
    }
  }

  /** For messages. */
  toString () {
    return describeInterpreter(this.summary())
  }
}

/**
 * @param {ReturnType<Interpreter['summary']>} summary
 * @returns {string} for example /app/.venv/bin/python3 (Python 3.12.1, from .venv in /app)
 */
export function describeInterpreter ({ path, version, reason }) {
  return `${path} (${version === '' ? '' : `Python ${version}, `}from ${reason})`
}
