import { table } from './report.js'

/**
 * Prints what was to be reached and what was measured.
 * @param {Array<{ what: string, value: number, atMost?: number, atLeast?: number, unit: string }>}
 *   targets
 * @returns {boolean} whether all of them are kept
 */
export function showTargets (targets) {
  console.log(table(['what', 'target', 'measured', 'kept'], targets.map((target) => {
    const { what, value, atMost, atLeast, unit } = target
    const limit = atMost === undefined ? `≥ ${atLeast}` : `≤ ${atMost}`
    return [what, `${limit} ${unit}`, `${Number(value.toPrecision(3))} ${unit}`,
      isKept(target) ? 'yes' : 'NO']
  })))
  return targets.every(isKept)
}

function isKept ({ value, atMost = Infinity, atLeast = -Infinity }) {
  return value <= atMost && value >= atLeast
}
