/**
 * Native code in a worker that changes the memory shared with Node while Node reads it. Node runs
 * in a process of its own, which has to survive.
 */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const PROGRAM = fileURLToPath(new URL('../support/programs/scribbled.js', import.meta.url))
const build = `../../build/${process.env.NODE_ASGI_BUILD || 'release'}/test/scribbler.so`
const SCRIBBLER = fileURLToPath(new URL(build, import.meta.url))

/** Milliseconds that each attack takes. */
const TIME = 6000

/** What a request may end with. */
const OUTCOMES = [
  'answered', 'ERR_APP', 'ERR_WORKER_PROTOCOL', 'ERR_WORKER_CRASHED', 'ERR_INVALID_RESPONSE',
  'ERR_REQUEST_ABORTED', 'ERR_WEBSOCKET_REFUSED', 'ERR_NOT_READY'
]

async function attack (kind) {
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, String(TIME)],
    { env: { ...process.env, SCRIBBLER, SCRIBBLES: kind } })
  return JSON.parse(stdout)
}

test('text that changed between its check and its use overran the heap', async (t) => {
  const outcomes = await attack('text')
  t.diagnostic(JSON.stringify(outcomes))
  assert.deepEqual(Object.keys(outcomes).filter((code) => !OUTCOMES.includes(code)), [])
})

test('bits that change anywhere in the segment cost workers only', async (t) => {
  const outcomes = await attack('bits')
  t.diagnostic(JSON.stringify(outcomes))
  assert.deepEqual(Object.keys(outcomes).filter((code) => !OUTCOMES.includes(code)), [])
})
