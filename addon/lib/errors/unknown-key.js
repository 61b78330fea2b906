/**
 * Refuses keys that mean nothing. Otherwise a mistyped one would be ignored, and nobody would know.
 */

import { closest } from '../util/closest.js'
import { InvalidOptionError } from './classes.js'

/**
 * @param {object} given
 * @param {ReadonlySet<string>} known
 * @param {string} owner what the keys belong to, for example 'a request'
 * @param {Readonly<Record<string, string>>} [advice] what to do instead, by the unknown key
 * @param {string} [noun] what the owner calls its keys
 */
export function checkKeys (given, known, owner, advice = {}, noun = 'key') {
  for (const key in given) {
    if (known.has(key) || !Object.hasOwn(given, key)) continue
    throw unknownKey(key, known, `${owner} has no ${noun} ${key}`, advice)
  }
}

/**
 * Checks an argument that is an object of options, or undefined.
 * @param {unknown} given
 * @param {ReadonlySet<string>} known
 * @param {string} call for example 'close()'
 */
export function checkOptions (given, known, call) {
  if (given === undefined) return
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    const names = [...known].join(', ')
    throw new InvalidOptionError('options',
      `the options of ${call} must be an object (${names}), not ${describe(given)}`)
  }
  checkKeys(given, known, call, {}, 'option')
}

/**
 * @param {string} key
 * @param {Iterable<string>} known
 * @param {string} problem
 * @param {Readonly<Record<string, string>>} advice
 */
function unknownKey (key, known, problem, advice) {
  const guess = closest(key, known)
  let hint = ''
  if (Object.hasOwn(advice, key)) hint = `; ${advice[key]}`
  else if (guess !== undefined) hint = `; did you mean ${guess}?`
  return new InvalidOptionError(key, `${problem}${hint}`)
}

/**
 * @param {unknown} value
 * @returns {string} what it is, for a message
 */
export function describe (value) {
  if (value === null || value === undefined) return String(value)
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'string') return JSON.stringify(value)
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
