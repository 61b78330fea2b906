/** Writes what --print-config prints: a line for each setting, with its value and its source. */

import { columns } from '../columns.js'
import { comesFrom, isSwitch, keyOf } from './setting.js'
import { groupsOf } from './table.js'

const LONGEST = 40

/**
 * @param {string} command
 * @param {import('./resolve.js').Settings} settings
 * @returns {string}
 */
export function configText (command, settings) {
  /** @type {string[][]} */
  const rows = []
  for (const { title, settings: group } of groupsOf(command)) {
    const listed = group.filter((setting) =>
      comesFrom(setting, 'variable') || comesFrom(setting, 'file'))
    if (listed.length > 0) rows.push([], [title])
    for (const setting of listed) {
      const { value, text, rank, source } =
        /** @type {import('./resolve.js').Resolved} */ (settings.resolved.get(setting))
      const shown = setting.secret && rank !== 'default' ? secret(value) : text
      rows.push([`  ${keyOf(setting)}`, shown || (isSwitch(setting) ? 'false' : '-'),
        rank === 'file' ? settings.file?.name ?? source : source])
    }
  }
  // A long list must not push the sources of all others aside.
  return columns(rows.slice(1), LONGEST)
}

/** @param {any} value */
function secret (value) {
  const hidden = '***'
  if (typeof value !== 'object') return hidden
  return Object.keys(value).map((name) => `${name}=${hidden}`).join(',')
}
