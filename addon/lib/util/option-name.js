/**
 * How messages name an option: as a program writes it (`timeouts.startup`) or, in the process of the
 * command line, as the flag that sets it (`--timeout-startup`).
 */

/** @type {Map<string, string>} */
let flags = new Map()

/**
 * From now on, messages name flags. For a process that has no other way to set options.
 * @param {Record<string, string>} names flag by option, for example { docroot: '--docroot' }
 */
export function nameOptionsAsFlags (names) {
  flags = new Map(Object.entries(names))
}

/**
 * @param {string} option for example 'timeouts.startup'
 * @returns {string} what to call it in a message; an option without a flag keeps its own name
 */
export function optionName (option) {
  return flags.get(option) ?? option
}
