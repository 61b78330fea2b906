import assert from 'node:assert/strict'
import { test } from 'node:test'

import { InvalidOptionError } from '../../../addon/lib/errors.js'
import { checkOverrides } from '../../../addon/lib/testing/overrides.js'

test('overrides are names and constants', () => {
  const overrides = { 'main:a': 'fakes:a', 'main:b': { value: null }, 'main:c': { value: [1] } }
  assert.deepEqual(checkOverrides(overrides), overrides)
  assert.deepEqual(checkOverrides(undefined), {})
})

const wrong = {
  overrides: ['main:a', ['main:a'], null, 7],
  "overrides['main:a']": [
    7, null, undefined, () => {}, ['fakes:a'], {}, { values: 1 }, { value: 1, more: 2 },
    { value: undefined }, { value: () => {} }, { value: 1n }
  ]
}
for (const [option, values] of Object.entries(wrong)) {
  for (const value of values) {
    const overrides = option === 'overrides' ? value : { 'main:a': value }
    test(`${option} cannot be ${typeof value} ${String(value)}`, () => {
      assert.throws(() => checkOverrides(overrides),
        (error) => error instanceof InvalidOptionError && error.option === option)
    })
  }
}
