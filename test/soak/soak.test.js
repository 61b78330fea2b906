import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const SOAK = fileURLToPath(new URL('soak.js', import.meta.url))

test('a short soak: nothing is wrong, lost or left behind', { timeout: 300_000 }, async t => {
  const args = [SOAK, '--minutes', '0.2', '--warm-up', '5']
  const { stdout } = await promisify(execFile)(process.execPath, args)
    .catch(error => assert.fail(`${error.stderr}\n${error.stdout}`))
  t.diagnostic(stdout)
  assert.match(stdout, /kill \d+/)
})
