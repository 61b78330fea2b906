/** How numbers are written. */

const clock = new Intl.DateTimeFormat(undefined,
  { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' })

/** Stands for a number that is not known. */
export const NONE = '–'

/** @param {number} time milliseconds since 1970 */
export function timeOfDay (time) {
  return clock.format(time)
}

/**
 * With three digits at most, and without digits that say nothing.
 * @param {number} value
 */
export function short (value) {
  if (value >= 100) return Math.round(value).toLocaleString('en').replaceAll(',', '\u202f')
  if (value >= 10) return String(Number(value.toFixed(1)))
  return String(Number(value.toPrecision(2)))
}

/** @param {number | null | undefined} value milliseconds */
export function milliseconds (value) {
  if (value === null || value === undefined) return NONE
  return value < 999.5 ? `${short(value)} ms` : seconds(value)
}

/** @param {number} value milliseconds */
export function seconds (value) {
  return value < 59_950 ? `${short(value / 1000)} s` : age(value)
}

/**
 * In two units: a longer time need not be exact.
 * @param {number} value milliseconds
 */
export function age (value) {
  const total = Math.floor(value / 1000)
  const minutes = Math.floor(total / 60) % 60
  const hours = Math.floor(total / 3600) % 24
  const days = Math.floor(total / 86400)
  if (days > 0) return `${days} d ${hours} h`
  if (hours > 0) return `${hours} h ${minutes} min`
  if (minutes > 0) return `${minutes} min ${total % 60} s`
  return `${total} s`
}

/** @param {number} value */
export function bytes (value) {
  if (value === 0) return NONE
  return value < 1e9 ? `${short(value / 1e6)} MB` : `${short(value / 1e9)} GB`
}

/** @param {number | null} part of one core */
export function percent (part) {
  return part === null ? NONE : `${Math.round(part * 100)} %`
}

/** @param {number} count */
export function times (count) {
  return count === 1 ? 'once' : `${short(count)} times`
}

/**
 * @param {number} count
 * @param {string} noun
 */
export function plural (count, noun) {
  return `${count.toLocaleString('en').replaceAll(',', '\u202f')} ${noun}${count === 1 ? '' : 's'}`
}
