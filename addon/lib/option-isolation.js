/**
 * The option `isolation`: its checks, its defaults, and what the system has to offer for it.
 */

import { loadBinding } from './binding.js'
import { InvalidOptionError } from './errors.js'
import { boolean, count, filePath, integer, invalid, oneOf } from './option-checks.js'
import { group } from './option-groups.js'
import { optionName } from './util/option-name.js'
import { operatingSystem } from './util/operating-system.js'
import { userPath } from './util/user-path.js'

/** @typedef {import('./option-checks.js').Check} Check */
/** @typedef {import('./option-groups.js').Option} Option */

/** The first version of Landlock that protects files from being truncated. */
const LANDLOCK_VERSION = 3

/** A worker needs about twenty descriptors itself. */
const LEAST_FILES = 64

const LARGEST_ID = 2 ** 32 - 2

/**
 * @param {Check} check
 * @returns {Check}
 */
function optional (check) {
  return (value, name) => value === undefined ? undefined : check(value, name)
}

/** @param {unknown} value */
function isId (value) {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= LARGEST_ID
}

/** @type {Check} */
function user (value, name) {
  if (typeof value !== 'string' && !isId(value)) {
    invalid(name, 'the name or number of a user', value)
  }
  const found = loadBinding().findUser(value)
  // A number need not have an entry. Its group has to be given then.
  if (found !== null) return Object.freeze(found)
  if (isId(value)) return Object.freeze({ name: String(value), uid: value })
  throw new InvalidOptionError(name,
    `${optionName(name)} names ${JSON.stringify(value)}, but there is no such user`)
}

/** @type {Check} */
function userGroup (value, name) {
  if (isId(value)) return value
  if (typeof value !== 'string') invalid(name, 'the name or number of a group', value)
  const gid = loadBinding().findGroup(value)
  if (gid !== null) return gid
  throw new InvalidOptionError(name,
    `${optionName(name)} names ${JSON.stringify(value)}, but there is no such group`)
}

/** @type {Check} */
function inheritEnv (value, name) {
  if (typeof value === 'boolean') return value
  if (!Array.isArray(value) || !value.every((each) => typeof each === 'string' && each !== '')) {
    invalid(name, 'true, false or a list of names', value)
  }
  return Object.freeze([...value])
}

/** @type {Check} */
function paths (value, name) {
  if (!Array.isArray(value)) invalid(name, 'a list of paths', value)
  return Object.freeze(value.map((path, i) => userPath(filePath(path, `${name}[${i}]`))))
}

/** @type {Record<string, Option>} */
const FIELDS = {
  profile: { check: oneOf('none', 'strict'), initial: 'none' },
  debug: { check: boolean, initial: false },
  node: { check: boolean, initial: false },
  user: { check: optional(user), initial: undefined },
  group: { check: optional(userGroup), initial: undefined },
  umask: { check: optional(integer(0, 0o777)), initial: undefined },
  noNewPrivileges: { check: optional(boolean), initial: undefined },
  dropCapabilities: { check: optional(boolean), initial: undefined },
  inheritEnv: { check: optional(inheritEnv), initial: undefined },
  allow: group({
    read: { check: paths, initial: () => [] },
    write: { check: paths, initial: () => [] }
  }),
  limits: group({
    memory: { check: count(1), initial: Infinity },
    cpu: { check: count(1), initial: Infinity },
    files: { check: count(LEAST_FILES), initial: Infinity },
    processes: { check: count(1), initial: Infinity },
    core: { check: count(0), initial: Infinity }
  })
}

const fields = group(FIELDS)

/**
 * May be given as the name of a profile.
 * @type {Option}
 */
export const ISOLATION = {
  ...fields,
  check (value, name) {
    const given = typeof value === 'string' ? { profile: value } : value
    const settings = complete(fields.check(given, name), name)
    checkOperatingSystem(settings, name)
    checkSystem(settings, name)
    return settings
  }
}

/**
 * What the profile decides where the options do not.
 * @param {any} given
 * @param {string} name
 * @returns {import('./option-types.js').Isolation}
 */
function complete (given, name) {
  const isStrict = given.profile === 'strict'
  const { user, noNewPrivileges = isStrict, dropCapabilities = isStrict } = given
  if (isStrict && !noNewPrivileges) {
    throw new InvalidOptionError(`${name}.noNewPrivileges`,
      `${optionName(`${name}.noNewPrivileges`)} cannot be false with the profile strict`)
  }
  for (const access of ['read', 'write']) {
    if (isStrict || given.allow[access].length === 0) continue
    throw new InvalidOptionError(`${name}.allow.${access}`,
      `${optionName(`${name}.allow.${access}`)} has no effect without the profile strict ` +
      `(${optionName(`${name}.profile`)}): nothing else forbids files`)
  }
  const gid = given.group ?? user?.gid
  if (user !== undefined && gid === undefined) {
    throw new InvalidOptionError(`${name}.group`,
      `the user ${user.name} is not in /etc/passwd; set ${optionName(`${name}.group`)}, too`)
  }
  const inheritEnv = given.inheritEnv ?? !isStrict
  return Object.freeze({
    ...given, group: gid, noNewPrivileges, dropCapabilities, inheritEnv
  })
}

/**
 * What an operating system does not have cannot be asked of it.
 * @param {import('./option-types.js').Isolation} settings
 * @param {string} name
 * @param {import('./util/operating-system.js').OperatingSystem} [system]
 */
export function checkOperatingSystem (settings, name, system = operatingSystem()) {
  for (const option of system.refuses) {
    /** @type {any} */
    let value = settings
    for (const key of option.split('.')) value = value[key]
    if (value === false || value === 'none' || value === Infinity) continue
    throw new InvalidOptionError(`${name}.${option}`, `${optionName(`${name}.${option}`)} cannot ` +
      `be ${JSON.stringify(value)} on ${system.name}, whose kernel has nothing of the kind; ` +
      'leave it out, or run Node on Linux, for example in a container')
  }
}

/**
 * @param {import('./option-types.js').Isolation} settings
 * @param {string} name
 */
function checkSystem ({ profile, user, group }, name) {
  const [uid, gid] = [process.geteuid?.(), process.getegid?.()]
  for (const [option, wanted, own] of [['user', user?.uid, uid], ['group', group, gid]]) {
    if (wanted === undefined || wanted === own || uid === 0) continue
    throw new InvalidOptionError(`${name}.${option}`, `${optionName(`${name}.${option}`)} needs ` +
      `root: this process runs as user ${uid} and cannot start others as ${option} ${wanted}; ` +
      'run Node as root, or as that user from the start')
  }
  if (profile !== 'strict') return
  const version = loadBinding().landlockVersion()
  if (version >= LANDLOCK_VERSION) return
  throw new InvalidOptionError(`${name}.profile`, 'the profile strict needs version ' +
    `${LANDLOCK_VERSION} of Landlock, and this kernel has ` +
    (version === 0 ? 'none that is enabled' : `version ${version}`) +
    '; use Linux 6.2 or later with Landlock enabled (lsm=landlock,…), or isolate the workers in ' +
    'a container')
}
