/** The example that runs plugins which nobody trusts. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

import { loadBinding } from '../../addon/lib/binding.js'
import { LIMIT } from '../support/harness.js'
import { PYTHON } from '../support/unprivileged.js'

const SERVER = fileURLToPath(new URL('../../examples/untrusted-plugins/server.js', import.meta.url))

const version = loadBinding().landlockVersion()
const skip = version < 6 && `the kernel has version ${version} of Landlock`

test('plugins answer, and can do no harm', { timeout: LIMIT, skip }, async () => {
  const server = spawn(process.execPath, [SERVER], {
    env: { ...process.env, PORT: '0', PYTHON, PLUGIN_SECRET: 'a token' },
    stdio: ['ignore', 'pipe', 'inherit']
  })
  const closed = once(server, 'close')
  try {
    const [line] = await once(createInterface(server.stdout), 'line')
    const url = /http:\S+/.exec(line)[0]
    const greeting = await fetch(`${url}/greeting/`)
    assert.equal(await greeting.text(), 'Hello from a plugin!\n')
    const nosy = await fetch(`${url}/nosy/`)
    assert.deepEqual(await nosy.json(), {
      read_neighbour: 'PermissionError',
      change_itself: 'PermissionError',
      fill_tmp: 'PermissionError',
      capture_packets: 'PermissionError',
      stop_its_parent: 'PermissionError',
      read_secret: 'KeyError',
      use_its_own_tmp: 'done'
    })
    assert.equal((await fetch(`${url}/other/`)).status, 404)
  } finally {
    server.kill('SIGTERM')
    await closed
  }
})
