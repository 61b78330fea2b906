/**
 * The options of the command line: their names, defaults and help.
 */

import { readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'

import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'

import { parseOptions } from '../options.js'
import { LOG_LEVELS } from './logger.js'

/**
 * @typedef {object} Arguments
 * @property {Record<string, any>} handler options of PythonHandler
 * @property {import('./listen.js').Address} address
 * @property {import('./server.js').TlsFiles | null} tls
 * @property {{ folders: string[], extensions: string[] } | null} reload what to watch, with --reload
 * @property {boolean} accessLog
 * @property {string} logLevel
 */

const MIB = 1024 * 1024

/** There is nothing to serve: wrong use, or --help. What there is to say has been printed. */
export class UsageError extends Error {
  /** @param {number} exitCode */
  constructor (exitCode) {
    super('nothing to serve')
    this.exitCode = exitCode
  }
}

/**
 * @param {string[]} argv without node and the script
 * @returns {Arguments}
 */
export function parseArguments (argv) {
  const command = define()
  try {
    command.parse(separatePreload(argv), { from: 'user' })
    checkReload(command)
    checkTls(command)
  } catch (error) {
    if (error instanceof CommanderError) throw new UsageError(error.exitCode === 0 ? 0 : 2)
    throw error
  }
  const [appTarget] = command.processedArgs
  const {
    host, port, uds, tlsCert, tlsKey, tlsCa, accessLog, logLevel, reload, reloadDir, reloadExt,
    maxRequests, maxMemory, maxAge, wsMaxSize, wsPingInterval, wsPingTimeout, wsCompression,
    timeoutStartup, timeoutRequest, timeoutHang, timeoutDrain, timeoutRetire, timeoutDisconnect,
    timeoutShutdown, ...handler
  } = command.opts()
  return {
    handler: {
      ...handler,
      appTarget,
      websocket: {
        maxMessage: wsMaxSize,
        compression: wsCompression,
        pingInterval: wsPingInterval,
        pingTimeout: wsPingTimeout
      },
      recycle: { requests: maxRequests, memory: maxMemory, age: maxAge },
      timeouts: {
        startup: timeoutStartup,
        request: timeoutRequest,
        hang: timeoutHang,
        drain: timeoutDrain,
        retire: timeoutRetire,
        disconnect: timeoutDisconnect,
        shutdown: timeoutShutdown
      }
    },
    address: { host, port, uds },
    tls: tlsCert === undefined ? null : { cert: tlsCert, key: tlsKey, ca: tlsCa },
    reload: reload
      ? { folders: reloadDir ?? [resolve(handler.docroot)], extensions: reloadExt ?? ['py'] }
      : null,
    accessLog,
    logLevel
  }
}

function define () {
  const { version } = JSON.parse(
    readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'))
  const { timeouts, websocket } = parseOptions()
  const inSeconds = (/** @type {number} */ time) => ` (default: ${time / 1000})`
  const command = new Command('node-asgi')
  command
    .description('Serves a Python ASGI application over HTTP and WebSocket, from a pool of Python processes.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .argument('[app]', 'the application, as module:attribute', 'main:app')
    .option('--docroot <dir>', 'import root and working directory of the application', '.')
    .option('--python <path>', 'interpreter (default: that of VIRTUAL_ENV, of .venv, or python3)')
    .option('--host <host>', 'address to listen on', '127.0.0.1')
    .addOption(new Option('--port <port>', 'port to listen on, 0 for any free one')
      .env('PORT').default(8000).argParser(parsePort))
    .option('--uds <path>', 'listen on a unix domain socket instead of host and port')
    .option('--tls-cert <file>', 'serve https and HTTP/2 with this certificate (PEM)')
    .option('--tls-key <file>', 'the key of the certificate (PEM)')
    .option('--tls-ca <file>', 'ask clients for certificates, and take only those of this issuer')
    .option('--workers <n>', 'worker processes (default: the cores that may be used)', parseCount)
    .addOption(new Option('--preload [modules]',
      'import before forking: these modules (a,b.c), or the application when none is named')
      .argParser(parseModules))
    .option('--root-path <path>', 'the root_path of ASGI scopes, for an app behind a prefix', '')
    .option('--trust-proxy <list>', 'believe what these proxies say of the client: addresses, ' +
      'networks, loopback, linklocal, uniquelocal', parseList)
    .addOption(new Option('--lifespan <mode>', 'run lifespan events')
      .choices(['auto', 'on', 'off']).default('auto'))
    .addOption(new Option('--loop <name>', 'event loop of the workers')
      .choices(['auto', 'asyncio', 'uvloop']).default('auto'))
    .addOption(new Option('--interface <name>', 'interface of the application')
      .choices(['auto', 'asgi', 'asgi2', 'wsgi']).default('auto'))
    .option('--threads <n>', 'threads of each worker for a WSGI application', parseCount)
    .option('--factory', 'the target is a function without arguments that returns the application',
      false)
    .option('--reload', 'reload the application when its files change, for development', false)
    .option('--reload-dir <dir>', 'watch this folder instead of the docroot; may be repeated',
      (dir, /** @type {string[] | undefined} */ dirs) => [...dirs ?? [], parseFolder(dir)])
    .option('--reload-ext <list>', 'watch files with these extensions (default: py)', parseExtensions)
    .option('--max-requests <n>', 'replace a worker that has been given so many requests',
      parseCount)
    .option('--max-memory <MiB>', 'replace a worker whose resident memory has reached this',
      (text) => parseCount(text) * MIB)
    .option('--max-age <s>', 'replace a worker that has served so long', seconds(0.001))
    .option('--timeout-startup <s>', 'seconds a worker gets to import and start' +
      inSeconds(timeouts.startup), seconds(0.001))
    .option('--timeout-request <s>', 'seconds until a response must start, 0 for no limit' +
      inSeconds(timeouts.request), seconds(0))
    .option('--timeout-hang <s>', 'seconds an event loop may stand still, 0 for no limit' +
      inSeconds(timeouts.hang), seconds(0))
    .option('--timeout-drain <s>', 'seconds requests get to finish when stopping' +
      inSeconds(timeouts.drain), seconds(0))
    .option('--timeout-retire <s>', 'seconds requests get to finish in a worker that is replaced' +
      inSeconds(timeouts.retire), seconds(0))
    .option('--timeout-disconnect <s>', 'seconds from then on until their tasks are cancelled' +
      inSeconds(timeouts.disconnect), seconds(0))
    .option('--timeout-shutdown <s>', 'seconds lifespan shutdown may take' +
      inSeconds(timeouts.shutdown), seconds(0))
    .option('--ws-max-size <MiB>', 'longest message of a WebSocket client (default: ' +
      `${websocket.maxMessage / MIB})`, (text) => parseCount(text) * MIB)
    .option('--ws-compression', 'offer compression of messages (permessage-deflate)', false)
    .option('--ws-ping-interval <s>', 'seconds between pings, 0 for none' +
      inSeconds(websocket.pingInterval), seconds(0))
    .option('--ws-ping-timeout <s>', 'seconds until a client that does not answer is cut off' +
      inSeconds(websocket.pingTimeout), seconds(0.001))
    .option('--access-log', 'print a line for every request (common log format)', false)
    .addOption(new Option('--log-level <level>', 'least severe messages to print')
      .choices(LOG_LEVELS).default('info'))
    .exitOverride()
    .showHelpAfterError('(node-asgi --help lists the options)')
    .addHelpText('after', '\nSIGTERM or SIGINT: finish the requests under way, then stop. ' +
      'A second one: stop at once.\n' +
      'SIGHUP: reload the application; the old workers finish what they have.')
  return command
}

/**
 * In "--preload main:app" the second word is the application: a module's name holds no colon.
 * @param {string[]} argv
 */
function separatePreload (argv) {
  return argv.map((word, i) => word === '--preload' && argv[i + 1]?.includes(':')
    ? '--preload='
    : word)
}

/** @param {string} text */
function parsePort (text) {
  const port = Number(text)
  if (/^\d+$/.test(text) && port <= 65535) return port
  throw new InvalidArgumentError('A port is a number from 0 to 65535.')
}

/** @param {string} text */
function parseCount (text) {
  const count = Number(text)
  if (/^\d+$/.test(text) && count >= 1) return count
  throw new InvalidArgumentError('It is a whole number, 1 or more.')
}

/**
 * Seconds on the command line, milliseconds in the API.
 * @param {number} least
 */
function seconds (least) {
  return (/** @type {string} */ text) => {
    const time = Number(text)
    if (/^\d+(\.\d+)?$/.test(text) && time >= least) return Math.ceil(time * 1000)
    throw new InvalidArgumentError(`A time is a number of seconds, ${least} or more.`)
  }
}

/** @param {string} text */
function parseList (text) {
  return text.split(',').map((name) => name.trim()).filter((name) => name !== '')
}

/** @param {string} text */
function parseModules (text) {
  const modules = parseList(text)
  return modules.length > 0 ? modules : true
}

/** @param {string} text */
function parseExtensions (text) {
  const extensions = parseList(text).map((name) => name.replace(/^\./, ''))
  if (extensions.length > 0 && extensions.every((name) => /^[^./]+$/.test(name))) return extensions
  throw new InvalidArgumentError('It is a list of extensions, for example py,html.')
}

/** @param {string} text */
function parseFolder (text) {
  const folder = resolve(text)
  try {
    if (statSync(folder).isDirectory()) return folder
  } catch {} // not there, or not to be seen
  throw new InvalidArgumentError('There is no such folder.')
}

/** @param {Command} command */
function checkReload (command) {
  const { reload, reloadDir, reloadExt } = command.opts()
  if (reload) return
  const idle = reloadDir !== undefined ? '--reload-dir' : reloadExt !== undefined && '--reload-ext'
  if (idle) command.error(`error: ${idle} says what to watch, and needs --reload`)
}

/** @param {Command} command */
function checkTls (command) {
  const { tlsCert, tlsKey, tlsCa } = command.opts()
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    command.error('error: --tls-cert and --tls-key belong together')
  }
  if (tlsCa !== undefined && tlsCert === undefined) {
    command.error('error: --tls-ca is about certificates of clients, and needs --tls-cert')
  }
}
