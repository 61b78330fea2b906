/**
 * What a setting of the command line is. The table (table.js) lists all of them; flags, variables,
 * keys of the configuration file, help, completion and reference are made from it.
 */

/**
 * Parses the text of a value. `before` is the value so far if the setting has been given several
 * times.
 * @typedef {(text: string, before?: any) => any} Parser
 */

/**
 * @typedef {object} Setting
 * @property {string} flag '--port', or '[app]' for the argument. The variable NODE_ASGI_PORT and
 *   the key `port` follow from it
 * @property {string} [short] a letter for it, such as '-o'
 * @property {string} [value] what comes after the flag: '<port>', or '[modules]' if it may be left
 *   out. A setting without one is a switch
 * @property {string} about for --help-all and the reference
 * @property {string} [brief] for --help, which lists only the settings that have it
 * @property {Parser} [parse]
 * @property {(word: string) => boolean} [isValue] whether the word after the flag is its value,
 *   which may be left out; default: it has no colon
 * @property {string[]} [choices] the only values that there are
 * @property {string} [option] the option of the handler that it sets, such as 'timeouts.startup';
 *   its default is that of the handler
 * @property {any} [initial] the default, as the parser returns it, where it is not the handler's
 * @property {string} [initially] what to call a default that is not a plain value
 * @property {number} [unit] what a value is divided by before it is shown: 1000 for milliseconds
 *   that are given in seconds
 * @property {string} [variable] a variable of other servers that is honoured too
 * @property {readonly string[]} [sources] where it may be given; default: SOURCES
 * @property {boolean} [secret] its value is not shown
 * @property {'file' | 'folder'} [completes] what the shell completes its value with
 * @property {string[]} [commands] those that have it; default: those of its group
 */

/**
 * @typedef {object} Group
 * @property {string} title
 * @property {string[]} commands those that have its settings
 * @property {Setting[]} settings
 */

/** Every place that a setting can come from. Each overrides those below it. */
export const SOURCES = /** @type {const} */ (['flag', 'variable', 'file'])

/** For what concerns one run only, such as --print-config. */
export const FLAG_ONLY = ['flag']

/** Commands that start the application, and so have its settings. */
export const APP_COMMANDS = ['serve', 'check', 'routes', 'types']

/** Commands that have the settings of the server: `check` looks at what `serve` would do. */
export const SERVER_COMMANDS = ['serve', 'check']

/** @param {Setting} setting */
export function isArgument ({ flag }) {
  return flag.startsWith('[')
}

/**
 * @param {Setting} setting
 * @returns {string} for example 'timeoutStartup'
 */
export function keyOf ({ flag }) {
  return flag.replace(/^--|[[\]]/g, '').replace(/-(\w)/g, (_, letter) => letter.toUpperCase())
}

/**
 * @param {Setting} setting
 * @returns {string} for example 'NODE_ASGI_TIMEOUT_STARTUP'
 */
export function variableOf ({ flag }) {
  return `NODE_ASGI_${flag.replace(/^--|[[\]]/g, '').replaceAll('-', '_').toUpperCase()}`
}

/**
 * @param {Setting} setting
 * @param {string} source
 */
export function comesFrom ({ sources = SOURCES }, source) {
  return sources.includes(source)
}

/** @param {Setting} setting */
export function isSwitch (setting) {
  return setting.value === undefined && !isArgument(setting)
}

/**
 * Whether the value may be left out, so that the flag is followed by it or by something else.
 * @param {Setting} setting
 */
export function isOptional ({ value }) {
  return value?.startsWith('[') === true
}
