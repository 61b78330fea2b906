/**
 * The messages of the command line. They go to stderr, because stdout is for the address, the
 * access log and the output of the application.
 */

import { logEntry } from '../util/log-text.js'
import { plain } from './terminal/style.js'
import { readableTraceback } from './terminal/traceback.js'

/** @typedef {import('./terminal/style.js').Paint} Paint */

export const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug']

/** @type {Record<string, import('./terminal/style.js').Look[]>} by level */
const LOOKS = { error: ['red', 'bold'], warn: ['yellow'], debug: ['dim'] }

/** What an entry starts with: who it is from. */
const PREFIX = /^\[[^\]\n]*\] /

/**
 * @param {string} level the least severe one to print, of LOG_LEVELS
 * @param {(text: string) => void} [write]
 * @param {Paint} [paint]
 * @returns {import('../options.js').Logger}
 */
export function createLogger (
  level, write = (text) => { process.stderr.write(text) }, paint = plain
) {
  // Whoever wants to see everything wants to see whole tracebacks, too.
  const read = level === 'debug' ? (/** @type {string} */ text) => text : readable
  /** @param {string} name */
  const at = (name) => (/** @type {unknown[]} */ ...words) => {
    if (isShown(name, level)) write(`${read(logEntry(words.join(' ')), paint, name)}\n`)
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
 * @param {object} source
 * @param {number} source.worker
 * @param {number} source.pid
 * @param {string | null} source.level
 * @param {number} [source.process] of several processes of Node, the one that has the worker
 * @param {Paint} [paint]
 */
export function pythonLine (text, { worker, pid, level, process }, paint = plain) {
  const name = process === undefined ? worker : `${process}.${worker}`
  const which = worker === 0 ? `fork server ${process ?? ''}`.trimEnd() : `worker ${name}`
  const entry = logEntry(`[${which}, pid ${pid}] ${level === null ? '' : `${level}: `}${text}`)
  return readable(entry, paint, level ?? '')
}

/**
 * An entry for a terminal. On paper, which `plain` is, it stays as it is.
 * @param {string} entry
 * @param {Paint} paint
 * @param {string} level
 */
function readable (entry, paint, level) {
  if (paint === plain) return entry
  const [prefix = ''] = PREFIX.exec(entry) ?? []
  const [first, ...others] = entry.slice(prefix.length).split('\n')
  const looks = LOOKS[level] ?? []
  const body = readableTraceback([paint(first, ...looks), ...others].join('\n'), paint)
  return paint(prefix, 'dim') + body
}
