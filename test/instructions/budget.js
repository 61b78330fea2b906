/**
 * Compares counts, such as instructions, with budgets.
 */

import { table } from '../../bench/support/report/report.js'

/** The relative tolerance. On one machine, counts repeat to 0.2 %. */
export const TOLERANCE = 0.01

/**
 * @typedef {object} Row
 * @property {string} loop
 * @property {number | undefined} count undefined: the loop no longer exists
 * @property {number | undefined} budget undefined: the loop is new
 * @property {'over' | 'under' | 'within' | 'new' | 'gone'} verdict
 */

/**
 * @param {Record<string, number>} counts
 * @param {Record<string, number>} budgets
 * @returns {Row[]}
 */
export function compare (counts, budgets, tolerance = TOLERANCE) {
  const loops = new Set([...Object.keys(counts), ...Object.keys(budgets)])
  return [...loops].map((loop) => {
    const count = counts[loop]
    const budget = budgets[loop]
    return { loop, count, budget, verdict: judge(count, budget, tolerance) }
  })
}

function judge (count, budget, tolerance) {
  if (budget === undefined) return 'new'
  if (count === undefined) return 'gone'
  if (count > budget * (1 + tolerance)) return 'over'
  return count < budget * (1 - tolerance) ? 'under' : 'within'
}

/** @param {Row[]} rows */
export function failed (rows) {
  return rows.some(({ verdict }) => ['over', 'new', 'gone'].includes(verdict))
}

/**
 * @param {Row[]} rows
 * @param {string} [what] is counted
 */
export function draw (rows, what = 'instructions') {
  return table(['loop', what, 'budget', 'difference'],
    rows.map(({ loop, count, budget }) =>
      [loop, count ?? '-', budget ?? '-', percent(count, budget)]))
}

/** Some counts are averages with two digits. */
const difference = (more, less) => Math.round((more - less) * 100) / 100

function percent (count, budget) {
  if (count === undefined || budget === undefined) return '-'
  const value = (count / budget - 1) * 100
  return `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(1)} %`
}

/**
 * What to tell about loops that do not match their budgets.
 * @param {Row[]} rows
 * @param {string} command the command that records new budgets
 * @param {string} [what] is counted
 * @returns {string[]}
 */
export function advice (rows, command, what = 'instructions') {
  const lines = rows.filter(({ verdict }) => verdict !== 'within').map((row) => {
    const { loop, count, budget, verdict } = row
    switch (verdict) {
      case 'over':
        return `${loop} takes ${difference(count, budget)} ${what} more than its budget of ` +
          `${budget} (${percent(count, budget)})`
      case 'under':
        return `${loop} takes ${difference(budget, count)} ${what} less than its budget of ` +
          `${budget} (${percent(count, budget)}): record it, so that a later loss does not go ` +
          'unnoticed'
      case 'new':
        return `${loop} has no budget yet`
      default:
        return `${loop} has a budget, but the loop no longer exists`
    }
  })
  if (lines.length > 0) {
    const intro = failed(rows) ? 'If this is intended, record' : 'Record'
    lines.push(`${intro} new budgets with: ${command}`)
  }
  return lines
}

/**
 * Where this machine differs from the one that the budgets were recorded on.
 * @param {Record<string, string>} recorded
 * @param {Record<string, string>} here
 * @returns {string[]}
 */
export function differences (recorded, here) {
  return Object.keys(here).filter((fact) => here[fact] !== recorded[fact])
    .map((fact) => `${fact} ${here[fact]} instead of ${recorded[fact]}`)
}
