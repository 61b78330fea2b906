/**
 * Decides the value of each setting: a flag overrides a variable of its own, that a variable of
 * other servers, that the configuration file, and that the default.
 */

import { InvalidArgumentError } from 'commander'

import { nameOptionsAsFlags } from '../../util/option-name.js'
import { comesFrom, isOptional, isSwitch, keyOf, variableOf } from './setting.js'
import { SETTINGS, defaultOf, settingsOf, shownDefault } from './table.js'

/** @typedef {import('./setting.js').Setting} Setting */
/** @typedef {import('../command.js').Given} Given */
/** @typedef {import('../command.js').Flags} Flags */
/** @typedef {import('./config-file.js').ConfigFile} ConfigFile */

/**
 * @typedef {object} Sources
 * @property {Record<string, string | undefined>} [environment]
 * @property {ConfigFile | null} [file]
 */

/** @typedef {'flag' | 'variable' | 'shared variable' | 'file' | 'default'} Rank */

/**
 * @typedef {object} Resolved
 * @property {any} value as the parser of the setting returns it
 * @property {string} text as it was given, or what to call the default
 * @property {Rank} rank
 * @property {string} source what has it, for messages: '--port', 'NODE_ASGI_PORT', or
 *   'port in node-asgi.config.js'
 */

/** Words for a switch in a variable. */
const WORDS = new Map([['1', true], ['true', true], ['yes', true], ['on', true],
  ['0', false], ['false', false], ['no', false], ['off', false]])

/** The values of all settings that a command has. */
export class Settings {
  /** @type {Record<string, any>} by key, such as 'timeoutStartup' */
  values = {}

  /** @type {Map<Setting, Resolved>} */
  resolved = new Map()

  /**
   * @param {Flags} flags
   * @param {Sources} sources
   */
  constructor (flags, { environment = process.env, file = null }) {
    this.fail = flags.fail
    this.file = file
    for (const setting of settingsOf(flags.command)) {
      const resolved = this.#resolve(setting, flags, environment)
      this.resolved.set(setting, resolved)
      this.values[keyOf(setting)] = resolved.value
    }
    nameOptionsAsFlags(this.optionNames())
  }

