import assert from 'node:assert/strict'
import { test } from 'node:test'

import { parseOptions } from '../../../addon/lib/options.js'
import { RestartPolicy } from '../../../addon/lib/supervisor/restart-policy.js'

const settings = { min: 100, max: 1000, window: 60_000, limit: Infinity }
const { restart: defaults } = parseOptions()
const latest = () => 1

test('failed starts are repeated at once, then after delays that double up to the longest', () => {
  const policy = new RestartPolicy(settings, latest)
  const delays = Array.from({ length: 7 }, () => policy.failed())
  assert.deepEqual(delays, [0, 100, 200, 400, 800, 1000, 1000])
})

test('half of a delay is random', () => {
  const policy = new RestartPolicy(settings, () => 0)
  assert.deepEqual([policy.failed(), policy.failed(), policy.failed()], [0, 50, 100])
})

test('after the limit only the longest delay is used, until a start succeeds', () => {
  const policy = new RestartPolicy({ ...settings, limit: 2 }, latest)
  assert.deepEqual([policy.failed(), policy.failed()], [0, 100])
  assert.equal(policy.isBroken, false)
  assert.deepEqual([policy.failed(), policy.failed()], [1000, 1000])
  assert.equal(policy.isBroken, true)
  policy.ended(100, 0)
  assert.equal(policy.isBroken, false)
  assert.equal(policy.failed(), 0)
})

test('a thousand failures do not overflow', () => {
  const policy = new RestartPolicy(settings, latest)
  for (let i = 0; i < 2000; i++) policy.failed()
  assert.equal(policy.failed(), 1000)
})

/**
 * Lets a worker crash again and again for an hour, with the defaults.
 * @returns {{ longest: number, part: number }} the longest delay, and the part of the last half
 *   hour that went to starts
 */
function crashes ({ start, lives }) {
  const policy = new RestartPolicy(defaults)
  let now = 0
  let longest = 0
  let starting = 0
  while (now < 3_600_000) {
    now += start + lives
    if (now > 1_800_000) starting += start
    const delay = policy.ended(start, now)
    longest = Math.max(longest, delay)
    now += delay
  }
  return { longest, part: starting / 1_800_000 }
}

test('a worker that has served is replaced at once, however often it crashes', () => {
  for (const lives of [300, 1000, 5000]) {
    assert.equal(crashes({ start: 250, lives }).longest, 0, `every ${lives} ms`)
  }
})

test('a worker that crashes as soon as it is ready spends half of the time starting', () => {
  for (const start of [5, 100, 1000, 20_000]) {
    const { longest, part } = crashes({ start, lives: 0 })
    assert.ok(part <= 0.51, `${part} of the time, when a start takes ${start} ms`)
    assert.ok(longest <= 2 * start, `a delay of ${longest} ms, when a start takes ${start} ms`)
  }
})
