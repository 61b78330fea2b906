/**
 * The arguments of the command line: their names, defaults and help.
 */

import { readFileSync, statSync } from 'node:fs'

import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'

import { MAX_PORT } from '../message/url.js'
import { defaultOption, optionChoices } from '../options.js'
import { userPath } from '../util/user-path.js'
import { LOG_LEVELS } from './logger.js'

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
 * The argument that sets each option of a handler. The other options have no flag, and keep their
 * defaults on the command line.
 * @type {Record<string, string>}
 */
export const FLAGS = {
  appTarget: '[app]',
  docroot: '--docroot',
  python: '--python',
  workers: '--workers',
  preload: '--preload',
  rootPath: '--root-path',
  trustProxy: '--trust-proxy',
  proxyHeaders: '--proxy-headers',
  lifespan: '--lifespan',
  loop: '--loop',
  interface: '--interface',
  threads: '--threads',
  factory: '--factory',
  env: '--env',
  allowedHosts: '--allowed-hosts',
  maxBody: '--max-body',
  minBodyRate: '--min-body-rate',
  concurrency: '--concurrency',
  maxQueue: '--max-queue',
  retry: '--retry',
  spin: '--spin',
  'restart.min': '--restart-min',
  'restart.max': '--restart-max',
  'restart.window': '--restart-window',
  'restart.limit': '--restart-limit',
  'recycle.requests': '--max-requests',
  'recycle.memory': '--max-memory',
  'recycle.age': '--max-age',
  'timeouts.startup': '--timeout-startup',
  'timeouts.request': '--timeout-request',
  'timeouts.hang': '--timeout-hang',
  'timeouts.drain': '--timeout-drain',
  'timeouts.retire': '--timeout-retire',
  'timeouts.disconnect': '--timeout-disconnect',
  'timeouts.cancel': '--timeout-cancel',
  'timeouts.shutdown': '--timeout-shutdown',
  'timeouts.kill': '--timeout-kill',
  'timeouts.disconnectGrace': '--timeout-disconnect-grace',
  'isolation.profile': '--isolation',
  'isolation.user': '--user',
  'isolation.group': '--group',
  'isolation.umask': '--umask',
  'isolation.noNewPrivileges': '--lock-privileges',
  'isolation.dropCapabilities': '--drop-capabilities',
  'isolation.inheritEnv': '--inherit-env',
  'isolation.allow.read': '--allow-read',
  'isolation.allow.write': '--allow-write',
  'isolation.limits.memory': '--limit-memory',
  'isolation.limits.cpu': '--limit-cpu',
  'isolation.limits.files': '--limit-files',
  'isolation.limits.processes': '--limit-processes',
  'isolation.limits.core': '--limit-core',
  'isolation.debug': '--allow-debug',
  'isolation.node': '--protect-node',
  'websocket.maxMessage': '--ws-max-size',
  'websocket.compression': '--ws-compression',
  'websocket.allowedOrigins': '--ws-allowed-origins',
  'websocket.pingInterval': '--ws-ping-interval',
  'websocket.pingTimeout': '--ws-ping-timeout'
}

const MIB = 1024 * 1024

/** Bytes. Node's own default is 16 KiB. */
const MAX_HEADER_SIZE = 64 * 1024

/** Milliseconds. */
const HEAD_TIME = 30_000

/** Each takes a file descriptor, of which the workers need some, too. */
const MAX_CONNECTIONS = 10_000

/** A large office has one address. */
const MAX_PER_ADDRESS = 1000

/** Bytes. Applications that take longer ones are rare, and can say so. */
const MAX_BODY = 1024 * MIB

/** Bytes a second, as in Kestrel. */
const MIN_BODY_RATE = 240

/** There is nothing to serve: wrong usage, or --help. The explanation has been printed already. */
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
  const command = defineCommand()
  try {
    command.parse(separatePreload(argv), { from: 'user' })
    checkReload(command)
    checkTls(command)
    checkAddress(command)
  } catch (error) {
    if (error instanceof CommanderError) throw new UsageError(error.exitCode === 0 ? 0 : 2)
    throw error
  }
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
 * @param {Command} command that has been parsed
 * @returns {Record<string, any>} options of PythonHandler; undefined where the default applies
 */
function handlerOptions (command) {
  const values = command.opts()
  const byFlag = new Map(command.options.map((option) =>
    [option.long, values[option.attributeName()]]))
  /** @type {Record<string, any>} */
  const options = { appTarget: command.processedArgs[0] }
  for (const [name, flag] of Object.entries(FLAGS)) {
    if (!byFlag.has(flag)) continue
    const groups = name.split('.')
    const last = /** @type {string} */ (groups.pop())
    let place = options
    for (const group of groups) place = place[group] ??= {}
    place[last] = byFlag.get(flag)
  }
  return options
}

