/**
 * The options of a handler: their names, types, defaults and limits, in one place.
 */

import { statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'

import proxyAddr from 'proxy-addr'

import { closest } from './util/closest.js'
import { InvalidOptionError } from './errors.js'

/**
 * @typedef {object} Timeouts all in milliseconds
 * @property {number} startup import and lifespan startup of one worker, or of the fork server
 * @property {number} request until the response starts; 0: no limit
 * @property {number} drain for requests in flight when closing
 * @property {number} retire for requests in flight in a worker that is recycled or reloaded
 * @property {number} disconnect from http.disconnect, after drain or retire, until tasks are cancelled
 * @property {number} cancel for tasks that were cancelled, until lifespan shutdown
 * @property {number} shutdown lifespan shutdown of one worker
 * @property {number} hang that the event loop of a worker may stand still; 0: no limit
 * @property {number} disconnectGrace from http.disconnect until the task is cancelled; Infinity: never
 * @property {number} kill until a process that was told to end is killed
 */

/**
 * @typedef {object} Restart
 * @property {number} min first delay, ms
 * @property {number} max longest delay, ms
 * @property {number} window a worker that lived longer than this (ms) starts a new count
 * @property {number} limit failures in a row after which a worker is tried only every `max`
 */

/**
 * @typedef {object} Recycle when a worker is replaced that has not failed; Infinity: never
 * @property {number} requests that it has been given
 * @property {number} jitter part of `requests` and `age` that is left to chance, 0 to 1
 * @property {number} memory resident, in bytes
 * @property {number} age ms since it became ready
 */

/**
 * @typedef {object} WebSocketOptions
 * @property {number} maxMessage bytes of a client's message; a longer one closes with 1009
 * @property {boolean} compression offer permessage-deflate (RFC 7692)
 * @property {number} pingInterval ms between pings; 0: none
 * @property {number} pingTimeout ms that a client gets to answer one before it is cut off
 */

/**
 * What a logger must have; `console` does.
 * @typedef {object} Logger
 * @property {(...args: any[]) => void} [debug]
 * @property {(...args: any[]) => void} info
 * @property {(...args: any[]) => void} warn
 * @property {(...args: any[]) => void} error
 * @property {(bindings: { worker: number, pid: number }) => Logger} [child] as pino has it
 */

/**
 * @typedef {object} Settings
 * @property {string} docroot
 * @property {string} appTarget
 * @property {boolean} factory
 * @property {'auto' | 'asgi' | 'asgi2' | 'wsgi'} interface
 * @property {number} threads
 * @property {string | undefined} python
 * @property {number} workers
 * @property {boolean | string[]} preload
 * @property {'auto' | 'on' | 'off'} lifespan
 * @property {'auto' | 'asyncio' | 'uvloop'} loop
 * @property {Record<string, string>} env
 * @property {string} rootPath
 * @property {((address: string, hops: number) => boolean) | null} trustProxy
 * @property {number} concurrency
 * @property {number} maxQueue
 * @property {number} retry
 * @property {number} requestRing
 * @property {number} responseRing
 * @property {number} spin
 * @property {Timeouts} timeouts
 * @property {Restart} restart
 * @property {Recycle} recycle
 * @property {WebSocketOptions} websocket
 * @property {Logger} logger
 */

/** @typedef {(value: any, name: string) => any} Check returns the value to keep, or throws */

const IDENTIFIER = '[\\p{L}\\p{Nl}_][\\p{L}\\p{Nl}\\p{N}\\p{M}_]*'
const DOTTED = `${IDENTIFIER}(?:\\.${IDENTIFIER})*`
const APP_TARGET = new RegExp(`^${DOTTED}:${DOTTED}$`, 'u')
const MODULE = new RegExp(`^${DOTTED}$`, 'u')

// A longer delay makes setTimeout fire at once.
const MAX_TIMEOUT = 2 ** 31 - 1
const MAX_WORKERS = 1024
const MIN_RING = 256 * 1024
// What fits a Buffer, with room to spare.
const MAX_MESSAGE = 1024 * 1024 * 1024
const MAX_RING = 1024 * 1024 * 1024
// Microseconds. More costs Node CPU time (bench/concurrency.js), less leaves requests one at a time to
// sleep and wake, for ten times their latency (bench/hello.js).
const AUTO_SPIN = 20
const MAX_SPIN = 1000

/** @type {Logger} */
const silent = { info () {}, warn () {}, error () {} }

/**
 * @param {string} name
 * @param {string} expected
 * @param {unknown} value
 * @returns {never}
 */
function invalid (name, expected, value) {
  let shown
  try {
    shown = typeof value === 'function' ? 'a function' : JSON.stringify(value) ?? String(value)
  } catch {
    shown = `a value of type ${typeof value}`
  }
  throw new InvalidOptionError(name, `option ${name} must be ${expected}, not ${shown}`)
}

/** @type {Check} */
function boolean (value, name) {
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
 * @param {string[]} values
 * @returns {Check}
 */
function oneOf (values) {
  const expected = values.map((value) => `'${value}'`).join(' or ')
  return (value, name) => values.includes(value) ? value : invalid(name, expected, value)
}

/**
 * @param {number} min
 * @param {number} max
 * @returns {Check}
 */
function integer (min, max) {
  return (value, name) => {
    if (Number.isInteger(value) && value >= min && value <= max) return value
    return invalid(name, max === Number.MAX_SAFE_INTEGER
      ? `an integer of at least ${min}`
      : `an integer from ${min} to ${max}`, value)
  }
}

/**
 * Like integer(), but Infinity is allowed.
 * @param {number} min
 * @returns {Check}
 */
function count (min) {
  return (value, name) => {
    if (value === Infinity || (Number.isSafeInteger(value) && value >= min)) return value
    return invalid(name, `an integer of at least ${min}, or Infinity`, value)
  }
}

/** @type {Check} */
function ring (value, name) {
  const isPowerOfTwo = Number.isInteger(value) && Number.isInteger(Math.log2(value))
  if (isPowerOfTwo && value >= MIN_RING && value <= MAX_RING) return value
  return invalid(name, `a power of two from ${MIN_RING} to ${MAX_RING} (bytes)`, value)
}

/** @type {Check} */
function spin (value, name) {
  if (value === 'auto') return value
  if (Number.isInteger(value) && value >= 0 && value <= MAX_SPIN) return value
  return invalid(name, `'auto', or an integer from 0 to ${MAX_SPIN} (microseconds)`, value)
}

/**
 * Who spins where there is no core to spare keeps the others from working.
 * @param {number} workers
 */
function autoSpin (workers) {
  const processes = workers + 1
  return processes <= availableParallelism() ? AUTO_SPIN : 0
}

/** @type {Check} */
function docroot (value, name) {
  const path = resolve(nonEmptyString(value, name))
  let stats
  try {
    stats = statSync(path)
  } catch (error) {
    throw new InvalidOptionError(name, `docroot ${path} cannot be used: ` +
      /** @type {Error} */ (error).message, 'ERR_DOCROOT_NOT_FOUND')
  }
  if (!stats.isDirectory()) {
    throw new InvalidOptionError(name, `docroot ${path} is not a directory`,
      'ERR_DOCROOT_NOT_FOUND')
  }
  return path
}

/** @type {Check} */
function appTarget (value, name) {
  if (typeof value === 'string' && APP_TARGET.test(value)) return value
  return invalid(name, "like 'package.module:attribute'", value)
}

/** @type {Check} */
function python (value, name) {
  return value === undefined ? undefined : nonEmptyString(value, name)
}

/** @type {Check} */
function preload (value, name) {
  if (typeof value === 'boolean') return value
  const isList = Array.isArray(value) &&
    value.every((module) => typeof module === 'string' && MODULE.test(module))
  if (!isList) invalid(name, 'true, false or a list of modules', value)
  return Object.freeze([...value])
}

/** @type {Check} */
function environment (value, name) {
  if (!isRecord(value)) invalid(name, 'an object of strings', value)
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string' || text.includes('\0')) invalid(`${name}.${key}`, 'a string', text)
  }
  return Object.freeze({ ...value })
}

/** @type {Check} */
function rootPath (value, name) {
  if (value === '') return value
  if (typeof value !== 'string' || !value.startsWith('/')) {
    invalid(name, "a path that starts with '/', or empty", value)
  }
  return value.replace(/\/+$/, '')
}

/** @type {Check} */
function trustProxy (value, name) {
  if (value === false) return null
  if (value === true) return () => true
  try {
    return proxyAddr.compile(value)
  } catch (error) {
    throw new InvalidOptionError(name, `option ${name} must be true, false, or addresses of ` +
      `proxies ('127.0.0.1', '10.0.0.0/8', 'loopback', 'linklocal', 'uniquelocal'): ${
        /** @type {Error} */ (error).message}`)
  }
}

/** @type {Check} */
function logger (value, name) {
  if (value === false) return silent
  for (const method of ['info', 'warn', 'error']) {
    if (typeof value?.[method] !== 'function') {
      invalid(name, 'false, or an object with the functions info, warn and error', value)
    }
  }
  return value
}

/**
 * An option that is an object with fields of its own.
 * @param {Record<string, { check: Check, initial: any }>} fields
 * @returns {Check}
 */
function group (fields) {
  return (value, name) => {
    if (!isRecord(value)) invalid(name, 'an object', value)
    return checkFields(fields, value, `${name}.`)
  }
}

/** @param {unknown} value */
function isRecord (value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const positiveTime = integer(1, MAX_TIMEOUT)
const time = integer(0, MAX_TIMEOUT)

/** @type {Check} */
function positiveTimeOrNever (value, name) {
  return value === Infinity ? value : positiveTime(value, name)
}

/** @type {Check} */
function fraction (value, name) {
  return typeof value === 'number' && value >= 0 && value <= 1
    ? value
    : invalid(name, 'a number from 0 to 1', value)
}

/** @type {Check} */
function timeOrNever (value, name) {
  return value === Infinity ? value : time(value, name)
}

/**
 * `initial` is checked like a given value, so that defaults cannot break the rules either.
 * @type {Record<string, { check: Check, initial: any }>}
 */
const OPTIONS = {
  docroot: { check: docroot, initial: () => process.cwd() },
  appTarget: { check: appTarget, initial: 'main:app' },
  factory: { check: boolean, initial: false },
  interface: { check: oneOf(['auto', 'asgi', 'asgi2', 'wsgi']), initial: 'auto' },
  threads: { check: integer(1, 1000), initial: 10 },
  python: { check: python, initial: undefined },
  workers: {
    check: integer(1, MAX_WORKERS),
    initial: () => Math.min(availableParallelism(), MAX_WORKERS)
  },
  preload: { check: preload, initial: false },
  lifespan: { check: oneOf(['auto', 'on', 'off']), initial: 'auto' },
  loop: { check: oneOf(['auto', 'asyncio', 'uvloop']), initial: 'auto' },
  env: { check: environment, initial: () => ({}) },
  rootPath: { check: rootPath, initial: '' },
  trustProxy: { check: trustProxy, initial: false },
  concurrency: { check: count(1), initial: 1000 },
  maxQueue: { check: count(0), initial: 1000 },
  retry: { check: count(0), initial: 1 },
  requestRing: { check: ring, initial: 1024 * 1024 },
  responseRing: { check: ring, initial: 1024 * 1024 },
  spin: { check: spin, initial: 'auto' },
  timeouts: {
    check: group({
      startup: { check: positiveTime, initial: 60_000 },
      request: { check: time, initial: 300_000 },
      drain: { check: time, initial: 10_000 },
      retire: { check: time, initial: 300_000 },
      disconnect: { check: time, initial: 3_000 },
      cancel: { check: time, initial: 1_000 },
      shutdown: { check: time, initial: 10_000 },
      kill: { check: positiveTime, initial: 2_000 },
      hang: { check: time, initial: 30_000 },
      disconnectGrace: { check: timeOrNever, initial: 30_000 }
    }),
    initial: () => ({})
  },
  restart: {
    check: group({
      min: { check: positiveTime, initial: 100 },
      max: { check: positiveTime, initial: 30_000 },
      window: { check: positiveTime, initial: 60_000 },
      limit: { check: count(1), initial: 5 }
    }),
    initial: () => ({})
  },
  recycle: {
    check: group({
      requests: { check: count(1), initial: Infinity },
      jitter: { check: fraction, initial: 0.1 },
      memory: { check: count(1), initial: Infinity },
      age: { check: positiveTimeOrNever, initial: Infinity }
    }),
    initial: () => ({})
  },
  websocket: {
    check: group({
      maxMessage: { check: integer(1, MAX_MESSAGE), initial: 16 * 1024 * 1024 },
      compression: { check: boolean, initial: false },
      pingInterval: { check: time, initial: 20_000 },
      pingTimeout: { check: positiveTime, initial: 20_000 }
    }),
    initial: () => ({})
  },
  logger: { check: logger, initial: () => console }
}

/** @param {any} initial */
function defaultOf (initial) {
  return typeof initial === 'function' ? initial() : initial
}

/**
 * @param {Record<string, { check: Check, initial: any }>} fields
 * @param {Record<string, any>} given
 * @param {string} prefix
 */
function checkFields (fields, given, prefix) {
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(fields, name)) continue
    const guess = closest(name, Object.keys(fields))
    throw new InvalidOptionError(prefix + name, `unknown option ${prefix}${name}` +
      (guess === undefined ? '' : `; did you mean ${prefix}${guess}?`))
  }
  /** @type {Record<string, any>} */
  const result = {}
  for (const [name, { check, initial }] of Object.entries(fields)) {
    const value = given[name] === undefined ? defaultOf(initial) : given[name]
    result[name] = check(value, prefix + name)
  }
  return Object.freeze(result)
}

/**
 * @param {unknown} [given]
 * @returns {Settings}
 */
export function parseOptions (given = {}) {
  if (!isRecord(given)) {
    throw new InvalidOptionError('options', 'the options of a handler must be an object')
  }
  const settings = /** @type {Settings} */ (
    checkFields(OPTIONS, /** @type {Record<string, any>} */ (given), ''))
  if (settings.restart.max < settings.restart.min) {
    throw new InvalidOptionError('restart.max', 'option restart.max must not be below restart.min')
  }
  const { workers, spin } = settings
  return Object.freeze({
    ...settings, spin: /** @type {unknown} */ (spin) === 'auto' ? autoSpin(workers) : spin
  })
}
