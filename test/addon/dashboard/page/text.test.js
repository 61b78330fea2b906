import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as text from '../../../../addon/lib/dashboard/page/text.js'

function all (write, expected) {
  for (const [value, shown] of expected) assert.equal(write(value), shown)
}

test('numbers have the digits that matter', () => {
  all(text.short, [
    [0, '0'], [0.0123, '0.012'], [0.5, '0.5'], [5, '5'], [9.99, '10'], [12.34, '12.3'],
    [99.96, '100'], [119.6, '120'], [1234567, '1\u202f234\u202f567']
  ])
})

test('times have units that fit', () => {
  all(text.milliseconds, [
    [null, '–'], [0.046, '0.046 ms'], [16.66, '16.7 ms'], [999.4, '999 ms'], [999.6, '1 s'],
    [1234, '1.2 s'], [24_680, '24.7 s'], [59_960, '59 s'], [61_000, '1 min 1 s']
  ])
  all(text.age, [
    [0, '0 s'], [3_600_000, '1 h 0 min'], [90_061_000, '1 d 1 h'], [59_999, '59 s']
  ])
})

test('memory, parts of a core, and counts', () => {
  all(text.bytes, [[0, '–'], [47_900_000, '47.9 MB'], [1_260_000_000, '1.3 GB']])
  all(text.percent, [[null, '–'], [0.034, '3 %'], [1.5, '150 %']])
  all(text.times, [[1, 'once'], [3, '3 times']])
  assert.equal(text.plural(1, 'request'), '1 request')
  assert.equal(text.plural(1000, 'request'), '1\u202f000 requests')
})
