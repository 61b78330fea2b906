import assert from 'node:assert/strict'

/** Asserts that two numbers differ by no more than one part in fifty. */
export const near = (value, expected) =>
  assert.ok(Math.abs(value - expected) <= expected / 50, `${value} is not near ${expected}`)
