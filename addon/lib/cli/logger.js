/**
 * What the command line says: messages on stderr, so that stdout holds the address and the log.
 */

export const LOG_LEVELS = ['silent', 'error', 'warn', 'info']

/**
 * @param {string} level the least severe one to print, of LOG_LEVELS
 * @param {(text: string) => void} [write]
 * @returns {import('../options.js').Logger}
 */
export function createLogger (level, write = (text) => { process.stderr.write(text) }) {
  const shown = LOG_LEVELS.indexOf(level)
  /** @param {string} name */
  const at = (name) => (/** @type {unknown[]} */ ...words) => {
    if (shown >= LOG_LEVELS.indexOf(name)) write(`${words.join(' ')}\n`)
  }
  return { error: at('error'), warn: at('warn'), info: at('info') }
}
