/**
 * The checks of option values. Each returns the value to keep, or throws an InvalidOptionError that
 * says what the option must be.
 */

import { statSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

import { loadBinding } from './binding.js'
import { InvalidOptionError } from './errors.js'
import { MAX_TIMEOUT } from './util/deadline.js'
import { proxyAddr } from './util/lazy.js'
import { namesFlags, optionName } from './util/option-name.js'
import { userPath } from './util/user-path.js'
import { RANGE_EXAMPLES, looksLikeRange, parseRange } from './util/version-range.js'

/** @typedef {(value: any, name: string) => any} Check */

// A module may have a file name with a dash, which no import statement can name.
const FILE_NAME = '[\\p{L}\\p{Nl}_][\\p{L}\\p{Nl}\\p{N}\\p{M}_-]*'
const DOTTED_FILE_NAMES = `${FILE_NAME}(?:\\.${FILE_NAME})*`
const IDENTIFIER = '[\\p{L}\\p{Nl}_][\\p{L}\\p{Nl}\\p{N}\\p{M}_]*'
const DOTTED = `${IDENTIFIER}(?:\\.${IDENTIFIER})*`
const APP_TARGET = new RegExp(`^${DOTTED_FILE_NAMES}(?::${DOTTED}(?:\\(\\))?)?$`, 'u')
const MODULE = new RegExp(`^${DOTTED_FILE_NAMES}$`, 'u')

const TOKEN = /^[!-~]{16,}$/

/** In microseconds. */
const MAX_SPIN = 1000

const SILENT = { info () {}, warn () {}, error () {} }

/**
 * @param {string} name
 * @param {string} expected
 * @param {unknown} value
 * @returns {never}
 */
export function invalid (name, expected, value) {
  let shown
  try {
    shown = typeof value === 'function' ? 'a function' : JSON.stringify(value) ?? String(value)
  } catch {
    shown = `a value of type ${typeof value}`
  }
  throw new InvalidOptionError(name, `${optionName(name)} must be ${expected}, not ${shown}`)
}

/**
 * Whether it is an object that can have options: not a Map or a promise, for example, whose keys
 * would be none, so that a mistake would go unnoticed.
 * @param {unknown} value
 */
export function isRecord (value) {
  const tag = Object.prototype.toString.call(value)
  return tag === '[object Object]' || tag === '[object Module]'
}

/** @type {Check} */
export function record (value, name) {
  return isRecord(value) ? value : invalid(name, 'an object', value)
}

/**
 * @type {Check}
 * @throws without the value, which is a secret even if it is not a good one
 */
export function token (value, name) {
  if (value === undefined || (typeof value === 'string' && TOKEN.test(value))) return value
  throw new InvalidOptionError(name, `${optionName(name)} must be a string of at least 16 ` +
    'characters without spaces, which nobody can guess, for example the output of ' +
    '`openssl rand -hex 16`')
}

/** @type {Check} */
export function boolean (value, name) {
  return typeof value === 'boolean' ? value : invalid(name, 'true or false', value)
}

/** @type {Check} */
function nonEmptyString (value, name) {
  if (typeof value !== 'string' || value === '' || value.includes('\0')) {
    invalid(name, 'a non-empty string', value)
  }
  return value
}

/**
 * @param {string[]} choices
 * @returns {Check & { choices: string[] }}
 */
export function oneOf (...choices) {
  const expected = choices.map((value) => `'${value}'`).join(' or ')
  /** @type {Check} */
  const check = (value, name) => choices.includes(value) ? value : invalid(name, expected, value)
  return Object.assign(check, { choices })
}

/**
 * @param {number} min
 * @param {number} max
 * @param {string} [unit]
 * @returns {Check}
 */
export function integer (min, max, unit) {
  const expected = `an integer from ${min} to ${max}${unit === undefined ? '' : ` (${unit})`}`
  return (value, name) => {
    if (Number.isInteger(value) && value >= min && value <= max) return value
    return invalid(name, expected, value)
  }
}

/**
 * An integer without an upper limit, or Infinity.
 * @param {number} min
 * @returns {Check}
 */
export function count (min) {
  return (value, name) => {
    if (value === Infinity || (Number.isSafeInteger(value) && value >= min)) return value
    return invalid(name, `an integer of at least ${min}, or Infinity`, value)
  }
}

/** @type {Check} */
export function fraction (value, name) {
  return typeof value === 'number' && value >= 0 && value <= 1
    ? value
    : invalid(name, 'a number from 0 to 1', value)
}

export const time = integer(0, MAX_TIMEOUT, 'milliseconds')
export const positiveTime = integer(1, MAX_TIMEOUT, 'milliseconds')

/**
 * A time, or Infinity.
 * @param {Check} check of the time
 * @returns {Check}
 */
export function orNever (check) {
  return (value, name) => value === Infinity ? value : check(value, name)
}

/**
 * The size of a ring; undefined leaves it to the addon. The limits belong to the protocol, so only
 * the addon knows them; it is loaded when a size is given.
 * @type {Check}
 */
export function ring (value, name) {
  if (value === undefined) return value
  const { minRing, maxRing } = loadBinding().limits
  const isPowerOfTwo = Number.isInteger(value) && Number.isInteger(Math.log2(value))
  if (isPowerOfTwo && value >= minRing && value <= maxRing) return value
  return invalid(name, `a power of two from ${minRing} to ${maxRing} (bytes)`, value)
}

/** @type {Check} */
export function spin (value, name) {
  if (value === 'auto') return value
  if (Number.isInteger(value) && value >= 0 && value <= MAX_SPIN) return value
  return invalid(name, `'auto', or an integer from 0 to ${MAX_SPIN} (microseconds)`, value)
}

/**
 * A path, which may be given as a file: URL.
 * @type {Check}
 */
export function filePath (value, name) {
  if (!(value instanceof URL) && !/^file:/i.test(value)) return nonEmptyString(value, name)
  let path
  try {
    path = fileURLToPath(value)
  } catch {
    return invalid(name, 'a path or a file: URL', String(value))
  }
  return nonEmptyString(path, name)
}

/** @type {Check} */
export function docroot (value, name) {
  const path = userPath(filePath(value, name))
  const expected = `${optionName(name)} must be a directory, but ${path}`
  let stats
  try {
    stats = statSync(path)
  } catch (error) {
    throw new InvalidOptionError(name,
      `${expected} cannot be opened: ${/** @type {Error} */ (error).message}`,
      'ERR_DOCROOT_NOT_FOUND')
  }
  if (!stats.isDirectory()) {
    throw new InvalidOptionError(name, `${expected} is not one`, 'ERR_DOCROOT_NOT_FOUND')
  }
  return path
}

const FORM_OF_TARGET =
  "of the form 'package.module:attribute', 'package.module' or 'package.module:factory()'"

/**
 * Turns the path of a file into the name of its module, 'src/main.py:app' into 'src.main:app', and
 * adds the usual attribute if there is none.
 * @param {string} target
 */
function withoutPath (target) {
  const [file, attribute = 'app'] = target.split(':')
  const path = file.startsWith('/') ? basename(file) : file.replace(/^(\.\/)+/, '')
  const module = path.replace(/(\/__init__)?\.py$/, '').replaceAll('/', '.')
  return `${module}:${attribute}`
}

/** @type {Check} */
export function appTarget (value, name) {
  if (typeof value !== 'string') return invalid(name, FORM_OF_TARGET, value)
  const isPath = /\.py(:|$)|\//.test(value)
  if (!isPath && APP_TARGET.test(value)) return value
  const guess = withoutPath(value)
  if (!isPath || !APP_TARGET.test(guess)) return invalid(name, FORM_OF_TARGET, value)
  const folder = value.startsWith('/')
    ? ` with ${optionName('docroot')} ${dirname(value.split(':')[0])}`
    : ''
  return invalid(name, `${FORM_OF_TARGET} (did you mean '${guess}'${folder}?)`, value)
}

/** @type {Check} */
export function python (value, name) {
  if (value === undefined) return undefined
  if (typeof value === 'string' && looksLikeRange(value) && parseRange(value) === null) {
    return invalid(name, `a path with a /, a name, or a version such as ${RANGE_EXAMPLES}`, value)
  }
  return filePath(value, name)
}

/** @type {Check} */
export function fallback (value, name) {
  return value === undefined || value === 'local' ? value : invalid(name, "'local'", value)
}

/** @type {Check} */
export function fileNames (value, name) {
  if (value === undefined) return value
  const isList = Array.isArray(value) && value.length > 0 &&
    value.every((each) => typeof each === 'string' && each !== '' && !each.includes('\0'))
  if (!isList) invalid(name, 'a list of non-empty strings', value)
  return Object.freeze([...value])
}

/** @type {Check} */
export function preload (value, name) {
  if (typeof value === 'boolean') return value
  const isList = Array.isArray(value) &&
    value.every((module) => typeof module === 'string' && MODULE.test(module))
  if (!isList) {
    const names = 'a list of module names'
    invalid(name, namesFlags() ? names : `true, false or ${names}`, value)
  }
  return Object.freeze([...value])
}

/** @type {Check} */
export function environment (value, name) {
  if (!isRecord(value)) invalid(name, 'an object whose values are strings', value)
  for (const [key, text] of Object.entries(value)) {
    if (!/^[^=\0]+$/.test(key)) {
      throw new InvalidOptionError(name, `${optionName(name)} has the name ` +
        `${JSON.stringify(key)}, but names must not be empty, and must not contain = or NUL`)
    }
    if (typeof text !== 'string' || text.includes('\0')) {
      invalid(`${name}.${key}`, 'a string without NUL', text)
    }
  }
  return Object.freeze({ ...value })
}

/** @type {Check} */
export function rootPath (value, name) {
  if (value === '') return value
  if (typeof value !== 'string' || !value.startsWith('/')) {
    invalid(name, "empty, or a path that starts with '/'", value)
  }
  return value.replace(/\/+$/, '')
}

/** @type {Check} */
export function trustProxy (value, name) {
  if (value === false) return null
  if (value === true) return () => true
  try {
    return proxyAddr().compile(value)
  } catch (error) {
    const values = namesFlags() ? 'be the addresses' : 'be true, false, or the addresses'
    throw new InvalidOptionError(name, `${optionName(name)} must ${values} of proxies ` +
      "('127.0.0.1', '10.0.0.0/8', 'loopback', 'linklocal', 'uniquelocal'): " +
      /** @type {Error} */ (error).message)
  }
}

/**
 * @param {unknown} value
 * @returns {string[]} empty if it is not a list of texts
 */
function lowerCase (value) {
  const isList = Array.isArray(value) && value.every((item) => typeof item === 'string')
  return isList ? value.map((item) => item.toLowerCase()) : []
}

/**
 * A list of texts in lower case; undefined allows everything.
 * @param {(item: string) => boolean} isValid
 * @param {string} expected
 * @returns {Check}
 */
function allowList (isValid, expected) {
  return (value, name) => {
    if (value === undefined) return undefined
    const items = lowerCase(value)
    if (items.length === 0 || !items.every(isValid)) invalid(name, expected, value)
    return Object.freeze(items)
  }
}

export const allowedHosts = allowList(
  (item) => /^(\[[\da-f:.]+\]|(\*\.)?[^\s:/*[\]]+)$/.test(item),
  "a list of hosts without ports, such as ['example.com', '*.example.com']")

/** @param {string} item */
function isOrigin (item) {
  return item === 'same-origin' || item === 'null' || /^[a-z][a-z\d+.-]*:\/\/[^\s/]+$/.test(item)
}

export const allowedOrigins = allowList(isOrigin,
  "a list of origins, such as ['same-origin', 'https://example.com']")

const PROXY_HEADERS = ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host']

/** @type {Check} */
export function proxyHeaders (value, name) {
  const names = lowerCase(value)
  const isKnown = names.every((item) => PROXY_HEADERS.includes(item)) && names.length > 0
  if (!isKnown && names.join() !== 'forwarded') {
    invalid(name, `['forwarded'], or a list of some of ${PROXY_HEADERS.join(', ')}`, value)
  }
  return Object.freeze(names)
}

/** @type {Check} */
export function healthPaths (value, name) {
  const isList = Array.isArray(value) &&
    value.every((path) => typeof path === 'string' && /^\/[^\s?#]*$/.test(path))
  if (!isList) invalid(name, "a list of paths without queries, such as ['/healthz']", value)
  return Object.freeze([...value])
}

/** @type {Check} */
export function logger (value, name) {
  if (value === false) return SILENT
  for (const method of ['info', 'warn', 'error']) {
    if (typeof value?.[method] !== 'function') {
      invalid(name, 'false, or an object with the functions info, warn and error', value)
    }
  }
  return value
}
