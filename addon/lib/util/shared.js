/**
 * Objects that outlive the module that made them. Development servers and test runners evaluate a
 * module again when it has changed, or once for each test file; what it made before would be left
 * behind. They are kept in globalThis, so two copies of this file share them, too.
 */

import { isDeepStrictEqual } from 'node:util'

/**
 * @template {{ isOver: () => boolean }} T
 * @param {symbol} kind from Symbol.for()
 * @param {string} key one object for each
 * @param {unknown} given what it is made from; if that changes, another object is made
 * @param {object} maker
 * @param {() => T} maker.create
 * @param {(object: T) => void} maker.end is called when another object takes its place
 * @returns {T}
 */
export function sharedObject (kind, key, given, { create, end }) {
  /** @type {Map<string, { object: T, given: unknown }>} */
  const entries = Reflect.get(globalThis, kind) ?? new Map()
  Reflect.set(globalThis, kind, entries)
  const entry = entries.get(key)
  if (entry !== undefined && !entry.object.isOver()) {
    if (isDeepStrictEqual(entry.given, given)) return entry.object
    end(entry.object)
  }
  const object = create()
  entries.set(key, { object, given })
  return object
}
