/**
 * The commands as commander sees them: their flags and their help, made from the table of settings.
 */

import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'

import { isArgument, isOptional, isSwitch, comesFrom, keyOf } from './settings/setting.js'
import { groupsOf, settingsOf, shownDefault } from './settings/table.js'

/** @typedef {import('./settings/setting.js').Setting} Setting */

/** There is nothing to do: wrong usage, or --help. The explanation has been printed already. */
export class UsageError extends Error {
  /** @param {number} exitCode */
  constructor (exitCode) {
    super('nothing to do')
    this.exitCode = exitCode
  }
}

const SIGNALS = `
Signals:
  SIGTERM, SIGINT   finish the requests in flight, then stop; a second one stops at once
  SIGHUP            reload the application; old workers finish the requests they have
  SIGTTIN, SIGTTOU  one worker more, one worker fewer`

/** @type {Record<string, { about: string, after?: string }>} */
export const COMMANDS = {
  serve: {
    about: 'Serves a Python ASGI application over HTTP and WebSocket with Python workers.',
    after: SIGNALS
  },
  check: {
    about: 'Checks what node-asgi would serve, and the machine, without serving anything: ' +
      'interpreter, packages, application, lifespan, address and limits. Takes the options of ' +
      'serve. Exits with 1 if something would fail.'
  },
  routes: {
    about: 'Lists the routes of an application of FastAPI, Starlette, Litestar, Django, ' +
      'Channels, Quart or Flask.'
  },
  completion: {
    about: 'Writes the script with which a shell completes the options of node-asgi. For bash: ' +
      'eval "$(node-asgi completion bash)" in ~/.bashrc; for zsh: the same in ~/.zshrc, after ' +
      'compinit; for fish: node-asgi completion fish > ~/.config/fish/completions/node-asgi.fish'
  },
  types: {
    about: 'Writes the TypeScript types of the API that a Python application serves: its OpenAPI ' +
      'document, as openapi-typescript translates it.'
  }
}

/** For the help of `serve`, which is the help of node-asgi. */
const LIST = `
Commands:
  serve [app]   what is described here; the word serve may be left out
  check [app]   find out what would go wrong, without serving anything
  routes [app]  list what the application offers
  types [app]   write the TypeScript types of the API
  completion    complete the options of node-asgi in bash, zsh or fish`

const SHORT_LIST = `
Commands: serve (default), check, routes, types, completion; each has its --help`

/** The options that print something and do nothing else. */
export const HELP = [
  ['-h, --help', 'print the most used options'],
  ['--help-all', 'print every option'],
  ['-V, --version', 'print the versions of everything']
]

/**
 * Texts in the order in which they were given; true or false for a switch, and true for a setting
 * without its optional value.
 * @typedef {string[] | boolean} Given
 */

/**
 * What the arguments say.
 * @typedef {object} Flags
 * @property {string} command its name
 * @property {Map<Setting, Given>} given
 * @property {boolean} version whether --version is among them
 * @property {(message: string) => never} fail prints what is wrong, and throws a UsageError
 */

/**
 * @param {string} name of COMMANDS
 * @param {boolean} [brief] whether its help lists the most used settings only
 * @returns {Command}
 */
export function defineCommand (name, brief = false) {
  const { about, after = '' } = COMMANDS[name]
  const typed = name === 'serve' ? 'node-asgi' : `node-asgi ${name}`
  const command = new Command(typed)
    .description(about)
    .exitOverride()
    .showHelpAfterError(`(${typed} --help lists the options)`)
    .helpOption(false)
  if (name === 'serve') command.addHelpText('after', brief ? SHORT_LIST : LIST)
  if (!brief) command.addHelpText('after', after)
  for (const { title, settings } of groupsOf(name)) {
    for (const setting of settings) define(command, setting, brief ? undefined : `${title}:`)
  }
  for (const [names, description] of HELP) {
    const option = new Option(names, description)
    command.addOption(brief ? option.hideHelp(!names.includes('all')) : option.helpGroup('Help:'))
  }
  return command
}

