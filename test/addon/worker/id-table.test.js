import assert from 'node:assert/strict'
import { test } from 'node:test'

import { IdTable } from '../../../addon/lib/worker/id-table.js'
import { seedOf, seeded } from '../../support/random.js'

test('it holds what a Map holds, whatever stays for long', (t) => {
  const random = seeded(seedOf(t))
  const table = new IdTable()
  const expected = new Map()
  // Past the end of the numbers that fit into 32 bits, as the addon counts.
  let id = 2 ** 32 - 20_000
  for (let i = 0; i < 40_000; i++) {
    id = (id + 1) >>> 0
    const entry = { id }
    table.set(entry.id, entry)
    expected.set(id, entry)
    // One in a hundred stays; the others leave soon, not in order.
    for (const old of [...expected.keys()].slice(0, 3)) {
      if (old % 100 === 0 || random() < 0.5) continue
      table.delete(old)
      expected.delete(old)
    }
    if (expected.size > 500) {
      const [first] = expected.keys()
      table.delete(first)
      expected.delete(first)
    }
    if (i % 1000 > 0) continue
    for (const [key, value] of expected) assert.equal(table.get(key), value)
    assert.deepEqual(new Set(table.values()), new Set(expected.values()))
    assert.equal(table.get(id + 1), undefined)
  }
  table.clear()
  assert.deepEqual(table.values(), [])
})

test('numbers that share a place are told apart', () => {
  const table = new IdTable()
  const entries = [1, 1 + 4096, 1 + 2 * 4096].map((id) => ({ id }))
  for (const entry of entries) table.set(entry.id, entry)
  assert.deepEqual(table.values(), entries)
  table.delete(1 + 4096)
  assert.deepEqual(entries.map(({ id }) => table.get(id)), [entries[0], undefined, entries[2]])
  table.delete(1)
  table.delete(1 + 2 * 4096)
  assert.deepEqual(table.values(), [])
})
