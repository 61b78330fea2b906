import assert from 'node:assert/strict'
import { test } from 'node:test'

import { RouteTable } from '../../../addon/lib/dashboard/route-table.js'

test('the slowest route comes first', () => {
  const table = new RouteTable()
  for (const [name, time] of [['quick', 1], ['slow', 900], ['quick', 2], ['middle', 50]]) {
    table.at(60_000, name).latencies.add(time)
  }
  table.at(60_000, 'slow').failures++
  assert.deepEqual(table.list(60_000).map(({ name, count, failures }) => [name, count, failures]),
    [['slow', 1, 1], ['middle', 1, 0], ['quick', 2, 0]])
})

test('what was slow long ago hid what is slow now', () => {
  const table = new RouteTable()
  table.at(60_000, 'then').latencies.add(900)
  table.at(60_000 + 120, 'now').latencies.add(10)
  assert.deepEqual(table.list(60_000 + 120).map(({ name }) => name), ['then', 'now'])
  assert.deepEqual(table.list(60_000 + 360).map(({ name }) => name), ['now'])
  assert.deepEqual(table.list(60_000 + 900), [])
})

test('clients cannot fill the memory with routes', () => {
  const table = new RouteTable()
  for (let i = 0; i < 10_000; i++) table.at(60_000, `route ${i}`).latencies.add(i)
  const list = table.list(60_000)
  assert.equal(list.length, 25)
  assert.deepEqual([list[0].name, list[0].count], ['(others)', 9800])
})