/**
 * @param {Setting} setting
 * @returns {string} what --help-all says about it
 */
function explained (setting) {
  const { about, choices, variable } = setting
  const initially = shownDefault(setting)
  const notes = [
    choices === undefined ? '' : `choices: ${choices.join(', ')}`,
    initially === '' ? '' : `default: ${initially}`,
    variable === undefined ? '' : `variable: ${variable}`
  ].filter((note) => note !== '').join(', ')
  return notes === '' ? about : `${about} (${notes})`
}

/**
 * @param {Command} command
 * @param {Setting} setting
 * @param {string | undefined} heading undefined: for the brief help
 */
function define (command, setting, heading) {
  const { flag, short, value, brief } = setting
  if (!comesFrom(setting, 'flag')) return
  const about = heading === undefined ? brief ?? '' : explained(setting)
  if (isArgument(setting)) {
    command.argument(flag, about)
    return
  }
  const names = (short === undefined ? '' : `${short}, `) + flag
  const option = new Option(value === undefined ? names : `${names} ${value}`, about)
  if (heading !== undefined) option.helpGroup(heading)
  else option.hideHelp(brief === undefined)
  if (!isSwitch(setting)) {
    // `before` is true after the flag without a value, and false after that with --no-.
    option.argParser((/** @type {string} */ text, /** @type {any} */ before) =>
      [...Array.isArray(before) ? before : [], text])
  }
  command.addOption(option)
  if ((isSwitch(setting) || isOptional(setting)) && comesFrom(setting, 'variable')) {
    // To undo what a variable or the configuration file says.
    command.addOption(new Option(flag.replace('--', '--no-')).hideHelp())
  }
}

/**
 * @param {string} name of COMMANDS
 * @param {string[]} argv without node, the script and the command
 * @returns {Flags}
 * @throws {UsageError}
 */
export function readFlags (name, argv) {
  const command = defineCommand(name)
  const settings = settingsOf(name)
  /** @type {(message: string) => never} */
  const fail = (message) => usage(() => command.error(`error: ${message}`))
  usage(() => command.parse(separateValues(settings, argv), { from: 'user' }))
  const values = command.opts()
  if (values.helpAll) usage(() => command.help())
  if (values.help) usage(() => defineCommand(name, true).help())
  /** @type {Map<Setting, Given>} */
  const given = new Map()
  for (const setting of settings) {
    const value = isArgument(setting)
      ? command.args.length > 0 ? [command.args[0]] : undefined
      : values[keyOf(setting)]
    if (value !== undefined) given.set(setting, value)
  }
  return { command: name, given, version: values.version === true, fail }
}

/**
 * @template T
 * @param {() => T} action of commander
 * @returns {T}
 * @throws {UsageError} when commander would end the process
 */
function usage (action) {
  try {
    return action()
  } catch (error) {
    if (error instanceof CommanderError) throw new UsageError(error.exitCode === 0 ? 0 : 2)
    throw error
  }
}

/**
 * In "--preload main:app" the second word is the application, because the name of a module contains
 * no colon, and in "--debug main" because it is not an address. So a value that may be left out is
 * separated from what is no such value.
 * @param {Setting[]} settings
 * @param {string[]} argv
 */
function separateValues (settings, argv) {
  const optional = new Map(settings.filter(isOptional).map((setting) => [setting.flag, setting]))
  return argv.map((word, i) => {
    const setting = optional.get(word)
    const next = argv[i + 1]
    if (setting === undefined || next === undefined) return word
    const isValue = setting.isValue?.(next) ?? setting.choices?.includes(next) ??
      (!next.includes(':') && canParse(setting, next))
    return isValue || next.startsWith('-') ? word : `${word}=`
  })
}

/**
 * @param {Setting} setting
 * @param {string} word
 */
function canParse ({ parse }, word) {
  try {
    parse?.(word)
    return true
  } catch (error) {
    if (error instanceof InvalidArgumentError) return false
    throw error
  }
}
