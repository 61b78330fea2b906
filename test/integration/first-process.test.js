/** Node as the first process of a container, to which all orphans come. */

import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { APPS, LIMIT } from '../support/harness.js'
import { PYTHON } from '../support/unprivileged.js'

const PROGRAM = fileURLToPath(new URL('../support/programs/first-process.js', import.meta.url))
const UNSHARE = ['unshare', '--pid', '--fork', '--mount-proc']

const [command, ...args] = UNSHARE
const skip = spawnSync(command, [...args, 'true']).status !== 0 && 'needs root to unshare'

test('zombies remained of lost fork servers and of daemons', { timeout: LIMIT, skip }, async () => {
  const { stdout } = await promisify(execFile)(command,
    [...args, process.execPath, PROGRAM, APPS, PYTHON])
  assert.deepEqual(JSON.parse(stdout), { pid: 1, left: 0, after: 0 })
})
