/**
 * The option `debug`: its check, and what it decides for other options.
 */

import { invalid } from './option-checks.js'
import { MAX_TIMEOUT } from './util/deadline.js'

/** @typedef {import('./option-types.js').Settings} Settings */

const LOCALHOST = '127.0.0.1'

/** Those below are for services of the system; and 1, in a variable, more likely means "yes". */
const MIN_PORT = 1024

const MAX_PORT = 65535

/** A port, or a host and a port. IPv6 addresses are in brackets. */
const ADDRESS = /^(?:(?:\[([\da-f:]+)\]|([\w.-]+)):)?(\d+)$/i

/**
 * Milliseconds for a worker to finish its requests, unless the options say less: somebody waits at
 * the terminal, and after a reload the next worker needs it.
 */
const FINISH = 2000

/**
 * @param {unknown} value
 * @returns {{ host: string, port: number } | null} null: it is no address
 */
function parseAddress (value) {
  const isText = typeof value === 'string' || typeof value === 'number'
  const [, ipv6, host = ipv6 ?? LOCALHOST, port] = ADDRESS.exec(isText ? `${value}` : '') ?? []
  const isPort = Number(port) >= MIN_PORT && Number(port) <= MAX_PORT
  return isPort ? { host, port: Number(port) } : null
}

/** @param {string} text */
export function isDebugAddress (text) {
  return parseAddress(text) !== null
}

/**
 * @type {import('./option-checks.js').Check}
 * @returns {import('./option-types.js').Debug | null}
 */
export function debug (value, name) {
  if (value === false) return null
  if (value === true) return { listen: null }
  const listen = parseAddress(value)
  if (listen !== null) return { listen }
  return invalid(name, `true, false, or where debugpy listens: a port from ${MIN_PORT} to ` +
    `${MAX_PORT}, or host:port`, value)
}

/**
 * Whoever debugs stops the application for as long as he likes, and has one process to look at.
 * @param {Settings} settings
 * @returns {Settings}
 */
export function debugged (settings) {
  if (settings.debug === null) return settings
  const { timeouts, recycle, isolation } = settings
  return {
    ...settings,
    workers: { ...settings.workers, min: 1, max: 1 },
    // The fork server could not stop in a debugger.
    preload: false,
    // It would stop once more in the next worker.
    retry: 0,
    timeouts: {
      ...timeouts,
      startup: MAX_TIMEOUT,
      request: 0,
      hang: 0,
      disconnectGrace: Infinity,
      drain: Math.min(timeouts.drain, FINISH),
      retire: Math.min(timeouts.retire, FINISH)
    },
    recycle: { ...recycle, requests: Infinity, memory: Infinity, age: Infinity },
    isolation: { ...isolation, debug: true }
  }
}
