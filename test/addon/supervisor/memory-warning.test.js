import assert from 'node:assert/strict'
import { test } from 'node:test'

import { MemoryWarning } from '../../../addon/lib/supervisor/memory-warning.js'
import { createLog } from '../../support/fake-binding.js'

const MIB = 1024 * 1024
const SERVER = 10

/** A process of Node with 50 MiB, a fork server with 100 MiB, workers with as much as given. */
function warningOf ({ workers, max, limit }) {
  const log = createLog()
  const memory = { [process.pid]: 50, [SERVER]: 100, ...workers }
  const pool = { server: SERVER, workers: Object.keys(workers).map(Number), max }
  const warning = new MemoryWarning(() => pool, log, {
    memoryOf: (pid) => memory[pid] * MIB,
    limit: () => ({ bytes: limit * MIB, source: 'control group' })
  })
  return { warning, pool, memory, lines: log.lines }
}

test('warns once when the most workers would hardly fit', () => {
  const { warning, lines, memory } = warningOf({ workers: { 1: 150, 2: 150 }, max: 8, limit: 700 })
  assert.equal(warning.look(), true, '50 + 100 + 8 * 50 = 550')
  memory[1] = memory[2] = 170
  assert.equal(warning.look(), false, '50 + 100 + 8 * 70 = 710')
  assert.equal(warning.look(), false)
  assert.equal(lines.length, 1)
  for (const fact of ['8 workers', '170 MiB', '70 MiB', '710 MiB', '700 MiB', 'control group',
    'workers', 'recycle.memory']) assert.ok(lines[0].includes(fact), fact)
})

test('what workers share with the fork server was counted for each of them', () => {
  const { warning, lines } = warningOf({ workers: { 1: 105, 2: 105 }, max: 8, limit: 300 })
  assert.equal(warning.look(), true)
  assert.deepEqual(lines, [])
})

test('warns again when there may be more workers', () => {
  const { warning, pool, lines } = warningOf({ workers: { 1: 200 }, max: 2, limit: 300 })
  warning.look()
  warning.rearm()
  pool.max = 4
  warning.look()
  assert.equal(lines.length, 2)
})

test('looks no more while no worker is ready, or when the pool is closed', () => {
  const { warning, lines } = warningOf({ workers: {}, max: 2, limit: 1 })
  assert.equal(warning.look(), false)
  warning.stop()
  warning.start()
  assert.deepEqual(lines, [])
})
