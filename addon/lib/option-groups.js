/**
 * Options that are objects with fields of their own.
 */

import { InvalidOptionError } from './errors.js'
import { record } from './option-checks.js'
import { closest } from './util/closest.js'

/** @typedef {import('./option-checks.js').Check} Check */

/**
 * `initial` is the default, or makes it. It is checked like a value that was given.
 * @typedef {{ check: Check & { choices?: string[] }, initial: any,
 *   fields?: Record<string, Option> }} Option
 */

/**
 * @param {Record<string, Option>} fields
 * @returns {Option}
 */
export function group (fields) {
  return {
    fields,
    check: (value, name) => checkFields(fields, record(value, name), `${name}.`),
    initial: () => ({})
  }
}

/**
 * A group that `true` stands for with its defaults. It becomes null for `false`, the default.
 * @param {Record<string, Option>} fields
 * @returns {Option}
 */
export function unlessBoolean (fields) {
  const { check } = group(fields)
  return {
    fields,
    check (value, name) {
      if (typeof value !== 'boolean') return check(value, name)
      return value ? check({}, name) : null
    },
    initial: false
  }
}

/** @param {Option} option */
export function initialOf ({ initial }) {
  return typeof initial === 'function' ? initial() : initial
}

/**
 * @param {Record<string, Option>} fields
 * @param {Record<string, any>} given
 * @param {string} prefix
 */
export function checkFields (fields, given, prefix) {
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(fields, name)) continue
    const guess = closest(name, Object.keys(fields))
    throw new InvalidOptionError(prefix + name, `unknown option ${prefix}${name}` +
      (guess === undefined ? '' : `; did you mean ${prefix}${guess}?`))
  }
  /** @type {Record<string, any>} */
  const result = {}
  for (const [name, option] of Object.entries(fields)) {
    const value = given[name] === undefined ? initialOf(option) : given[name]
    result[name] = option.check(value, prefix + name)
  }
  return Object.freeze(result)
}
