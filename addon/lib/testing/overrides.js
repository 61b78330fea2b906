/**
 * Checks the option `overrides`.
 */

import { InvalidOptionError } from '../errors.js'

/** @typedef {string | { value: unknown }} Override */

/**
 * @param {unknown} overrides
 * @returns {Record<string, Override>}
 */
export function checkOverrides (overrides) {
  if (overrides === undefined) return {}
  if (!isRecord(overrides)) {
    throw invalid('overrides', "an object such as { 'main:get_db': 'fakes:get_db' }")
  }
  return Object.fromEntries(Object.entries(overrides)
    .map(([name, override]) => [name, checkOverride(override, `overrides['${name}']`)]))
}

/**
 * @param {unknown} override
 * @param {string} option
 * @returns {Override}
 */
function checkOverride (override, option) {
  if (typeof override === 'string') return override
  if (!isRecord(override) || !('value' in override) || Object.keys(override).length !== 1) {
    throw invalid(option, "the name of a replacement, such as 'fakes:get_db', or { value } with " +
      'what the dependency returns')
  }
  const { value } = override
  let text
  try {
    text = JSON.stringify(value)
  } catch {} // for example a BigInt
  if (text === undefined) {
    throw invalid(option, 'a value that JSON can express; for any other, name a function of ' +
      "Python, such as 'fakes:get_db'")
  }
  return { value }
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
function isRecord (value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * @param {string} option
 * @param {string} wanted
 */
function invalid (option, wanted) {
  return new InvalidOptionError(option, `${option} must be ${wanted}`)
}
