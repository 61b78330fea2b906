/**
 * All settings of the command line, in the order of the help. To add one, add it to a group here;
 * nothing else has to know its name but the code that uses its value.
 */

import { defaultOption } from '../../options.js'
import { APPLICATION } from './application.js'
import { ANSWER, LIMITS, LOAD, SHELL, TYPES } from './commands.js'
import { ISOLATION } from './isolation.js'
import { ADDRESS, CLIENTS, TLS } from './network.js'
import { DEVELOPMENT, MONITORING, ORIGIN, OUTPUT } from './operation.js'
import { REMOTE } from './remote.js'
import { WEBSOCKET } from './websocket.js'
import { TIMEOUTS, WORKERS } from './workers.js'

/** @typedef {import('./setting.js').Setting} Setting */

/** @type {import('./setting.js').Group[]} */
export const GROUPS = [
  APPLICATION, TYPES, ANSWER, ADDRESS, TLS, CLIENTS, WORKERS, TIMEOUTS, REMOTE, WEBSOCKET,
  ISOLATION, DEVELOPMENT, OUTPUT, MONITORING, ORIGIN, SHELL, LOAD, LIMITS
]

/** @type {Setting[]} */
export const SETTINGS = GROUPS.flatMap(({ settings }) => settings)

/**
 * The argument that sets each option of a handler. The other options have no flag, and keep their
 * defaults on the command line.
 * @type {Record<string, string>}
 */
export const FLAGS = Object.fromEntries(SETTINGS.flatMap(({ option, flag }) =>
  option === undefined ? [] : [[option, flag]]))

/**
 * @param {string} command
 * @returns {{ title: string, settings: Setting[] }[]} the groups of settings that it has
 */
export function groupsOf (command) {
  return GROUPS.map(({ title, commands, settings }) => ({
    title,
    settings: settings.filter((setting) => (setting.commands ?? commands).includes(command))
  })).filter(({ settings }) => settings.length > 0)
}

/**
 * @param {string} command
 * @returns {Setting[]}
 */
export function settingsOf (command) {
  return groupsOf(command).flatMap(({ settings }) => settings)
}

/**
 * @param {Setting} setting
 * @returns {any} its default, as the parser returns it; undefined: it has none
 */
export function defaultOf ({ initial, initially, option }) {
  if (initial !== undefined) return initial
  return option === undefined || initially !== undefined ? undefined : defaultOption(option)
}

/**
 * @param {Setting} setting
 * @returns {string} what to call its default; empty: it has none
 */
export function shownDefault (setting) {
  const value = defaultOf(setting)
  if (setting.initially !== undefined) return setting.initially
  if (typeof value === 'number') {
    return value === Infinity ? '' : String(value / (setting.unit ?? 1))
  }
  if (typeof value === 'string' || Array.isArray(value)) return String(value)
  return ''
}
