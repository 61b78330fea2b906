/**
 * A logger that can be replaced while somebody uses it.
 */

const LEVELS = ['debug', 'info', 'warn', 'error']

/** @typedef {{ [level: string]: any }} Logger console, pino, or a logger with the same methods */

/**
 * @param {Logger} first
 * @returns {{ logger: any, replace: (next: Logger) => void }} the logger has children if the first
 *   one has
 */
export function replaceableLogger (first) {
  let current = first
  return { logger: relay(() => current, typeof first.child === 'function'), replace }

  /** @param {Logger} next */
  function replace (next) {
    current = next
  }
}

/**
 * @param {() => Logger} find
 * @param {boolean} hasChildren
 */
function relay (find, hasChildren) {
  /** @type {Logger} */
  const logger = {}
  for (const level of LEVELS) {
    logger[level] = (/** @type {any[]} */ ...args) => {
      const target = find()
      if (typeof target[level] === 'function') target[level](...args)
      else target.info(...args)
    }
  }
  if (hasChildren) {
    logger.child = (/** @type {any[]} */ ...args) => {
      let parent = find()
      let child = childOf(parent, args)
      return relay(() => {
        if (parent !== find()) child = childOf(parent = find(), args)
        return child
      }, false)
    }
  }
  return logger
}

/**
 * @param {Logger} parent
 * @param {any[]} args
 * @returns {Logger}
 */
function childOf (parent, args) {
  return typeof parent.child === 'function' ? parent.child(...args) : parent
}
