/**
 * The messages of the command line. They go to stderr, because stdout is for the address, the
 * access log and the output of the application.
 */

import { logEntry } from '../util/log-text.js'

export const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug']

/**
 * @param {string} level the least severe one to print, of LOG_LEVELS
 * @param {(text: string) => void} [write]
 * @returns {import('../options.js').Logger}
 */
export function createLogger (level, write = (text) => { process.stderr.write(text) }) {
  /** @param {string} name */
  const at = (name) => (/** @type {unknown[]} */ ...words) => {
    if (isShown(name, level)) write(`${logEntry(words.join(' '))}\n`)
  }
  return { error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug') }
}

/**
 * @param {string | null} severity of a message; null: it has none
 * @param {string} level the least severe one to print
 */
export function isShown (severity, level) {
  return severity === null || LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(severity)
}

/**
 * A line that a Python process printed, or a record of its `logging`, prefixed with its source.
 * @param {string} text
 * @param {{ worker: number, pid: number, level: string | null }} source
 */
export function pythonLine (text, { worker, pid, level }) {
  const process = worker === 0 ? 'fork server' : `worker ${worker}`
  return logEntry(`[${process}, pid ${pid}] ${level === null ? '' : `${level}: `}${text}`)
}
