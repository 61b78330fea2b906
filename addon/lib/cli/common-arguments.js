/**
 * What the commands have in common: how they are made, and the arguments that say which application
 * is meant and how it is run.
 */

import { readFileSync } from 'node:fs'

import { Command, CommanderError, Option } from 'commander'

import { defaultOption, optionChoices } from '../options.js'
import { FLAGS } from './flags.js'
import { parseCount, parseVariable, seconds } from './values.js'

/** There is nothing to do: wrong usage, or --help. The explanation has been printed already. */
export class UsageError extends Error {
  /** @param {number} exitCode */
  constructor (exitCode) {
    super('nothing to do')
    this.exitCode = exitCode
  }
}

/**
 * @param {string} name as the user types it
 * @param {string} description
 */
export function newCommand (name, description) {
  const { version } = JSON.parse(
    readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'))
  return new Command(name)
    .description(description)
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .exitOverride()
    .showHelpAfterError(`(${name} --help lists the options)`)
}

/**
 * The default of an option of the handler, for the help.
 * @param {string} name
 * @param {number} [unit]
 */
export function by (name, unit = 1) {
  const value = defaultOption(name)
  return ` (default: ${typeof value === 'number' ? value / unit : value})`
}

/** @param {string} name of an option that is a time */
export function inSeconds (name) {
  return by(name, 1000)
}

/** @param {Command} command */
export function addApplication (command) {
  return command
    .argument('[app]', 'the application, as module:attribute; module alone is short for ' +
      'module:app, and module:factory() calls the function factory', defaultOption('appTarget'))
    .option('--docroot <dir>', 'directory that the application is imported from and runs in', '.')
    .option('--python <path>', 'Python interpreter, environment, or version such as 3.12 or ' +
      '">=3.11" (default: VIRTUAL_ENV, CONDA_PREFIX, .venv, or python3 on PATH)')
}

/** @param {Command} command */
export function addDetails (command) {
  return command
    .addOption(new Option('--interface <name>', 'interface of the application')
      .choices(optionChoices('interface')).default(defaultOption('interface')))
    .option('--threads <n>', `threads of each worker for a WSGI application${by('threads')}`,
      parseCount)
    .option('--factory', 'app names a function without arguments that returns the application',
      false)
    .option('--env <name=value>', 'environment variable for the Python processes; may be ' +
      'repeated', parseVariable)
}

/** @param {string} mode the default */
export function lifespanOption (mode) {
  return new Option('--lifespan <mode>', 'whether to send lifespan events')
    .choices(optionChoices('lifespan')).default(mode)
}

export function startupTimeOption () {
  return new Option('--timeout-startup <s>', 'seconds for a worker to import and start the ' +
    `application${inSeconds('timeouts.startup')}`).argParser(seconds(0.001))
}

/**
 * @param {Command} command
 * @param {string[]} argv
 * @param {((command: Command) => void)[]} [checks] of the arguments together
 * @throws {UsageError}
 */
export function parse (command, argv, checks = []) {
  try {
    command.parse(argv, { from: 'user' })
    for (const check of checks) check(command)
  } catch (error) {
    if (error instanceof CommanderError) throw new UsageError(error.exitCode === 0 ? 0 : 2)
    throw error
  }
}

/**
 * @param {Command} command that has been parsed
 * @returns {Record<string, any>} options of PythonHandler; undefined where the default applies
 */
export function handlerOptions (command) {
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
