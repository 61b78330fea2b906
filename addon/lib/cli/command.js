/**
 * The arguments of `node-asgi serve`: their names, defaults and help. values.js parses their
 * values.
 */

import { Option } from 'commander'

import { defaultOption, optionChoices } from '../options.js'
import {
  addApplication, addDetails, by, inSeconds, lifespanOption, newCommand, startupTimeOption
} from './common-arguments.js'
import { LOG_LEVELS } from './logger.js'
import {
  MIB, parseCount, parseCountOrNone, parseExtensions, parseFolder, parseLimit, parseList,
  parseMebibytes, parseModules, parseNames, parsePaths, parsePort, parseSize, parseSpin, parseUmask,
  parseUser, seconds
} from './values.js'

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

/** @returns {import('commander').Command} */
export function defineCommand () {
  const command = newCommand('node-asgi', 'Serves a Python ASGI application over HTTP and ' +
    'WebSocket, from a pool of Python processes.')
  addApplication(command)
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
    .addOption(lifespanOption(defaultOption('lifespan')))
    .addOption(new Option('--loop <name>', 'event loop of the workers')
      .choices(optionChoices('loop')).default(defaultOption('loop')))
  addDetails(command)
    .addOption(new Option('--max-body <MiB>', 'longest request body; 0: any')
      .default(MAX_BODY, String(MAX_BODY / MIB)).argParser(parseSize))
    .addOption(new Option('--min-body-rate <n>', 'bytes a second that a client must send of a ' +
      'request body, after a grace of 10 s; 0: any').default(MIN_BODY_RATE)
      .argParser(parseCountOrNone))
    .option('--concurrency <n>', 'requests in flight in one worker, not counting WebSockets' +
      by('concurrency'), parseCount)
    .option('--max-queue <n>', `requests that may wait for a worker${by('maxQueue')}`,
      parseCountOrNone)
    .option('--health-paths <list>', 'paths of health checks, which may wait although the queue ' +
      `is full, and go first; none switches it off${by('healthPaths')}`, parsePaths)
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
    .addOption(startupTimeOption())
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
    .addHelpText('after', '\nCommands:\n' +
      '  serve [app]  what is described here; the word serve may be left out\n' +
      '  types [app]  write the TypeScript types of the API (node-asgi types --help)\n' +
      '\nSignals:\n' +
      '  SIGTERM, SIGINT  finish the requests in flight, then stop; a second one stops at once\n' +
      '  SIGHUP           reload the application; old workers finish the requests they have')
  return command
}
