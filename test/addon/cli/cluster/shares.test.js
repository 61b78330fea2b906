import assert from 'node:assert/strict'
import { test } from 'node:test'

import { divide, shares } from '../../../../addon/lib/cli/cluster/shares.js'
import { parseArguments as parse } from '../../../support/arguments.js'

test('a number is divided into parts that differ by one at most', () => {
  assert.deepEqual(divide(8, 2), [4, 4])
  assert.deepEqual(divide(7, 3), [3, 2, 2])
  assert.deepEqual(divide(3, 3), [1, 1, 1])
})

test('workers and connections are shared, the rest is the same', () => {
  const given = parse(['--processes', '2', '--workers', '5', '--max-connections', '9',
    '--max-connections-per-address', '0', '--concurrency', '7', '--pid-file', 'x', '--metrics',
    '/m', '--health', '9464', '--reload'])
  const all = shares(given, 64)
  assert.deepEqual(all.map(({ handler }) => handler.workers), [3, 2])
  for (const share of all) {
    assert.equal(share.limits.connections, 5)
    assert.equal(share.limits.connectionsPerAddress, Infinity)
    assert.equal(share.handler.concurrency, 7)
    // These are the primary's.
    assert.equal(share.pidFile, undefined)
    assert.equal(share.reload, null)
    assert.equal(share.health, null)
    assert.deepEqual(share.metrics, { path: '/m' })
  }
})

test('a pool that grows is divided at both ends', () => {
  const given = parse(['--processes', '2', '--workers', '2'])
  given.handler.workers = { min: 1, max: 5, idle: 100 }
  assert.deepEqual(shares(given, 64).map(({ handler }) => handler.workers),
    [{ min: 1, max: 3, idle: 100 }, { min: 0, max: 2, idle: 100 }])
})

test('there is a worker for each process if nobody says how many', () => {
  const all = shares(parse(['--processes', '4']), 2)
  assert.deepEqual(all.map(({ handler }) => handler.workers), [1, 1, 1, 1])
})

test('each process took all cores for its own, and spun', () => {
  const spins = (cores, ...more) =>
    shares(parse(['--processes', '2', '--workers', '2', ...more]), cores)
      .map(({ handler }) => handler.spin)
  assert.deepEqual(spins(4), ['auto', 'auto'])
  assert.deepEqual(spins(3), [0, 0])
  assert.deepEqual(spins(3, '--spin', '5'), [5, 5])
})
