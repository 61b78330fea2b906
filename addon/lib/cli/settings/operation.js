/** The settings of development and output, and those that say where settings come from. */

import { isDebugAddress } from '../../option-debug.js'
import { ACCESS_LOG_FORMATS } from '../access-log.js'
import { LOG_LEVELS } from '../logger.js'
import {
  isPlace, parseDebugAddress, parseExtensions, parseFolders, parseList, parsePlace, seconds
} from '../values.js'
import { APP_COMMANDS, FLAG_ONLY, SERVER_COMMANDS } from './setting.js'

/** @type {import('./setting.js').Group} */
export const DEVELOPMENT = {
  title: 'Development',
  commands: SERVER_COMMANDS,
  settings: [
    {
      flag: '--reload',
      about: 'reload the application when its files change (for development)',
      brief: 'reload the application when its files change',
      initial: false
    },
    {
      flag: '--reload-dir',
      value: '<dir>',
      about: 'directory to watch instead of the docroot; may be repeated',
      parse: parseFolders,
      completes: 'folder'
    },
    {
      flag: '--reload-ext',
      value: '<list>',
      about: 'extensions of the files to watch',
      initially: 'py',
      parse: parseExtensions
    },
    {
      flag: '--reload-exclude',
      value: '<list>',
      about: 'files and folders not to watch, as patterns such as tests, *.gen.py or data/**',
      parse: parseList
    },
    {
      flag: '--reload-poll',
      value: '[s]',
      about: 'look at the files every so many seconds, instead of being told by the system: for ' +
        'folders that a virtual machine or another host shares (1 without a number)',
      parse: seconds(0.05)
    },
    {
      flag: '--debug',
      value: '[address]',
      about: 'debug the application: one worker, which has the terminal, so that breakpoint() ' +
        'works, and no time limits; with a port, or host:port, debugpy listens there for an editor',
      brief: 'breakpoint() works, or an editor attaches at a port',
      option: 'debug',
      parse: parseDebugAddress,
      isValue: isDebugAddress
    }
  ]
}

/** @type {import('./setting.js').Group} */
export const OUTPUT = {
  title: 'Output',
  commands: SERVER_COMMANDS,
  settings: [
    {
      flag: '--access-log',
      value: '[format]',
      about: 'print a line for each request; common without a format',
      brief: 'print a line for each request',
      choices: ACCESS_LOG_FORMATS
    },
    {
      flag: '--pid-file',
      value: '<file>',
      about: 'file to write the process id to while the server runs',
      completes: 'file'
    },
    {
      flag: '--log-level',
      value: '<level>',
      about: 'least severe messages to print',
      brief: `least severe messages: ${LOG_LEVELS.join(', ')}`,
      choices: LOG_LEVELS,
      initial: 'info'
    }
  ]
}

const PLACES = 'host:port, a port of 127.0.0.1, or a path of the server'

/** @type {import('./setting.js').Group} */
export const MONITORING = {
  title: 'Monitoring',
  commands: SERVER_COMMANDS,
  settings: [
    {
      flag: '--metrics',
      value: '[place]',
      about: `metrics for Prometheus (needs prom-client): ${PLACES} such as /metrics; without a ` +
        'place on 127.0.0.1:9464',
      parse: parsePlace,
      isValue: isPlace
    },
    {
      flag: '--health',
      value: '[place]',
      about: `/livez and /readyz for orchestrators: ${PLACES} such as / or /internal; without a ` +
        'place on 127.0.0.1:9464',
      parse: parsePlace,
      isValue: isPlace
    },
    {
      flag: '--dashboard',
      value: '[place]',
      about: `a dashboard: ${PLACES} such as /dashboard; without a place on ` +
        '127.0.0.1:9464/dashboard/',
      brief: 'a dashboard on http://127.0.0.1:9464/dashboard/',
      parse: parsePlace,
      isValue: isPlace
    },
    {
      flag: '--dashboard-token',
      value: '<token>',
      about: 'open the dashboard to whoever has this token, and only to them; better in its ' +
        'variable, because all users of a machine can read the arguments of a program',
      option: 'dashboard.token',
      secret: true
    },
    {
      flag: '--stop-delay',
      value: '<s>',
      about: 'seconds after the signal to stop in which /readyz says so and requests are still ' +
        'taken, for load balancers to notice',
      initial: 0,
      unit: 1000,
      parse: seconds(0)
    }
  ]
}

/** @type {import('./setting.js').Group} */
export const ORIGIN = {
  title: 'Settings',
  commands: APP_COMMANDS,
  settings: [
    {
      flag: '--config',
      value: '<file>',
      about: 'configuration file to read',
      brief: 'configuration file (default: node-asgi.config.*)',
      initially: 'node-asgi.config.js, .mjs, .ts or .json in the working directory',
      sources: ['flag', 'variable'],
      completes: 'file'
    },
    {
      flag: '--env-file',
      value: '<file>',
      about: 'file with environment variables, for these settings and for the application; those ' +
        'that are already set win; may be repeated',
      sources: ['flag', 'variable'],
      parse: (text, before = []) => [...before, text],
      completes: 'file'
    },
    {
      flag: '--print-config',
      about: 'print every setting, its value and where that comes from, and exit',
      brief: 'print all settings and where they come from',
      sources: FLAG_ONLY
    }
  ]
}
