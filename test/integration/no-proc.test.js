/** A machine without /proc, as a chroot may be. */

import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'

import { APPS, LIMIT } from '../support/harness.js'
import { PYTHON } from '../support/unprivileged.js'
import { SCRIPT } from '../support/run.js'

const WITHOUT_PROC = 'mount -t tmpfs none /proc && exec "$@"'

const skip = spawnSync('unshare', ['-m', 'sh', '-c', WITHOUT_PROC, 'sh', 'true']).status !== 0 &&
  'needs root to unmount /proc'

test('without /proc nothing started, for a reason that nobody could guess',
  { timeout: LIMIT, skip }, async () => {
    const args = ['-m', 'sh', '-c', WITHOUT_PROC, 'sh', process.execPath, SCRIPT, '--docroot', APPS,
      '--python', PYTHON, '--port', '0', '--workers', '1']
    await assert.rejects(promisify(execFile)('unshare', args), ({ stderr }) => {
      assert.match(stderr, /node-asgi needs the file system \/proc/)
      assert.doesNotMatch(stderr, /Traceback/)
      return true
    })
  })
