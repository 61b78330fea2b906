/** The settings that say what the Python processes may do. */

import { MIB, parseCount, parseCountOrNone, parseList, parseNames, parseUmask, parseUser, seconds }
  from '../values.js'
import { SERVER_COMMANDS } from './setting.js'

const NO_LIMIT = 'no limit'

/** @type {import('./setting.js').Group} */
export const ISOLATION = {
  title: 'Isolation',
  commands: SERVER_COMMANDS,
  settings: [
    {
      flag: '--isolation',
      value: '<profile>',
      about: 'what the Python processes may do; strict lets them read the docroot and the Python ' +
        'environment, and write a temporary directory',
      option: 'isolation.profile',
      choices: ['none', 'strict']
    },
    {
      flag: '--user',
      value: '<user>',
      about: 'user that the Python processes run as (needs root)',
      option: 'isolation.user',
      parse: parseUser
    },
    {
      flag: '--group',
      value: '<group>',
      about: 'group that the Python processes run as',
      option: 'isolation.group',
      initially: 'that of --user',
      parse: parseUser
    },
    {
      flag: '--umask',
      value: '<octal>',
      about: 'permissions that new files of the Python processes do not get',
      option: 'isolation.umask',
      parse: parseUmask
    },
    {
      flag: '--lock-privileges',
      about: 'programs that the application executes gain no privileges',
      option: 'isolation.noNewPrivileges'
    },
    {
      flag: '--drop-capabilities',
      about: 'the Python processes give up all capabilities',
      option: 'isolation.dropCapabilities'
    },
    {
      flag: '--inherit-env',
      value: '<names>',
      about: 'environment variables that the Python processes get in addition to those that the ' +
        'interpreter needs: a list, all or none',
      option: 'isolation.inheritEnv',
      initially: 'all; with --isolation strict: none',
      parse: parseNames
    },
    {
      flag: '--allow-read',
      value: '<paths>',
      about: 'with --isolation strict, more files and directories to read',
      option: 'isolation.allow.read',
      parse: parseList
    },
    {
      flag: '--allow-write',
      value: '<paths>',
      about: 'with --isolation strict, more files and directories to write',
      option: 'isolation.allow.write',
      parse: parseList
    },
    {
      flag: '--limit-memory',
      value: '<MiB>',
      about: 'private memory of each worker',
      option: 'isolation.limits.memory',
      initially: NO_LIMIT,
      unit: MIB,
      parse: (text) => parseCount(text) * MIB
    },
    {
      flag: '--limit-cpu',
      value: '<s>',
      about: 'seconds of CPU time in the life of each worker',
      option: 'isolation.limits.cpu',
      initially: NO_LIMIT,
      unit: 1000,
      parse: seconds(1)
    },
    {
      flag: '--limit-files',
      value: '<n>',
      about: 'open files of each worker',
      option: 'isolation.limits.files',
      initially: NO_LIMIT,
      parse: parseCount
    },
    {
      flag: '--limit-processes',
      value: '<n>',
      about: 'processes and threads of the user of the workers',
      option: 'isolation.limits.processes',
      initially: NO_LIMIT,
      parse: parseCount
    },
    {
      flag: '--limit-core',
      value: '<MiB>',
      about: 'size of core files',
      option: 'isolation.limits.core',
      initially: NO_LIMIT,
      unit: MIB,
      parse: (text) => parseCountOrNone(text) * MIB
    },
    {
      flag: '--allow-debug',
      about: 'let debuggers of the same user attach to the Python processes, and let these write ' +
        'core files',
      option: 'isolation.debug'
    },
    {
      flag: '--protect-node',
      about: 'keep processes of the same user from tracing Node and reading its memory',
      option: 'isolation.node'
    }
  ]
}
