import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const PROGRAM = fileURLToPath(new URL('../support/programs/allocations.js', import.meta.url))

/** In bytes, by major version of Node. Without its compiler, V8 takes the same each time. */
const BUDGETS = { 20: 3065, 22: 2987, 24: 2706 }
const TOLERANCE = 1.03

const [major] = process.versions.node.split('.')
const budget = BUDGETS[major]
const skip = budget === undefined && `no budget has been recorded for Node ${major}`

test('checks of every request made 900 bytes of garbage', { skip }, () => {
  const output = execFileSync(process.execPath,
    ['--no-opt', '--min-semi-space-size=64', '--max-semi-space-size=64', PROGRAM],
    { encoding: 'utf8', env: { PATH: process.env.PATH } })
  const bytes = Number(output)
  assert.ok(bytes > 0 && bytes <= budget * TOLERANCE, `handleRequest() takes ${bytes} bytes of ` +
    `V8's heap in JavaScript, and the budget is ${budget}. If that is worth it, raise the budget ` +
    `for each version to what ${PROGRAM} prints`)
})
