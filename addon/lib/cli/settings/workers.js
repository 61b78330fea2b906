/** The settings of the pool: its workers, their requests, and how long things may take. */

import {
  MIB, parseCount, parseCountOrNone, parseMebibytes, parseModules, parsePaths, parseSpin,
  parseWorkers, seconds
} from '../values.js'
import { APP_COMMANDS, SERVER_COMMANDS } from './setting.js'

const SECOND = { value: '<s>', unit: 1000 }

/** @type {import('./setting.js').Group} */
export const WORKERS = {
  title: 'Workers',
  commands: SERVER_COMMANDS,
  settings: [
    {
      flag: '--workers',
      value: '<n>',
      about: 'worker processes; 1-8: as many as the load needs, from 1 to 8',
      brief: 'worker processes, or 1-8 as needed (default: the cores)',
      option: 'workers',
      initially: 'the number of available cores',
      variable: 'WEB_CONCURRENCY',
      parse: parseWorkers
    },
    {
      flag: '--workers-idle',
      ...SECOND,
      about: 'seconds that workers have little to do before one of them ends, with --workers 1-8',
      option: 'workers.idle',
      parse: seconds(0.001)
    },
    {
      flag: '--processes',
      value: '<n>',
      about: 'processes of Node, which share the workers, for more requests than one of them can ' +
        'pass on',
      initial: 1,
      parse: parseCount
    },
    {
      flag: '--preload',
      value: '[modules]',
      about: 'modules to import before workers are forked (a,b.c); without a list, the application',
      option: 'preload',
      parse: parseModules
    },
    {
      flag: '--concurrency',
      value: '<n>',
      about: 'requests in flight in one worker, not counting WebSockets',
      option: 'concurrency',
      parse: parseCount
    },
    {
      flag: '--max-queue',
      value: '<n>',
      about: 'requests that may wait for a worker',
      option: 'maxQueue',
      parse: parseCountOrNone
    },
    {
      flag: '--health-paths',
      value: '<list>',
      about: 'paths of health checks, which may wait although the queue is full, and go first; ' +
        'none switches it off',
      option: 'healthPaths',
      parse: parsePaths
    },
    {
      flag: '--retry',
      value: '<n>',
      about: 'how often a request that is safe to repeat goes to another worker when its own has ' +
        'died',
      option: 'retry',
      parse: parseCountOrNone
    },
    {
      flag: '--spin',
      value: '<us>',
      about: 'microseconds to look for the next message before sleeping, or auto',
      option: 'spin',
      parse: parseSpin
    },
    {
      flag: '--max-requests',
      value: '<n>',
      about: 'replace a worker after this many requests',
      option: 'recycle.requests',
      parse: parseCount
    },
    {
      flag: '--max-memory',
      value: '<MiB>',
      about: 'replace a worker when its resident memory reaches this size',
      option: 'recycle.memory',
      unit: MIB,
      parse: parseMebibytes
    },
    {
      flag: '--max-age',
      ...SECOND,
      about: 'replace a worker after it has served for this many seconds',
      option: 'recycle.age',
      parse: seconds(0.001)
    },
    {
      flag: '--restart-min',
      ...SECOND,
      about: 'first delay after failed starts, in seconds; doubles each time',
      option: 'restart.min',
      parse: seconds(0.001)
    },
    {
      flag: '--restart-max',
      ...SECOND,
      about: 'longest delay after failed starts, in seconds',
      option: 'restart.max',
      parse: seconds(0.001)
    },
    {
      flag: '--restart-limit',
      value: '<n>',
      about: 'failed starts in a row after which each further one waits for --restart-max',
      option: 'restart.limit',
      parse: parseCount
    },
    {
      flag: '--restart-window',
      ...SECOND,
      about: 'a worker that keeps crashing may spend half of this many seconds on starting',
      option: 'restart.window',
      parse: seconds(0.001)
    }
  ]
}

/**
 * @param {string} name of the option in `timeouts`
 * @param {string} about
 * @param {number} [least] seconds
 * @returns {import('./setting.js').Setting}
 */
function timeout (name, about, least = 0) {
  const flag = `--timeout-${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
  return { flag, ...SECOND, about, option: `timeouts.${name}`, parse: seconds(least) }
}

/** @type {import('./setting.js').Group} */
export const TIMEOUTS = {
  title: 'Timeouts',
  commands: SERVER_COMMANDS,
  settings: [
    {
      ...timeout('startup', 'seconds for a worker to import and start the application', 0.001),
      commands: APP_COMMANDS
    },
    timeout('request', 'seconds until a response must start; 0: no limit'),
    timeout('hang', "seconds that a worker's event loop may stay blocked; 0: no limit"),
    timeout('drain', 'seconds for stopping, of which requests in flight get at least half'),
    timeout('retire', 'seconds for requests in flight to finish when their worker is replaced'),
    timeout('disconnect', 'seconds from http.disconnect until tasks that are left are cancelled'),
    timeout('cancel', 'seconds for cancelled tasks to finish'),
    timeout('shutdown', 'seconds for lifespan shutdown'),
    timeout('kill', 'seconds for a process to exit before it is killed', 0.001),
    timeout('disconnectGrace', 'seconds for the application to end a request whose client has ' +
      'gone, before its task is cancelled')
  ]
}
