import { EventEmitter } from 'node:events'

/**
 * Whether a value is a handler, rather than the options of one.
 * @param {any} value may come from another copy of this package
 */
export function isHandler (value) {
  return value instanceof EventEmitter && 'handleStream' in value
}
