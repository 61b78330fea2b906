/**
 * Properties: statements about a function that have to hold for every input. fast-check makes the
 * inputs, and shrinks one that breaks a property before it prints it.
 *
 * A run of the tests always tries the same inputs. `npm run fuzz` tries others each time, and more
 * of them. NODE_ASGI_TEST_SEED repeats what it has found.
 */

import { test } from 'node:test'

import fc from 'fast-check'

const SEED = Number(process.env.NODE_ASGI_TEST_SEED ?? 1)

/** How many times as many inputs as a run of the tests takes. */
const FACTOR = Number(process.env.NODE_ASGI_FUZZ_FACTOR ?? 1)

/**
 * A test that fails if the check throws or returns false for any input.
 * @param {string} name
 * @param {import('fast-check').Arbitrary<any>[]} inputs one for each argument of the check
 * @param {(...args: any[]) => unknown} check
 * @param {number} [runs]
 */
export function property (name, inputs, check, runs = 300) {
  test(name, async (t) => {
    t.diagnostic(`NODE_ASGI_TEST_SEED=${SEED}`)
    // @ts-ignore: the number of inputs is not known here
    await fc.assert(
      fc.asyncProperty(...inputs, async (...args) => check(...args)),
      { seed: SEED, numRuns: runs * FACTOR }
    )
  })
}

/**
 * Text of the given pieces, with a little of anything in between.
 * @param {readonly string[]} pieces
 * @param {{ unit?: any, maxLength?: number }} [options]
 * @returns {import('fast-check').Arbitrary<string>}
 */
export function textOf (pieces, { unit = 'binary', maxLength = 12 } = {}) {
  const piece = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...pieces) },
    { weight: 1, arbitrary: fc.string({ unit, maxLength: 4 }) }
  )
  return fc.array(piece, { maxLength }).map((list) => list.join(''))
}

const range = (first, last) =>
  fc.integer({ min: first, max: last }).map((code) => String.fromCharCode(code))

/** A character of latin-1 other than NUL. */
export const latin1 = range(1, 255)

/** A character that Node's parser takes in the value of a header. */
export const visible = fc.oneof(range(0x21, 0x7e), range(0x80, 0xff))

/** Names of headers, among them those that objects of JavaScript already have. */
export const headerName = fc.oneof(
  fc.constantFrom(
    '__proto__',
    'constructor',
    'toString',
    'Cookie',
    'Set-Cookie',
    'X-A',
    'x-a',
    'TE',
    'Accept',
    'accept',
    'Age',
    'ETag',
    'Referer',
    '0',
    '7'
  ),
  fc.string({
    unit: fc.constantFrom(..."abcXYZ019!#$%&'*+-.^_`|~"),
    minLength: 1,
    maxLength: 8
  })
)

/** What Node's parser makes of a value: no whitespace around it. */
export const headerValue = fc
  .string({ unit: fc.oneof(visible, fc.constantFrom(' ', '\t', ',')) })
  .map((text) => text.replace(/^[ \t]+|[ \t]+$/g, ''))

/** Headers as a list of pairs. */
export const headerPairs = fc.array(fc.tuple(headerName, headerValue), { maxLength: 8 })

/** Fields of a head before its headers. */
export const HEAD_FIELDS = 13

/**
 * What a function throws, if it does.
 * @param {() => any} call
 * @returns {{ value?: any, error?: any }}
 */
export function outcome (call) {
  try {
    return { value: call() }
  } catch (error) {
    return { error }
  }
}
