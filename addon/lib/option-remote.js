/**
 * The option `remote`: where the application runs, if not in processes of this handler.
 */

import { readFileSync } from 'node:fs'

import { InvalidOptionError } from './errors.js'
import { count, invalid, isRecord, oneOf, positiveTime } from './option-checks.js'
import { checkFields, group } from './option-groups.js'
import { namesFlags, optionName, remoteName } from './util/option-name.js'
import { userPath } from './util/user-path.js'

/**
 * One address of the option, which may stand for several endpoints.
 * @typedef {object} Address
 * @property {string} url as it is shown, without credentials
 * @property {boolean} secure
 * @property {string} hostname without brackets; '' for a unix socket
 * @property {number} port
 * @property {string} authority for the host header
 * @property {string} socketPath ''; not a unix socket
 * @property {string} basePath what every path begins with
 */

/**
 * @typedef {object} Ejection
 * @property {number} failures in a row after which an endpoint is out
 * @property {number} min milliseconds of the first time out
 * @property {number} max milliseconds of the longest one
 */

/**
 * @typedef {object} RemoteSettings
 * @property {readonly Address[]} addresses
 * @property {{ context: { ca?: any, cert?: any, key?: any, passphrase?: string },
 *   servername: string | undefined }} tls
 * @property {'client' | 'endpoint'} host which host header the application gets
 * @property {number} connectTimeout milliseconds
 * @property {number} resolveInterval milliseconds
 * @property {string | undefined} healthPath
 * @property {number} healthInterval milliseconds
 * @property {Ejection} eject
 */

/** @typedef {import('./option-groups.js').Option} Option */

const FORM = "an address such as 'http://models:8000', 'https://models' or 'unix:/run/app.sock'"

/**
 * @param {unknown} value
 * @param {string} name
 * @returns {Address}
 */
function parseAddress (value, name) {
  if (value instanceof URL) value = value.href
  if (typeof value !== 'string') return invalid(name, FORM, value)
  const unix = /^unix:(?:\/\/)?(\/.+|~\/.+)$/.exec(value)
  if (unix !== null) {
    return {
      url: value,
      secure: false,
      hostname: '',
      port: 0,
      authority: 'localhost',
      socketPath: userPath(unix[1]),
      basePath: ''
    }
  }
  if (!URL.canParse(value)) return invalid(name, FORM, value)
  const { protocol, hostname, host, port, pathname, search, hash, username } = new URL(value)
  if ((protocol !== 'http:' && protocol !== 'https:') || search !== '' || hash !== '') {
    return invalid(name, `${FORM}, without a query`, value)
  }
  if (username !== '') {
    throw new InvalidOptionError(name, `${optionName(name)} must not contain a user name or a ` +
      'password; send an authorization header with the requests')
  }
  const secure = protocol === 'https:'
  const basePath = pathname.replace(/\/+$/, '')
  return {
    url: `${protocol}//${host}${basePath}`,
    secure,
    hostname: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port) || (secure ? 443 : 80),
    authority: host,
    socketPath: '',
    basePath
  }
}

/** @type {import('./option-checks.js').Check} */
function addresses (value, name) {
  const list = Array.isArray(value)
    ? value
    : typeof value === 'string' ? value.split(',').map((each) => each.trim()) : [value]
  if (list.length === 0) return invalid(name, `${FORM}, or a list of such`, value)
  return Object.freeze(list.map((each) => parseAddress(each, namesFlags() ? name : remoteName())))
}

/** @type {import('./option-checks.js').Check} */
function pem (value, name) {
  if (value === undefined || value instanceof Uint8Array) return value
  if (Array.isArray(value)) return value.map((each) => pem(each, name))
  if (typeof value !== 'string') return invalid(name, 'PEM text, a Buffer or a path', typeof value)
  if (value.includes('-----BEGIN')) return value
  try {
    return readFileSync(userPath(value))
  } catch (error) {
    throw new InvalidOptionError(name, `${optionName(name)} cannot be read: ` +
      /** @type {Error} */ (error).message)
  }
}

/** @type {import('./option-checks.js').Check} */
function text (value, name) {
  if (value === undefined || (typeof value === 'string' && value !== '')) return value
  return invalid(name, 'a non-empty string', typeof value)
}

/** @type {import('./option-checks.js').Check} */
function path (value, name) {
  if (value === undefined || (typeof value === 'string' && /^\/[!-~]*$/.test(value))) return value
  return invalid(name, "a path that starts with '/'", value)
}

const TLS = group({
  ca: { check: pem, initial: undefined },
  cert: { check: pem, initial: undefined },
  key: { check: pem, initial: undefined },
  passphrase: { check: text, initial: undefined },
  servername: { check: text, initial: undefined }
})

/** @type {Option} */
const TLS_PARTS = {
  ...TLS,
  check (value, name) {
    const { servername, ...given } = TLS.check(value, name)
    if ((given.cert === undefined) !== (given.key === undefined)) {
      throw new InvalidOptionError(name, `${optionName(name)} needs cert and key together`)
    }
    const context = Object.fromEntries(
      Object.entries(given).filter(([, each]) => each !== undefined))
    return Object.freeze({ context, servername })
  }
}

const FIELDS = {
  url: { check: addresses, initial: undefined },
  tls: TLS_PARTS,
  host: { check: oneOf('client', 'endpoint'), initial: 'client' },
  connectTimeout: { check: positiveTime, initial: 5000 },
  resolveInterval: { check: positiveTime, initial: 10_000 },
  healthPath: { check: path, initial: undefined },
  healthInterval: { check: positiveTime, initial: 5000 },
  eject: group({
    failures: { check: count(1), initial: 5 },
    min: { check: positiveTime, initial: 100 },
    max: { check: positiveTime, initial: 10_000 }
  })
}

/**
 * Whether a value says nothing, such as what the command line makes of settings that are not given.
 * @param {any} value
 * @returns {boolean}
 */
function isNothing (value) {
  if (value === undefined || value === null || value === '') return true
  return isRecord(value) && Object.values(value).every(isNothing)
}

/**
 * Null: the application runs here. An empty text, as of a variable that is not set, means the same.
 * @type {Option}
 */
export const REMOTE = {
  fields: FIELDS,
  check (value, name) {
    if (isNothing(value)) return null
    const given = isRecord(value) ? value : { url: value }
    if (given.url === undefined) {
      throw new InvalidOptionError(`${name}.url`, `${optionName(`${name}.url`)} is missing: it ` +
        `must be ${FORM}`)
    }
    const { url, ...others } = checkFields(FIELDS, given, `${name}.`)
    return Object.freeze({ addresses: url, ...others })
  },
  initial: undefined
}
