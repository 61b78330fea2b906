import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Queue } from '../../../addon/lib/pool/queue.js'

test('first in, first out', () => {
  const queue = new Queue(3)
  for (const item of ['a', 'b', 'c']) queue.push(item)
  assert.deepEqual([queue.shift(), queue.shift()], ['a', 'b'])
  queue.push('d')
  assert.deepEqual([queue.shift(), queue.shift(), queue.shift()], ['c', 'd', null])
})

test('a full queue takes nothing, until something has left', () => {
  const queue = new Queue(1)
  assert.notEqual(queue.push('a'), null)
  assert.equal(queue.push('b'), null)
  assert.equal(queue.length, 1)
  queue.shift()
  assert.notEqual(queue.push('b'), null)
  assert.equal(new Queue(0).push('a'), null)
})

for (const [place, left] of [[0, ['b', 'c']], [1, ['a', 'c']], [2, ['a', 'b']]]) {
  test(`leaving from place ${place}`, () => {
    const queue = new Queue(3)
    const tickets = ['a', 'b', 'c'].map((item) => queue.push(item))
    tickets[place].remove()
    tickets[place].remove()
    assert.equal(queue.length, 2)
    assert.deepEqual([...queue], left)
    queue.push('d')
    assert.deepEqual([queue.shift(), queue.shift(), queue.shift()], [...left, 'd'])
  })
}

test('a ticket whose item was taken removes nothing', () => {
  const queue = new Queue(2)
  const ticket = queue.push('a')
  queue.shift()
  queue.push('b')
  ticket.remove()
  assert.deepEqual([...queue], ['b'])
})

test('items may leave while the queue is gone through', () => {
  const queue = new Queue(Infinity)
  const tickets = new Map(['a', 'b', 'c'].map((item) => [item, queue.push(item)]))
  const seen = []
  for (const item of queue) {
    seen.push(item)
    tickets.get(item).remove()
  }
  assert.deepEqual(seen, ['a', 'b', 'c'])
  assert.equal(queue.length, 0)
})
