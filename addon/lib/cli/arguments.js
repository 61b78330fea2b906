/**
 * Turns the settings of `node-asgi serve` into what the server is made with.
 */

import { userPath } from '../util/user-path.js'
import { addresses } from './addresses.js'
import { mostWorkers } from './cluster/most-workers.js'
import { parsePlace } from './values.js'

/** @typedef {import('./address.js').Address} Address */
/** @typedef {import('./certificates.js').TlsFiles} TlsFiles */
/** @typedef {import('../reload/watch.js').WatchedFiles} WatchedFiles */
/** @typedef {import('./server.js').ServerLimits} ServerLimits */
/** @typedef {import('./settings/resolve.js').Settings} Settings */

/** Milliseconds between two looks at the files, if --reload-poll does not say. */
const POLL = 1000

/**
 * @typedef {object} Arguments
 * @property {Record<string, any>} handler options of PythonHandler
 * @property {number} processes of Node
 * @property {{ addresses: Address[], backlog: number, mode: number | undefined }} listening
 * @property {TlsFiles | null} tls
 * @property {number} maxHeaderSize bytes of the head of a request
 * @property {ServerLimits} limits
 * @property {WatchedFiles | null} reload
 * @property {string | null} accessLog its format; null: there is none
 * @property {import('./values.js').Place | null} metrics
 * @property {import('./values.js').Place | null} health
 * @property {import('./values.js').Place | null} dashboard
 * @property {number} stopDelay milliseconds
 * @property {string | undefined} pidFile
 * @property {string} logLevel
 */

/**
 * @param {Settings} settings
 * @returns {Arguments}
 */
export function serveArguments (settings) {
  for (const check of [checkWorkers, checkProcesses, checkReload, checkTls]) check(settings)
  const {
    tlsCert, tlsKey, tlsCa, tlsKeyPassword, tlsKeyPasswordFile, maxHeaderSize, accessLog, logLevel,
    timeoutHead, timeoutKeepAlive, maxConnections, maxConnectionsPerAddress, backlog, udsMode,
    pidFile, metrics, health, dashboard, stopDelay, processes
  } = settings.values
  return {
    handler: settings.handlerOptions(),
    processes,
    listening: { addresses: addresses(settings), backlog, mode: udsMode },
    tls: tlsCert === undefined
      ? null
      : {
          cert: tlsCert,
          key: tlsKey,
          ca: tlsCa,
          password: tlsKeyPassword,
          passwordFile: tlsKeyPasswordFile
        },
    maxHeaderSize,
    limits: {
      headTime: timeoutHead,
      keepAlive: timeoutKeepAlive,
      connections: maxConnections,
      connectionsPerAddress: maxConnectionsPerAddress
    },
    metrics: place(metrics),
    health: place(health),
    dashboard: place(dashboard),
    stopDelay,
    reload: watchedFiles(settings),
    accessLog: accessLog === true ? 'common' : accessLog || null,
    pidFile,
    logLevel
  }
}

/**
 * @param {any} value of a setting that parsePlace() parses, or true without a value
 * @returns {import('./values.js').Place | null}
 */
function place (value) {
  if (value === undefined || value === false) return null
  return value === true ? parsePlace('') : value
}

/**
 * @param {Settings} settings
 * @returns {WatchedFiles | null}
 */
function watchedFiles ({ values }) {
  const { docroot, reload, reloadDir, reloadExt, reloadExclude, reloadPoll } = values
  if (!reload) return null
  return {
    folders: reloadDir ?? [userPath(docroot)],
    extensions: reloadExt ?? ['py'],
    exclude: reloadExclude ?? [],
    poll: reloadPoll === true ? POLL : reloadPoll || null
  }
}

/** @param {Settings} settings */
function checkWorkers (settings) {
  const isElastic = Object(settings.values.workers) === settings.values.workers
  // In a variable or a file it waits for the day on which the pool is elastic.
  if (!isElastic && settings.of('--workers-idle').rank === 'flag') {
    settings.fail('--workers-idle needs --workers with the fewest and the most, for example 1-8')
  }
}

/** @param {Settings} settings */
function checkProcesses (settings) {
  const { processes, workers, debug } = settings.values
  if (processes === 1) return
  if (debug) settings.fail('--debug has one worker, so it cannot have several --processes')
  const most = mostWorkers(workers)
  if (most !== undefined && most < processes) {
    const { source } = settings.of('--workers')
    settings.fail(`each of the ${processes} --processes needs a worker, but ${source} says ` +
      `${most}; give more workers, or fewer processes`)
  }
}

/** @param {Settings} settings */
function checkReload (settings) {
  if (settings.values.reload) return
  for (const flag of ['--reload-dir', '--reload-ext', '--reload-exclude', '--reload-poll']) {
    // In a variable or a file it waits for the day on which --reload is given.
    if (settings.of(flag).rank === 'flag') settings.fail(`${flag} needs --reload`)
  }
}

/** @param {Settings} settings */
function checkTls ({ values: { tlsCert, tlsKey, tlsCa, tlsKeyPasswordFile }, fail }) {
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    fail('--tls-cert and --tls-key must be given together')
  }
  if (tlsCa !== undefined && tlsCert === undefined) {
    fail('--tls-ca needs --tls-cert and --tls-key')
  }
  if (tlsKeyPasswordFile !== undefined && tlsKey === undefined) {
    fail('--tls-key-password-file needs --tls-cert and --tls-key')
  }
}
