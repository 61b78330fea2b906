/** The settings that say which application is meant, and how it is run. */

import { defaultOption, optionChoices } from '../../options.js'
import { parseCount, parseVariable } from '../values.js'
import { APP_COMMANDS, SERVER_COMMANDS } from './setting.js'

/** @type {import('./setting.js').Group} */
export const APPLICATION = {
  title: 'Application',
  commands: APP_COMMANDS,
  settings: [
    {
      flag: '[app]',
      about: 'the application, as module:attribute; module alone is short for module:app, and ' +
        'module:factory() calls the function factory',
      brief: 'the application: module:attribute, or module:factory()',
      option: 'appTarget',
      initial: defaultOption('appTarget')
    },
    {
      flag: '--docroot',
      value: '<dir>',
      about: 'directory that the application is imported from and runs in',
      brief: 'directory of the application',
      option: 'docroot',
      initial: '.',
      completes: 'folder'
    },
    {
      flag: '--python',
      value: '<path>',
      about: 'Python interpreter, environment, or version such as 3.12 or ">=3.11"',
      brief: 'interpreter, environment, or version like 3.12',
      option: 'python',
      initially: 'VIRTUAL_ENV, CONDA_PREFIX, .venv, or python3 on PATH',
      completes: 'file'
    },
    {
      flag: '--factory',
      about: 'app names a function without arguments that returns the application',
      option: 'factory'
    },
    {
      flag: '--interface',
      value: '<name>',
      about: 'interface of the application',
      option: 'interface',
      choices: optionChoices('interface')
    },
    {
      flag: '--threads',
      value: '<n>',
      about: 'threads of each worker for a WSGI application',
      option: 'threads',
      parse: parseCount
    },
    {
      flag: '--env',
      value: '<name=value>',
      about: 'environment variable for the Python processes; may be repeated (the variable ' +
        'NODE_ASGI_ENV has one on each line)',
      option: 'env',
      parse: parseVariable,
      secret: true
    },
    {
      flag: '--lifespan',
      value: '<mode>',
      about: 'whether to send lifespan events; types and routes send none unless this says so',
      option: 'lifespan',
      choices: optionChoices('lifespan')
    },
    {
      flag: '--root-path',
      value: '<path>',
      about: 'root_path of the ASGI scopes: the prefix that the application is served under',
      option: 'rootPath',
      commands: SERVER_COMMANDS
    },
    {
      flag: '--loop',
      value: '<name>',
      about: 'event loop of the workers',
      option: 'loop',
      choices: optionChoices('loop'),
      commands: SERVER_COMMANDS
    }
  ]
}
