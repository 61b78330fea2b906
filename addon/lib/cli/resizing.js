/** SIGTTIN and SIGTTOU: one worker more, or one fewer, as gunicorn has it. */

/** @typedef {{ min: number, max: number }} Size workers, at least and at most */

/** @type {Partial<Record<NodeJS.Signals, number>>} */
const CHANGES = { SIGTTIN: 1, SIGTTOU: -1 }

/**
 * @param {(signal: NodeJS.Signals) => void} onSignal
 * @returns {() => void} ends it
 */
export function onResizing (onSignal) {
  const signals = /** @type {NodeJS.Signals[]} */ (Object.keys(CHANGES))
  for (const signal of signals) process.on(signal, onSignal)
  return () => { for (const signal of signals) process.off(signal, onSignal) }
}

/**
 * What a signal asks for that only the service itself can do.
 * @param {NodeJS.Signals} signal
 * @param {import('../options.js').Logger} logger
 */
export function refuseRemote (signal, logger) {
  const [what, how] = signal === 'SIGHUP' ? ['reloads', 'restart'] : ['resizes', 'scale']
  logger.warn(`[node-asgi] ${signal} ${what} nothing: the application is remote (--remote); ` +
    `${how} the service itself`)
}

/**
 * @param {Size} size
 * @param {NodeJS.Signals} signal
 * @param {number} least workers that must stay
 * @param {import('../options.js').Logger} logger
 * @returns {Size | null} null: there are no more workers to end
 */
export function resized ({ min, max }, signal, least, logger) {
  const change = CHANGES[signal] ?? 0
  if (max + change < least) {
    const few = least === 1 ? 'there is only one worker' : `there are only ${least} workers`
    logger.warn(`[node-asgi] ${signal}: ${few}, so none ends`)
    return null
  }
  // A pool that may be empty stays so.
  const size = { min: Math.max(Math.min(min, least), min + change), max: max + change }
  const count = size.min === size.max ? `${size.max}` : `${size.min} to ${size.max}`
  const noun = size.max === 1 ? 'worker' : 'workers'
  logger.info(`[node-asgi] ${signal}: ${count} ${noun} from now on`)
  return size
}
