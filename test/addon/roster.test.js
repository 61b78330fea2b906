import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Roster } from '../../addon/lib/roster.js'

test('empty() waits until the last has left', async () => {
  const roster = new Roster()
  assert.equal(await roster.empty(1), true)
  roster.add({ id: 1 })
  roster.add({ id: 2 })
  let empty = false
  const waiting = roster.empty(30_000).then((value) => { empty = value })
  for (const member of roster.all()) {
    assert.equal(empty, false)
    roster.delete(member)
    await Promise.resolve()
  }
  await waiting
  assert.equal(empty, true)
})

test('empty() gives up', async () => {
  const roster = new Roster()
  roster.add({ id: 1 })
  assert.equal(await roster.empty(1), false)
  assert.equal(roster.size, 1)
  assert.deepEqual(roster.get(1), { id: 1 })
})