  /**
   * @param {Setting} setting
   * @param {Flags} flags
   * @param {Record<string, string | undefined>} environment
   * @returns {Resolved}
   */
  #resolve (setting, flags, environment) {
    const byFlag = flags.given.get(setting)
    if (byFlag !== undefined) {
      const flag = byFlag === false ? setting.flag.replace('--', '--no-') : setting.flag
      return this.#given(setting, byFlag, 'flag', flag)
    }
    for (const [name, rank] of variablesOf(setting)) {
      const text = environment[name] ?? ''
      if (text === '' || isServiceLink(text)) continue
      return this.#given(setting, this.#fromVariable(setting, name, text), rank, name)
    }
    const key = keyOf(setting)
    if (comesFrom(setting, 'file') && this.file?.values[key] != null) {
      const source = `${key} in ${this.file.name}`
      return this.#given(setting, this.#fromFile(setting, source, this.file.values[key]), 'file',
        source)
    }
    return {
      value: defaultOf(setting), text: shownDefault(setting), rank: 'default', source: 'default'
    }
  }

  /**
   * @param {Setting} setting
   * @param {Given} given
   * @param {Rank} rank
   * @param {string} source
   * @returns {Resolved}
   */
  #given (setting, given, rank, source) {
    // As in "--preload=": see separateValues().
    if (isOptional(setting) && String(given) === '') given = true
    if (typeof given === 'boolean') return { value: given, text: String(given), rank, source }
    let value
    for (const text of given) {
      try {
        value = this.#parse(setting, text, value)
      } catch (error) {
        if (!(error instanceof InvalidArgumentError)) throw error
        const shown = setting.secret ? '' : ` '${text}'`
        this.fail(`${described(setting, source)} cannot be${shown}. ${error.message}`)
      }
    }
    return { value, text: given.join(','), rank, source }
  }

  /**
   * @param {Setting} setting
   * @param {string} text
   * @param {any} before
   */
  #parse ({ choices, parse }, text, before) {
    if (choices !== undefined && !choices.includes(text)) {
      throw new InvalidArgumentError(`It must be one of ${choices.join(', ')}.`)
    }
    return parse === undefined ? text : parse(text, before)
  }

  /**
   * @param {Setting} setting
   * @param {string} name
   * @param {string} text
   * @returns {Given}
   */
  #fromVariable (setting, name, text) {
    const word = WORDS.get(text.toLowerCase())
    if (isSwitch(setting)) {
      return word ?? this.fail(`${name} cannot be '${text}'. It must be true or false.`)
    }
    if (isOptional(setting) && (text === 'true' || text === 'false')) return text === 'true'
    return isMap(setting) ? text.split('\n').filter((line) => line !== '') : [text]
  }

  /**
   * @param {Setting} setting
   * @param {string} source
   * @param {any} value
   * @returns {Given}
   */
  #fromFile (setting, source, value) {
    const refuse = (/** @type {string} */ expected) => this.fail(`${source} must be ${expected}, ` +
      `not ${setting.secret ? 'that' : JSON.stringify(value) ?? typeof value}`)
    if (typeof value === 'boolean') {
      return isSwitch(setting) || isOptional(setting) ? value : refuse('a text or a number')
    }
    if (isSwitch(setting)) return refuse('true or false')
    if (isMap(setting) && Object.getPrototypeOf(Object(value)) === Object.prototype) {
      return Object.entries(value).map(([name, text]) => `${name}=${text}`)
    }
    const items = Array.isArray(value) ? value : [value]
    if (items.every((item) => typeof item === 'string' || typeof item === 'number')) {
      return items.map(String)
    }
    return refuse(isMap(setting) ? 'an object of texts' : 'a text, a number or a list of them')
  }

  /** What messages call each option of the handler: where its value comes from. */
  optionNames () {
    /** @type {Record<string, string>} */
    const names = {}
    for (const { option, flag } of SETTINGS) {
      if (option !== undefined) names[option] = flag
    }
    for (const [{ option }, { rank, source }] of this.resolved) {
      if (option !== undefined && rank !== 'default') names[option] = source
    }
    return names
  }

  /**
   * @param {string} flag
   * @returns {Resolved} of a setting that the command has
   */
  of (flag) {
    for (const [setting, resolved] of this.resolved) {
      if (setting.flag === flag) return resolved
    }
    throw new TypeError(`the command has no setting ${flag}`)
  }

  /** @returns {Record<string, any>} options of PythonHandler; undefined: its default */
  handlerOptions () {
    /** @type {Record<string, any>} */
    const options = {}
    for (const [{ option, initial }, { value, rank }] of this.resolved) {
      if (option === undefined) continue
      const groups = option.split('.')
      const last = /** @type {string} */ (groups.pop())
      let place = options
      for (const group of groups) {
        if (!(group in place)) place[group] = {}
        place = place[group]
      }
      // `workers` has fields only if it is not a number.
      if (Object(place) === place) place[last] = rank === 'default' ? initial : value
    }
    return options
  }
}

/**
 * @param {Setting} setting
 * @returns {[name: string, rank: Rank][]}
 */
function variablesOf (setting) {
  if (!comesFrom(setting, 'variable')) return []
  const { variable } = setting
  /** @type {[string, Rank][]} */
  const names = [[variableOf(setting), 'variable']]
  if (variable !== undefined) names.push([variable, 'shared variable'])
  return names
}

/**
 * Whether a setting is an object in the configuration file.
 * @param {Setting} setting
 */
function isMap ({ value }) {
  return value === '<name=value>'
}

/**
 * Kubernetes describes each service by variables, and one that is called node-asgi gets
 * NODE_ASGI_PORT=tcp://10.0.0.1:80.
 * @param {string} text
 */
export function isServiceLink (text) {
  return /^(tcp|udp|sctp):\/\//.test(text)
}

/**
 * @param {Setting} setting
 * @param {string} source
 */
function described ({ flag, value }, source) {
  return source === flag && value !== undefined && flag !== value ? `${flag} ${value}` : source
}
