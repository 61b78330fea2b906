/**
 * The interpreter that runs the application, and why it is this one.
 */

import { prefixOf, recordedVersion } from './environment.js'

export class Interpreter {
  /** @type {string | null} as Python itself has told */
  #executable = null

  /** @type {string | undefined} */
  #version

  /**
   * @param {string} path absolute
   * @param {string} reason what has led to it, for a message that says "from" before it
   */
  constructor (path, reason) {
    this.path = path
    this.reason = reason
  }

  /**
   * Python has started.
   * @param {{ executable: string, python: string }} info
   */
  started ({ executable, python }) {
    this.#executable = executable
    this.#version = python
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
