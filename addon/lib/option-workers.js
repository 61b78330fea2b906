/**
 * The option `workers`: a number, or the limits of a pool that grows and shrinks.
 */

import { InvalidOptionError } from './errors.js'
import { integer, invalid, isRecord, positiveTime } from './option-checks.js'
import { checkFields, initialOf } from './option-groups.js'
import { availableCores } from './util/available-cores.js'
import { optionName } from './util/option-name.js'

/** @typedef {import('./option-types.js').PoolSize} PoolSize */

const MAX_WORKERS = 1024

const mostCores = () => Math.min(availableCores(), MAX_WORKERS)

/** @type {Record<keyof PoolSize, import('./option-groups.js').Option>} */
const FIELDS = {
  min: { check: integer(0, MAX_WORKERS), initial: 1 },
  max: { check: integer(1, MAX_WORKERS), initial: mostCores },
  idle: { check: positiveTime, initial: 30_000 }
}

/** @type {import('./option-groups.js').Option} */
export const WORKERS = {
  fields: FIELDS,
  check: (value, name) => parsePoolSize(value, name),
  initial: mostCores
}

/**
 * @param {unknown} value a number, or an object with some of the fields
 * @param {string} name for messages
 * @param {PoolSize} [current] has the fields that are not given; default: the defaults
 * @returns {PoolSize}
 */
export function parsePoolSize (value, name, current) {
  const { idle = initialOf(FIELDS.idle) } = current ?? {}
  if (typeof value === 'number') {
    const count = FIELDS.max.check(value, name)
    return Object.freeze({ min: count, max: count, idle })
  }
  if (!isRecord(value)) {
    return invalid(name, `an integer from 1 to ${MAX_WORKERS}, or an object such as ` +
      '{ min: 1, max: 8 }', value)
  }
  const given = Object.fromEntries(
    Object.entries(/** @type {object} */ (value)).filter(([, field]) => field !== undefined))
  // Whoever gives `min` alone wants at least as many.
  const rest = given.max === undefined && given.min > (current?.max ?? mostCores())
    ? { max: given.min }
    : {}
  const size = /** @type {PoolSize} */ (
    checkFields(FIELDS, { ...current, ...given, ...rest }, `${name}.`))
  if (size.max < size.min) {
    throw new InvalidOptionError(`${name}.max`, `${optionName(`${name}.max`)} must not be below ` +
      `${optionName(`${name}.min`)}, but ${size.max} is below ${size.min}`)
  }
  return size
}
