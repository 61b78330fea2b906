/**
 * How messages name an option: as a program writes it (`timeouts.startup`), or in the process of
 * the command line as the flag that sets it (`--timeout-startup`).
 */

/** @type {Map<string, string> | null} */
let flags = null

/**
 * From now on, messages name flags. For a process that has no other way to set options.
 * @param {Record<string, string>} names flag by option, for example { docroot: '--docroot' }
 */
export function nameOptionsAsFlags (names) {
  flags = new Map(Object.entries(names))
}

/** Whether messages name flags. */
export function namesFlags () {
  return flags !== null
}

/**
 * @param {string} option for example 'timeouts.startup'
 * @returns {string} what to call it in a message: a field whose option has a flag is called by
 *   that, and an option without a flag keeps its own name
 */
export function optionName (option) {
  return flags?.get(option) ?? flags?.get(option.replace(/\.\w+$/, '')) ?? option
}

/** What to call the option remote, which the command line has only as `remote.url`. */
export function remoteName () {
  return flags?.get('remote.url') ?? 'remote'
}

/**
 * Several options to choose from, for example 'workers, concurrency or maxQueue'. On the command
 * line, those that have no flag are left out.
 * @param {string[]} options of which at least one has a flag
 * @returns {string}
 */
export function optionNames (...options) {
  const names = flags === null
    ? options
    : options.map((option) => flags?.get(option)).filter((name) => name !== undefined)
  const last = names[names.length - 1]
  return names.length === 1 ? last : `${names.slice(0, -1).join(', ')} or ${last}`
}
