/**
 * Turns the settings of `node-asgi serve` into what the server is made with.
 */

import { userPath } from '../util/user-path.js'
import { parsePlace } from './values.js'

/** @typedef {import('./listen.js').Address} Address */
/** @typedef {import('./server.js').TlsFiles} TlsFiles */
/** @typedef {import('./server.js').ServerLimits} ServerLimits */
/** @typedef {import('./settings/resolve.js').Settings} Settings */

/**
 * @typedef {object} Arguments
 * @property {Record<string, any>} handler options of PythonHandler
 * @property {Address} address
 * @property {TlsFiles | null} tls
 * @property {number} maxHeaderSize bytes of the head of a request
 * @property {ServerLimits} limits
 * @property {{ folders: string[], extensions: string[] } | null} reload what to watch
 * @property {import('./side-servers.js').Place | null} metrics
 * @property {import('./side-servers.js').Place | null} health
 * @property {number} stopDelay milliseconds
 * @property {boolean} accessLog
 * @property {string} logLevel
 */

/**
 * @param {Settings} settings
 * @returns {Arguments}
 */
export function serveArguments (settings) {
  for (const check of [checkReload, checkTls]) check(settings)
  const {
    docroot, tlsCert, tlsKey, tlsCa, maxHeaderSize, accessLog, logLevel, reload, reloadDir,
    reloadExt, timeoutHead, maxConnections, maxConnectionsPerAddress, metrics, health, stopDelay
  } = settings.values
  return {
    handler: settings.handlerOptions(),
    address: address(settings),
    tls: tlsCert === undefined ? null : { cert: tlsCert, key: tlsKey, ca: tlsCa },
    maxHeaderSize,
    limits: {
      headTime: timeoutHead,
      connections: maxConnections,
      connectionsPerAddress: maxConnectionsPerAddress
    },
    reload: reload
      ? { folders: reloadDir ?? [userPath(docroot)], extensions: reloadExt ?? ['py'] }
      : null,
    metrics: place(metrics),
    health: place(health),
    stopDelay,
    accessLog,
    logLevel
  }
}

/**
 * @param {any} value of a setting that parsePlace() parses, or true without a value
 * @returns {import('./side-servers.js').Place | null}
 */
function place (value) {
  if (value === undefined || value === false) return null
  return value === true ? parsePlace('') : value
}

/** @param {Settings} settings */
function checkReload (settings) {
  if (settings.values.reload) return
  for (const flag of ['--reload-dir', '--reload-ext']) {
    // In a variable or a file it waits for the day on which --reload is given.
    if (settings.of(flag).rank === 'flag') settings.fail(`${flag} needs --reload`)
  }
}

/**
 * @param {Settings} settings
 * @returns {Address}
 */
function address (settings) {
  const { host, port, uds } = settings.values
  for (const flag of ['--host', '--port']) {
    // PORT is often set in the environment without being meant for this program.
    if (uds === undefined || settings.of(flag).rank !== settings.of('--uds').rank) continue
    settings.fail(`${flag} and --uds cannot be given together: the server listens on one address`)
  }
  return { host, port, uds }
}

/** @param {Settings} settings */
function checkTls ({ values: { tlsCert, tlsKey, tlsCa }, fail }) {
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    fail('--tls-cert and --tls-key must be given together')
  }
  if (tlsCa !== undefined && tlsCert === undefined) {
    fail('--tls-ca needs --tls-cert and --tls-key')
  }
}
