/**
 * The options of a handler, each with its check and its default. types/options.d.ts says what they
 * are for.
 */

import { InvalidOptionError } from './errors.js'
import {
  allowedHosts, allowedOrigins, appTarget, boolean, count, docroot, environment, fallback,
  fileNames, fraction, healthPaths, integer, isRecord, logger, oneOf, orNever, positiveTime,
  preload, proxyHeaders, python, ring, rootPath, spin, time, token, trustProxy
} from './option-checks.js'
import { debug, debugged } from './option-debug.js'
import { checkFields, group, initialOf, unlessBoolean } from './option-groups.js'
import { ISOLATION } from './option-isolation.js'
import { REMOTE } from './option-remote.js'
import { WORKERS } from './option-workers.js'
import { availableCores } from './util/available-cores.js'
import { optionName } from './util/option-name.js'
import { userPath } from './util/user-path.js'

/** @typedef {import('./option-types.js').DashboardOptions} DashboardOptions */
/** @typedef {import('./option-types.js').Isolation} Isolation */
/** @typedef {import('./option-types.js').Logger} Logger */
/** @typedef {import('./option-types.js').Recycle} Recycle */
/** @typedef {import('./option-types.js').Restart} Restart */
/** @typedef {import('./option-types.js').Settings} Settings */
/** @typedef {import('./option-types.js').Timeouts} Timeouts */
/** @typedef {import('./option-types.js').Watch} Watch */
/** @typedef {import('./option-types.js').WebSocketOptions} WebSocketOptions */
/** @typedef {import('./option-groups.js').Option} Option */

/**
 * @template T
 * @typedef {{ [Name in keyof T]: Option }} Table
 */

/** In bytes. Fits a Buffer with room to spare. */
const MAX_MESSAGE = 1024 * 1024 * 1024

/** In bytes a second. */
const MAX_RATE = 1024 * 1024 * 1024

/** @type {Table<Timeouts>} */
const TIMEOUTS = {
  startup: { check: positiveTime, initial: 60_000 },
  request: { check: time, initial: 300_000 },
  drain: { check: time, initial: 8_000 },
  retire: { check: time, initial: 300_000 },
  disconnect: { check: time, initial: 3_000 },
  cancel: { check: time, initial: 1_000 },
  shutdown: { check: time, initial: 10_000 },
  kill: { check: positiveTime, initial: 2_000 },
  hang: { check: time, initial: 30_000 },
  disconnectGrace: { check: orNever(time), initial: 30_000 }
}

/** @type {Table<Restart>} */
const RESTART = {
  min: { check: positiveTime, initial: 100 },
  max: { check: positiveTime, initial: 30_000 },
  window: { check: positiveTime, initial: 60_000 },
  limit: { check: count(1), initial: 5 }
}

/** @type {Table<Recycle>} */
const RECYCLE = {
  requests: { check: count(1), initial: Infinity },
  jitter: { check: fraction, initial: 0.1 },
  memory: { check: count(1), initial: Infinity },
  age: { check: orNever(positiveTime), initial: Infinity }
}

/** @type {Table<WebSocketOptions>} */
const WEBSOCKET = {
  maxMessage: { check: integer(1, MAX_MESSAGE, 'bytes'), initial: 16 * 1024 * 1024 },
  compression: { check: boolean, initial: false },
  allowedOrigins: { check: allowedOrigins, initial: undefined },
  pingInterval: { check: time, initial: 20_000 },
  pingTimeout: { check: positiveTime, initial: 20_000 }
}

/** @type {Table<DashboardOptions>} */
const DASHBOARD = {
  token: { check: token, initial: undefined }
}

/** @type {Table<Watch>} */
const WATCH = {
  folders: { check: fileNames, initial: undefined },
  extensions: { check: fileNames, initial: () => ['py'] }
}

