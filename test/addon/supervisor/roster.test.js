import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Roster } from '../../../addon/lib/supervisor/roster.js'

test('empty() waits until the last has left, for everybody who asks', async () => {
  const roster = new Roster()
  await roster.empty()
  roster.add({ id: 1 })
  roster.add({ id: 2 })
  let told = 0
  const waiting = [1, 2].map(() => roster.empty().then(() => { told++ }))
  for (const member of roster.all()) {
    assert.equal(told, 0)
    roster.delete(member)
    await Promise.resolve()
  }
  await Promise.all(waiting)
  assert.equal(told, 2)
  assert.equal(roster.size, 0)
})

test('members are found by their id', () => {
  const roster = new Roster()
  roster.add({ id: 1 })
  assert.deepEqual(roster.get(1), { id: 1 })
  assert.equal(roster.get(2), undefined)
})
