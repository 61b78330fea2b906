/**
 * Reads the arguments of `node-asgi serve`, which command.js defines.
 */

import { userPath } from '../util/user-path.js'
import { defineCommand } from './command.js'
import { handlerOptions, parse } from './common-arguments.js'

/** @typedef {import('commander').Command} Command */
/** @typedef {import('./listen.js').Address} Address */
/** @typedef {import('./server.js').TlsFiles} TlsFiles */
/** @typedef {import('./server.js').ServerLimits} ServerLimits */

/**
 * @typedef {object} Arguments
 * @property {Record<string, any>} handler options of PythonHandler
 * @property {Address} address
 * @property {TlsFiles | null} tls
 * @property {number} maxHeaderSize bytes of the head of a request
 * @property {ServerLimits} limits
 * @property {{ folders: string[], extensions: string[] } | null} reload what to watch
 * @property {boolean} accessLog
 * @property {string} logLevel
 */

/**
 * @param {string[]} argv without node, the script and the command
 * @returns {Arguments}
 */
export function parseArguments (argv) {
  const command = defineCommand()
  parse(command, separatePreload(argv), [checkReload, checkTls, checkAddress])
  const {
    docroot, host, port, uds, tlsCert, tlsKey, tlsCa, maxHeaderSize, accessLog, logLevel, reload,
    reloadDir, reloadExt, timeoutHead, maxConnections, maxConnectionsPerAddress
  } = command.opts()
  return {
    handler: handlerOptions(command),
    address: { host, port, uds },
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
    accessLog,
    logLevel
  }
}

/**
 * In "--preload main:app" the second word is the application, because the name of a module contains
 * no colon.
 * @param {string[]} argv
 */
function separatePreload (argv) {
  return argv.map((word, i) => word === '--preload' && argv[i + 1]?.includes(':')
    ? '--preload='
    : word)
}

/** @param {Command} command */
function checkReload (command) {
  const { reload, reloadDir, reloadExt } = command.opts()
  if (reload) return
  if (reloadDir !== undefined) command.error('error: --reload-dir needs --reload')
  if (reloadExt !== undefined) command.error('error: --reload-ext needs --reload')
}

/** @param {Command} command */
function checkAddress (command) {
  if (command.opts().uds === undefined) return
  // PORT is often set in the environment without being meant for this program.
  for (const name of ['host', 'port']) {
    if (command.getOptionValueSource(name) !== 'cli') continue
    command.error(`error: --${name} and --uds cannot be given together: the server listens on ` +
      'one address')
  }
}

/** @param {Command} command */
function checkTls (command) {
  const { tlsCert, tlsKey, tlsCa } = command.opts()
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    command.error('error: --tls-cert and --tls-key must be given together')
  }
  if (tlsCa !== undefined && tlsCert === undefined) {
    command.error('error: --tls-ca needs --tls-cert and --tls-key')
  }
}