/** @type {Table<Settings>} */
const OPTIONS = {
  docroot: { check: docroot, initial: () => userPath('.') },
  appTarget: { check: appTarget, initial: 'main:app' },
  factory: { check: boolean, initial: false },
  interface: { check: oneOf('auto', 'asgi', 'asgi2', 'wsgi'), initial: 'auto' },
  threads: { check: integer(1, 1000), initial: 10 },
  python: { check: python, initial: undefined },
  workers: WORKERS,
  remote: REMOTE,
  fallback: { check: fallback, initial: undefined },
  preload: { check: preload, initial: false },
  watch: unlessBoolean(WATCH),
  lifespan: { check: oneOf('auto', 'on', 'off'), initial: 'auto' },
  loop: { check: oneOf('auto', 'asyncio', 'uvloop'), initial: 'auto' },
  env: { check: environment, initial: () => ({}) },
  rootPath: { check: rootPath, initial: '' },
  trustProxy: { check: trustProxy, initial: false },
  proxyHeaders: {
    check: proxyHeaders, initial: () => ['x-forwarded-for', 'x-forwarded-proto']
  },
  allowedHosts: { check: allowedHosts, initial: undefined },
  maxBody: { check: count(0), initial: Infinity },
  minBodyRate: { check: integer(0, MAX_RATE, 'bytes a second'), initial: 0 },
  concurrency: { check: count(1), initial: 1000 },
  maxQueue: { check: count(0), initial: 1000 },
  healthPaths: {
    check: healthPaths, initial: () => ['/health', '/healthz', '/livez', '/readyz']
  },
  retry: { check: count(0), initial: 1 },
  requestRing: { check: ring, initial: undefined },
  responseRing: { check: ring, initial: undefined },
  spin: { check: spin, initial: 'auto' },
  timeouts: group(TIMEOUTS),
  restart: group(RESTART),
  recycle: group(RECYCLE),
  websocket: group(WEBSOCKET),
  isolation: ISOLATION,
  dashboard: group(DASHBOARD),
  debug: { check: debug, initial: false },
  logger: { check: logger, initial: () => console }
}

/**
 * What 'auto' means: to look for as long as a wake-up takes, which each process measures, if Node
 * and each worker have a core. Otherwise nobody looks, because a process that does would keep
 * another from working.
 * @param {number} workers
 */
function autoSpin (workers) {
  const processes = workers + 1
  return processes <= availableCores() ? 'auto' : 0
}

/**
 * @param {unknown} [given]
 * @returns {Settings}
 */
export function parseOptions (given) {
  given ??= {}
  if (!isRecord(given)) {
    throw new InvalidOptionError('options', 'the options of a handler must be an object, for ' +
      "example new PythonHandler({ appTarget: 'main:app' })")
  }
  const settings = debugged(/** @type {Settings} */ (
    checkFields(OPTIONS, /** @type {Record<string, any>} */ (given), '')))
  const { min, max } = settings.restart
  if (max < min) {
    throw new InvalidOptionError('restart.max', `${optionName('restart.max')} must not be below ` +
      `${optionName('restart.min')}, but ${max} is below ${min}`)
  }
  const { workers, spin } = settings
  return Object.freeze({
    ...settings, spin: spin === 'auto' ? autoSpin(workers.max) : spin
  })
}

/** The options of a handler, without what is in groups. */
export const OPTION_NAMES = Object.freeze(Object.keys(OPTIONS))

/**
 * @param {string} name for example 'docroot', or 'timeouts.startup' for an option in a group
 * @returns {any} its default, as a program would give it
 */
export function defaultOption (name) {
  /** @type {Record<string, Option> | undefined} */
  let fields = OPTIONS
  /** @type {Option | undefined} */
  let option
  for (const part of name.split('.')) {
    option = fields?.[part]
    fields = option?.fields
  }
  if (option === undefined) throw new TypeError(`there is no option ${name}`)
  return initialOf(option)
}

/**
 * @param {'interface' | 'lifespan' | 'loop'} name
 * @returns {string[]} the values that the option can have
 */
export function optionChoices (name) {
  return /** @type {string[]} */ (OPTIONS[name].check.choices)
}
