import assert from 'node:assert/strict'
import { test } from 'node:test'

import { parsePoolSize } from '../../addon/lib/option-workers.js'
import { parseOptions } from '../../addon/lib/options.js'
import { availableCores } from '../../addon/lib/util/available-cores.js'

const sizeOf = (workers) => parseOptions({ workers }).workers

test('a number is a pool of a fixed size', () => {
  assert.deepEqual(sizeOf(3), { min: 3, max: 3, idle: 30_000 })
})

test('limits that are not given have defaults', () => {
  const cores = availableCores()
  assert.deepEqual(sizeOf({}), { min: 1, max: cores, idle: 30_000 })
  assert.deepEqual(sizeOf({ min: 0, idle: 5 }), { min: 0, max: cores, idle: 5 })
  assert.deepEqual(sizeOf({ min: cores + 1 }), { min: cores + 1, max: cores + 1, idle: 30_000 })
})

for (const [workers, option, message] of [
  [{ min: -1 }, 'workers.min', /0 to 1024.*-1/],
  [{ min: 1.5 }, 'workers.min', /integer/],
  [{ max: 0 }, 'workers.max', /1 to 1024/],
  [{ max: 5000 }, 'workers.max', /5000/],
  [{ min: 3, max: 2 }, 'workers.max', /2 is below 3/],
  [{ idle: 0 }, 'workers.idle', /milliseconds/],
  [{ idle: Infinity }, 'workers.idle', /milliseconds/],
  [{ maximum: 8 }, 'workers.maximum', /unknown option workers\.maximum/],
  [{ mx: 8 }, 'workers.mx', /did you mean workers\.max/],
  ['1-8', 'workers', /\{ min: 1, max: 8 \}/],
  [[1, 8], 'workers', /\{ min: 1, max: 8 \}/],
  [null, 'workers', /integer/]
]) {
  test(`refuses ${JSON.stringify(workers)}`, () => {
    assert.throws(() => sizeOf(workers), (error) => {
      assert.equal(error.code, 'ERR_INVALID_OPTION')
      assert.equal(error.option, option)
      assert.match(error.message, message)
      return true
    })
  })
}

test('limits that a change does not name stay as they are', () => {
  const current = sizeOf({ min: 2, max: 4, idle: 9 })
  const change = (value) => parsePoolSize(value, 'workers', current)
  assert.deepEqual(change({ max: 8, min: undefined }), { min: 2, max: 8, idle: 9 })
  assert.deepEqual(change({ min: 6 }), { min: 6, max: 6, idle: 9 })
  assert.deepEqual(change(1), { min: 1, max: 1, idle: 9 })
  assert.throws(() => change({ max: 1 }), /1 is below 2/)
})