/** @returns {Command} */
export function defineCommand () {
  const { version } = JSON.parse(
    readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'))
  const by = (/** @type {string} */ name, unit = 1) => {
    const value = defaultOption(name)
    return ` (default: ${typeof value === 'number' ? value / unit : value})`
  }
  const inSeconds = (/** @type {string} */ name) => by(name, 1000)
  const command = new Command('node-asgi')
  command
    .description('Serves a Python ASGI application over HTTP and WebSocket, from a pool of ' +
      'Python processes.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .argument('[app]', 'the application, as module:attribute; module alone is short for ' +
      'module:app, and module:factory() calls the function factory', defaultOption('appTarget'))
    .option('--docroot <dir>', 'directory that the application is imported from and runs in', '.')
    .option('--python <path>', 'Python interpreter, environment, or version such as 3.12 or ' +
      '">=3.11" (default: VIRTUAL_ENV, CONDA_PREFIX, .venv, or python3 on PATH)')
    .option('--host <host>', 'address to listen on', '127.0.0.1')
    .addOption(new Option('--port <port>', 'port to listen on; 0 picks a free one')
      .env('PORT').default(8000).argParser(parsePort))
    .option('--uds <path>', 'Unix domain socket to listen on, instead of host and port')
    .option('--tls-cert <file>', 'certificate (PEM); makes the server speak HTTPS, with HTTP/2 ' +
      'and HTTP/1.1')
    .option('--tls-key <file>', 'private key of the certificate (PEM)')
    .option('--tls-ca <file>', 'require client certificates issued by this CA (PEM)')
    .addOption(new Option('--max-header-size <bytes>', 'longest head of a request: its first ' +
      'line and its headers').default(MAX_HEADER_SIZE).argParser(parseCount))
    .addOption(new Option('--timeout-head <s>', 'seconds for a client to send the head of a ' +
      'request; 0: no limit').default(HEAD_TIME, String(HEAD_TIME / 1000)).argParser(seconds(0)))
    .addOption(new Option('--max-connections <n>', 'connections in all; 0: any')
      .default(MAX_CONNECTIONS).argParser(parseLimit))
    .addOption(new Option('--max-connections-per-address <n>', 'connections from one address, ' +
      'or one /64 of IPv6, unless it is a trusted proxy; 0: any')
      .default(MAX_PER_ADDRESS).argParser(parseLimit))
    .addOption(new Option('--workers <n>', 'worker processes (default: the number of available ' +
      'cores)').env('WEB_CONCURRENCY').argParser(parseCount))
    .addOption(new Option('--preload [modules]', 'modules to import before workers are forked ' +
      '(a,b.c); without a list, the application')
      .argParser(parseModules))
    .option('--root-path <path>', 'root_path of the ASGI scopes: the prefix that the application ' +
      'is served under', defaultOption('rootPath'))
    .option('--trust-proxy <list>', 'proxies that are believed about the client: addresses, ' +
      'networks, loopback, linklocal, uniquelocal', parseList)
    .option('--proxy-headers <list>', 'headers that these proxies set: forwarded, or some of ' +
      `x-forwarded-for, x-forwarded-proto, x-forwarded-host${by('proxyHeaders')}`, parseList)
    .option('--allowed-hosts <list>', 'hosts that requests may be for, such as example.com or ' +
      '*.example.com (default: any)', parseList)
    .addOption(new Option('--lifespan <mode>', 'whether to send lifespan events')
      .choices(optionChoices('lifespan')).default(defaultOption('lifespan')))
    .addOption(new Option('--loop <name>', 'event loop of the workers')
      .choices(optionChoices('loop')).default(defaultOption('loop')))
    .addOption(new Option('--interface <name>', 'interface of the application')
      .choices(optionChoices('interface')).default(defaultOption('interface')))
    .option('--threads <n>', `threads of each worker for a WSGI application${by('threads')}`,
      parseCount)
    .option('--factory', 'app names a function without arguments that returns the application',
      false)
    .option('--env <name=value>', 'environment variable for the Python processes; may be ' +
      'repeated', parseVariable)
    .addOption(new Option('--max-body <MiB>', 'longest request body; 0: any')
      .default(MAX_BODY, String(MAX_BODY / MIB)).argParser(parseSize))
    .addOption(new Option('--min-body-rate <n>', 'bytes a second that a client must send of a ' +
      'request body, after a grace of 10 s; 0: any').default(MIN_BODY_RATE)
      .argParser(parseCountOrNone))
    .option('--concurrency <n>', 'requests in flight in one worker, not counting WebSockets' +
      by('concurrency'), parseCount)
    .option('--max-queue <n>', `requests that may wait for a worker${by('maxQueue')}`,
      parseCountOrNone)
    .option('--retry <n>', 'how often a request that is safe to repeat goes to another worker ' +
      `when its own has died${by('retry')}`, parseCountOrNone)
    .option('--restart-min <s>', 'first delay after failed starts, in seconds; doubles each time' +
      inSeconds('restart.min'), seconds(0.001))
    .option('--restart-max <s>', 'longest delay after failed starts, in seconds' +
      inSeconds('restart.max'), seconds(0.001))
    .option('--restart-limit <n>', 'failed starts in a row after which each further one waits ' +
      'for --restart-max' + by('restart.limit'), parseCount)
    .option('--restart-window <s>', 'a worker that keeps crashing may spend half of this ' +
      'many seconds on starting' + inSeconds('restart.window'), seconds(0.001))
    .option('--spin <us>', 'microseconds to look for the next message before sleeping, or auto ' +
      '(default: auto)', parseSpin)
    .option('--reload', 'reload the application when its files change (for development)', false)
    .option('--reload-dir <dir>', 'directory to watch instead of the docroot; may be repeated',
      (dir, /** @type {string[] | undefined} */ dirs) => [...dirs ?? [], parseFolder(dir)])
    .option('--reload-ext <list>', 'extensions of the files to watch (default: py)',
      parseExtensions)
    .option('--max-requests <n>', 'replace a worker after this many requests', parseCount)
    .option('--max-memory <MiB>', 'replace a worker when its resident memory reaches this size',
      parseMebibytes)
    .option('--max-age <s>', 'replace a worker after it has served for this many seconds',
      seconds(0.001))
    .option('--timeout-startup <s>', 'seconds for a worker to import and start the application' +
      inSeconds('timeouts.startup'), seconds(0.001))
    .option('--timeout-request <s>', 'seconds until a response must start; 0: no limit' +
      inSeconds('timeouts.request'), seconds(0))
    .option('--timeout-hang <s>', "seconds that a worker's event loop may stay blocked; 0: no " +
      'limit' + inSeconds('timeouts.hang'), seconds(0))
    .option('--timeout-drain <s>', 'seconds for stopping, of which requests in flight get at ' +
      'least half' + inSeconds('timeouts.drain'), seconds(0))
    .option('--timeout-retire <s>', 'seconds for requests in flight to finish when their worker ' +
      'is replaced' + inSeconds('timeouts.retire'), seconds(0))
    .option('--timeout-disconnect <s>', 'seconds from http.disconnect until tasks that are ' +
      'left are cancelled' + inSeconds('timeouts.disconnect'), seconds(0))
    .option('--timeout-cancel <s>', 'seconds for cancelled tasks to finish' +
      inSeconds('timeouts.cancel'), seconds(0))
    .option('--timeout-shutdown <s>', 'seconds for lifespan shutdown' +
      inSeconds('timeouts.shutdown'), seconds(0))
    .option('--timeout-kill <s>', 'seconds for a process to exit before it is killed' +
      inSeconds('timeouts.kill'), seconds(0.001))
    .option('--timeout-disconnect-grace <s>', 'seconds for the application to end a request ' +
      'whose client has gone, before its task is cancelled' + inSeconds('timeouts.disconnectGrace'),
    seconds(0))
    .addOption(new Option('--isolation <profile>', 'what the Python processes may do; strict ' +
      'lets them read the docroot and the Python environment, and write a temporary directory')
      .choices(['none', 'strict']).default(defaultOption('isolation.profile')))
    .option('--user <user>', 'user that the Python processes run as (needs root)', parseUser)
    .option('--group <group>', 'group that the Python processes run as (default: that of --user)',
      parseUser)
    .option('--umask <octal>', 'permissions that new files of the Python processes do not get',
      parseUmask)
    .option('--lock-privileges', 'programs that the application executes gain no privileges')
    .option('--drop-capabilities', 'the Python processes give up all capabilities')
    .option('--inherit-env <names>', 'environment variables that the Python processes get in ' +
      'addition to those that the interpreter needs: a list, all or none (default: all; with ' +
      '--isolation strict: none)', parseNames)
    .option('--allow-read <paths>', 'with --isolation strict, more files and directories to read',
      parseList)
    .option('--allow-write <paths>', 'with --isolation strict, more files and directories to write',
      parseList)
    .option('--limit-memory <MiB>', 'private memory of each worker (default: no limit)',
      (text) => parseCount(text) * MIB)
    .option('--limit-cpu <s>', 'seconds of CPU time in the life of each worker (default: no limit)',
      seconds(1))
    .option('--limit-files <n>', 'open files of each worker (default: no limit)', parseCount)
    .option('--limit-processes <n>', 'processes and threads of the user of the workers (default: ' +
      'no limit)', parseCount)
    .option('--limit-core <MiB>', 'size of core files (default: no limit)',
      (text) => parseCountOrNone(text) * MIB)
    .option('--allow-debug', 'let debuggers of the same user attach to the Python processes, and ' +
      'let these write core files')
    .option('--protect-node', 'keep processes of the same user from tracing Node and reading its ' +
      'memory')
    .option('--ws-max-size <MiB>', 'longest message that a WebSocket client may send' +
      by('websocket.maxMessage', MIB), parseMebibytes)
    .option('--ws-compression', 'offer compression of WebSocket messages (permessage-deflate)',
      false)
    .option('--ws-allowed-origins <list>', 'origins whose pages may open a WebSocket, such as ' +
      'https://example.com; same-origin: the host of the request (default: any)', parseList)
    .option('--ws-ping-interval <s>', 'seconds between pings to a WebSocket client; 0: no pings' +
      inSeconds('websocket.pingInterval'), seconds(0))
    .option('--ws-ping-timeout <s>', 'seconds for a client to answer a ping before it is ' +
      'disconnected' + inSeconds('websocket.pingTimeout'), seconds(0.001))
    .option('--access-log', 'print a line for each request (common log format)', false)
    .addOption(new Option('--log-level <level>', 'least severe messages to print')
      .choices(LOG_LEVELS).default('info'))
    .exitOverride()
    .showHelpAfterError('(node-asgi --help lists the options)')
    .addHelpText('after', '\nSignals:\n' +
      '  SIGTERM, SIGINT  finish the requests in flight, then stop; a second one stops at once\n' +
      '  SIGHUP           reload the application; old workers finish the requests they have')
  return command
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

/** @param {string} text */
function parsePort (text) {
  const port = Number(text)
  if (/^\d+$/.test(text) && port <= MAX_PORT) return port
  throw new InvalidArgumentError(`It must be a number from 0 to ${MAX_PORT}.`)
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
function parseCount (text) {
  return wholeNumber(text, 1)
}

/** @param {string} text */
function parseCountOrNone (text) {
  return wholeNumber(text, 0)
}

/** @param {string} text */
function parseMebibytes (text) {
  return wholeNumber(text, 1, MIB)
}

/** @param {string} text */
function parseLimit (text) {
  const limit = parseCountOrNone(text)
  return limit === 0 ? Infinity : limit
}

/** @param {string} text MiB */
function parseSize (text) {
  const size = parseCountOrNone(text) * MIB
  return size === 0 ? Infinity : size
}

/** @param {string} text */
function parseSpin (text) {
  return text === 'auto' ? text : parseCountOrNone(text)
}

/**
 * @param {string} text
 * @param {Record<string, string>} [variables] those before it
 */
function parseVariable (text, variables) {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? []
  if (name !== undefined) return { ...variables, [name]: value }
  throw new InvalidArgumentError('It must look like NAME=value.')
}

/**
 * Parses seconds, the unit of the command line, into milliseconds, the unit of the options.
 * @param {number} least
 */
function seconds (least) {
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
function parseList (text, before) {
  const names = text.split(',').map((name) => name.trim()).filter((name) => name !== '')
  return Array.isArray(before) ? [...before, ...names] : names
}

/** @param {string} text */
function parseUser (text) {
  return /^\d+$/.test(text) ? Number(text) : text
}

/** @param {string} text */
function parseUmask (text) {
  if (/^[0-7]{1,4}$/.test(text)) return parseInt(text, 8)
  throw new InvalidArgumentError('It must be an octal number, for example 027.')
}

/**
 * @param {string} text
 * @param {unknown} [before]
 */
function parseNames (text, before) {
  if (text === 'all') return true
  return text === 'none' ? false : parseList(text, before)
}

/**
 * @param {string} text
 * @param {unknown} [before]
 */
function parseModules (text, before) {
  const modules = parseList(text, before)
  return modules.length > 0 ? modules : true
}

/**
 * @param {string} text
 * @param {unknown} [before]
 */
function parseExtensions (text, before) {
  const extensions = parseList(text, before).map((name) => name.replace(/^\./, ''))
  if (extensions.length > 0 && extensions.every((name) => /^[^./]+$/.test(name))) return extensions
  throw new InvalidArgumentError('It must be a list of extensions, for example py,html.')
}

/** @param {string} text */
function parseFolder (text) {
  const folder = userPath(text)
  try {
    if (statSync(folder).isDirectory()) return folder
  } catch {} // it does not exist, or cannot be read
  throw new InvalidArgumentError('It must be a directory.')
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
