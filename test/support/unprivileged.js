/**
 * Runs programs as a user without privileges, who cannot do what root may do to any process. Only
 * root can become another user. Others run the program as they are.
 */

import { execFile, spawnSync } from 'node:child_process'
import { promisify } from 'node:util'

import { VENV_PYTHON } from './harness.js'

/** The user and group nobody. */
export const NOBODY = 65534

export const isRoot = process.geteuid() === 0

const asNobody = isRoot ? { uid: NOBODY, gid: NOBODY } : {}

/** An interpreter that nobody may run, which one in root's home is not. */
export const PYTHON = [process.env.NODE_ASGI_TEST_PYTHON, VENV_PYTHON, '/usr/bin/python3']
  .find((path) => path !== undefined && spawnSync(path, ['-c', ''], asNobody).status === 0)

/**
 * @param {string} script
 * @param {...unknown} args as JSON
 * @returns {Promise<any>} the last line that it prints, parsed
 */
export const run = (script, ...args) => execute(script, args, {})

/** Like run(), without the privileges of root. */
export const runUnprivileged = (script, ...args) => execute(script, args, asNobody)

async function execute (script, args, identity) {
  const { stdout } = await promisify(execFile)(process.execPath,
    [script, ...args.map((arg) => JSON.stringify(arg))], { cwd: '/', timeout: 30_000, ...identity })
  return JSON.parse(stdout.trimEnd().split('\n').at(-1))
}
