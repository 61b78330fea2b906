/**
 * Parses the values of arguments. Each parser takes the text, and what the same argument was before
 * if it may be repeated.
 */

import { statSync } from 'node:fs'

import { InvalidArgumentError } from 'commander'

import { MAX_PORT } from '../message/url.js'
import { isDebugAddress } from '../option-debug.js'
import { userPath } from '../util/user-path.js'

export const MIB = 1024 * 1024

/** @param {string} text */
export function parsePort (text) {
  const port = Number(text)
  if (/^\d+$/.test(text) && port <= MAX_PORT) return port
  throw new InvalidArgumentError(`It must be a number from 0 to ${MAX_PORT}.`)
}

const PLACE = /^(?:(\/.*)|(?:(.+):)?(\d+))$/

/** Where operators look unless the setting says: the port that exporters of OpenTelemetry have. */
const SIDE_ADDRESS = { host: '127.0.0.1', port: 9464 }

/**
 * A path of the main server, or an address.
 * @typedef {{ path: string } | { host: string, port: number }} Place
 */

/** @param {string} word after a flag whose value parsePlace() parses */
export function isPlace (word) {
  return PLACE.test(word)
}

/**
 * @param {string} text a path, a port, host:port, or empty
 * @returns {Place}
 */
export function parsePlace (text) {
  if (text === '') return SIDE_ADDRESS
  const [, path, host = SIDE_ADDRESS.host, port] = PLACE.exec(text) ?? []
  if (path !== undefined) return { path }
  if (port !== undefined) return { host: host.replace(/^\[(.*)\]$/, '$1'), port: parsePort(port) }
  throw new InvalidArgumentError('It must be a port, host:port, or a path such as /metrics.')
}

/**
 * @param {string} text
 * @param {number} least
 * @param {number} unit
 */
function wholeNumber (text, least, unit = 1) {
  if (!/^\d+$/.test(text) || Number(text) < least) {
    throw new InvalidArgumentError(`It must be a whole number, ${least} or more.`)
  }
  return exact(Number(text) * unit)
}

/**
 * @param {number} number
 * @returns {number} the same
 */
function exact (number) {
  if (Number.isSafeInteger(number)) return number
  throw new InvalidArgumentError('It is too large.')
}

/** @param {string} text */
export function parseCount (text) {
  return wholeNumber(text, 1)
}

/**
 * @param {string} text a number, or two with a dash
 * @returns {number | { min: number, max: number }}
 */
export function parseWorkers (text) {
  const [, first, last] = /^(\d+)-(\d+)$/.exec(text) ?? []
  if (first === undefined && text.includes('-')) {
    throw new InvalidArgumentError('It must be a number, or the fewest and the most, as in 1-8.')
  }
  if (first === undefined) return parseCount(text)
  const [min, max] = [parseCountOrNone(first), parseCount(last)]
  if (min <= max) return { min, max }
  throw new InvalidArgumentError('The second number must not be below the first.')
}

/** @param {string} text */
export function parseCountOrNone (text) {
  return wholeNumber(text, 0)
}

/** @param {string} text */
export function parseMebibytes (text) {
  return wholeNumber(text, 1, MIB)
}

/** @param {string} text */
export function parseLimit (text) {
  const limit = parseCountOrNone(text)
  return limit === 0 ? Infinity : limit
}

/** @param {string} text MiB */
export function parseSize (text) {
  const size = parseCountOrNone(text) * MIB
  return size === 0 ? Infinity : size
}

/** @param {string} text */
export function parseSpin (text) {
  return text === 'auto' ? text : parseCountOrNone(text)
}

/**
 * @param {string} text
 * @param {Record<string, string>} [variables] those before it
 */
export function parseVariable (text, variables) {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? []
  if (name !== undefined) return { ...variables, [name]: value }
  throw new InvalidArgumentError('It must look like NAME=value.')
}

/**
 * Parses seconds, the unit of the command line, into milliseconds, the unit of the options.
 * @param {number} least
 */
export function seconds (least) {
  return (/** @type {string} */ text) => {
    if (!/^\d+(\.\d+)?$/.test(text) || Number(text) < least) {
      throw new InvalidArgumentError(`It must be a number of seconds, ${least} or more.`)
    }
    // Not multiplied by 1000, which makes 4078.0000000000005 of 4.078.
    return exact(Math.ceil(Number(`${text}e3`)))
  }
}

/**
 * A list, which may also be given in parts.
 * @param {string} text
 * @param {unknown} [before] what the same argument was before
 * @returns {string[]}
 */
export function parseList (text, before) {
  const names = text.split(',').map((name) => name.trim()).filter((name) => name !== '')
  return Array.isArray(before) ? [...before, ...names] : names
}

/**
 * A list whose items have a form.
 * @template T
 * @param {(item: string) => T | null} parseItem null: it does not have it
 * @param {string} expected
 */
export function parseEach (parseItem, expected) {
  return (/** @type {string} */ text, /** @type {T[]} */ before = []) => {
    const items = parseList(text).map(parseItem)
    if (items.length === 0 || items.includes(null)) throw new InvalidArgumentError(expected)
    return [...before, ...(items)]
  }
}

/** @param {string} text */
export function parseUser (text) {
  return /^\d+$/.test(text) ? Number(text) : text
}

/** @param {string} text */
export function parseUmask (text) {
  if (/^[0-7]{1,4}$/.test(text)) return parseInt(text, 8)
  throw new InvalidArgumentError('It must be an octal number, for example 027.')
}

/**
 * @param {string} text
 * @param {unknown} [before]
 */
export function parseNames (text, before) {
  if (text === 'all') return true
  return text === 'none' ? false : parseList(text, before)
}

/**
 * @param {string} text
 * @param {unknown} [before]
 */
export function parsePaths (text, before) {
  return text === 'none' ? [] : parseList(text, before)
}

/**
 * @param {string} text
 * @param {unknown} [before]
 */
export function parseModules (text, before) {
  const modules = parseList(text, before)
  return modules.length > 0 ? modules : true
}

/** @param {string} text empty: there is none */
export function parseDebugAddress (text) {
  if (text === '' || isDebugAddress(text)) return text || true
  throw new InvalidArgumentError('It must be a port, or host:port.')
}

/**
 * @param {string} text
 * @param {unknown} [before]
 */
export function parseExtensions (text, before) {
  const extensions = parseList(text, before).map((name) => name.replace(/^\./, ''))
  if (extensions.length > 0 && extensions.every((name) => /^[^./]+$/.test(name))) return extensions
  throw new InvalidArgumentError('It must be a list of extensions, for example py,html.')
}

/**
 * @param {string} text
 * @param {unknown} [before]
 */
export function parseFolders (text, before) {
  const folders = parseList(text).map((folder) => userPath(folder))
  for (const folder of folders) checkFolder(folder)
  return Array.isArray(before) ? [...before, ...folders] : folders
}

/** @param {string} folder */
function checkFolder (folder) {
  try {
    if (statSync(folder).isDirectory()) return
  } catch {} // it does not exist, or cannot be read
  throw new InvalidArgumentError('It must be a directory.')
}
