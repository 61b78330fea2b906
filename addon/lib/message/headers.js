/**
 * HTTP headers: an ordered list in which a name may occur more than once.
 */

import { InvalidRequestError } from '../errors.js'
import { describe } from '../errors/unknown-key.js'

/** @typedef {string | string[]} HeaderValue */

/**
 * @typedef {Headers | globalThis.Headers | Iterable<[string, string]> | string[] |
 *   Record<string, HeaderValue | number>} HeadersInit
 */

/** @type {(headers: Headers, joined: string) => void} */
let setJoined

/** @type {(headers: Headers) => string[]} */
let listOf

/** types/http.d.ts declares it for users. */
export class Headers {
  /**
   * Names and values in turn, the names in lower case. Null: not parsed yet.
   * @type {string[] | null}
   */
  #list = null

  /**
   * What a worker sent: "name\0value\0name\0value".
   * @type {string}
   */
  #joined = ''

  static {
    setJoined = (headers, joined) => { headers.#joined = joined }
    listOf = (headers) => headers.#pairs()
  }

  /** @param {HeadersInit | null} [init] */
  constructor (init) {
    if (init === undefined || init === null) return
    this.#list = []
    eachHeader(init, this)
  }

  #pairs () {
    this.#list ??= splitJoined(this.#joined)
    return this.#list
  }

  /**
   * @param {string} name
   * @returns {string | null}
   */
  get (name) {
    const list = this.#pairs()
    const key = keyOf(name)
    for (let i = list.length - 2; i >= 0; i -= 2) {
      if (list[i] === key) return list[i + 1]
    }
    return null
  }

  /**
   * @param {string} name
   * @returns {string[]}
   */
  getAll (name) {
    const list = this.#pairs()
    const key = keyOf(name)
    const values = []
    for (let i = 0; i < list.length; i += 2) {
      if (list[i] === key) values.push(list[i + 1])
    }
    return values
  }

  /**
   * @param {string} name
   * @returns {string | null}
   */
  getLine (name) {
    const values = this.getAll(name)
    return values.length === 0 ? null : values.join(',')
  }

  /** @returns {string[]} */
  getSetCookie () {
    return this.getAll('set-cookie')
  }

  /**
   * @param {string} name
   * @returns {boolean}
   */
  has (name) {
    return this.get(name) !== null
  }

  /**
   * @param {string} name
   * @param {HeaderValue | number} value
   * @returns {boolean} true
   */
  set (name, value) {
    this.delete(name)
    if (!Array.isArray(value)) return this.add(name, value)
    for (const item of value) this.add(name, item)
    return true
  }

  /**
   * @param {string} name
   * @param {string | number} value
   * @returns {boolean} true
   */
  add (name, value) {
    this.#pairs().push(keyOf(name), headerValue(name, value))
    return true
  }

  /**
   * @param {string} name
   * @param {string | number} value
   */
  append (name, value) {
    this.add(name, value)
  }

  /**
   * @param {string} name
   * @returns {boolean}
   */
  delete (name) {
    const list = this.#pairs()
    const key = keyOf(name)
    let kept = 0
    for (let i = 0; i < list.length; i += 2) {
      if (list[i] === key) continue
      list[kept++] = list[i]
      list[kept++] = list[i + 1]
    }
    const found = kept < list.length
    list.length = kept
    return found
  }

  clear () {
    this.#list = []
  }

  get size () {
    return this.#pairs().length / 2
  }

  /** @returns {Array<[string, string]>} */
  entries () {
    const list = this.#pairs()
    /** @type {Array<[string, string]>} */
    const entries = []
    for (let i = 0; i < list.length; i += 2) entries.push([list[i], list[i + 1]])
    return entries
  }

  /** @returns {string[]} */
  keys () {
    return [...new Set(this.#pairs().filter((_, i) => i % 2 === 0))]
  }

  /** @returns {string[]} */
  values () {
    return this.#pairs().filter((_, i) => i % 2 === 1)
  }

  [Symbol.iterator] () {
    return this.entries()[Symbol.iterator]()
  }

  /** @param {(value: string, name: string, headers: this) => void} callback */
  forEach (callback) {
    for (const [name, value] of this.entries()) callback(value, name, this)
  }

  /** @returns {Record<string, HeaderValue>} */
  toJSON () {
    // Unlike an assignment, this makes even __proto__ an ordinary property.
    return Object.fromEntries(this.keys().map((name) => {
      const values = this.getAll(name)
      return [name, values.length === 1 ? values[0] : values]
    }))
  }

  /**
   * @param {number} depth
   * @param {object} options
   * @param {(value: unknown, options: object) => string} inspect
   */
  [Symbol.for('nodejs.util.inspect.custom')] (depth, options, inspect) {
    return `Headers ${inspect(this.toJSON(), options)}`
  }
}

/**
 * @param {string} joined "name\0value\0name\0value", names in lower case
 * @returns {string[]} names and values in turn
 */
export function splitJoined (joined) {
  return joined === '' ? [] : joined.split('\0')
}

/**
 * @param {readonly string[]} list names and values in turn
 * @returns {Record<string, string[]>} values by name; it has no prototype, since a name may be
 *   __proto__ or constructor
 */
export function groupByName (list) {
  const values = Object.create(null)
  for (let i = 0; i < list.length; i += 2) (values[list[i]] ??= []).push(list[i + 1])
  return values
}

/**
 * @param {string} joined see splitJoined
 * @returns {Headers}
 */
export function parseJoined (joined) {
  const headers = new Headers()
  setJoined(headers, joined)
  return headers
}

/**
 * A header of a request that arrived over HTTP. Middleware may have set it to a list or a number.
 * @param {Record<string, unknown>} headers
 * @param {string} name
 * @returns {string | undefined}
 */
export function headerText (headers, name) {
  const value = headers[name]
  return value === undefined || value === null ? undefined : String(value)
}

/**
 * @param {unknown} name
 * @param {string} why
 */
export function invalidHeader (name, why) {
  return new InvalidRequestError('ERR_INVALID_HEADER',
    `invalid header ${typeof name === 'string' ? name : describe(name)}: ${why}`)
}

/**
 * @param {string} name
 * @param {unknown} value
 * @returns {string}
 */
export function headerValue (name, value) {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return String(value)
  throw invalidHeader(name, 'the value of a header must be a string, a number or an array of them')
}

/**
 * @param {unknown} name
 * @returns {string} in lower case
 */
function keyOf (name) {
  if (typeof name === 'string') return name.toLowerCase()
  throw invalidHeader(name, 'the name of a header must be a string')
}

/** @typedef {{ add: (name: any, value: any) => unknown }} HeaderSink checks what it gets */

const OBJECT = '[object Object]'

/**
 * Adds the names and values of every accepted form to the sink, in order.
 * @param {HeadersInit} init
 * @param {HeaderSink} sink
 */
export function eachHeader (init, sink) {
  if (init instanceof Headers) {
    eachFlat(listOf(init), sink)
  } else if (typeof init !== 'object' || init === null) {
    throw invalidHeader('list', 'headers must be an object, an array or a Headers')
  } else if (Array.isArray(init) && !Array.isArray(init[0])) {
    eachFlat(/** @type {string[]} */ (init), sink)
  } else if (typeof (/** @type {any} */ (init)[Symbol.iterator]) === 'function') {
    for (const pair of /** @type {Iterable<[string, string]>} */ (init)) {
      if (!Array.isArray(pair) || pair.length !== 2) {
        throw invalidHeader('list',
          `it must have arrays of a name and a value, not ${Array.isArray(pair)
            ? `an array of ${pair.length}`
            : describe(pair)}`)
      }
      eachValue(pair[0], pair[1], sink)
    }
  } else {
    const record = /** @type {Record<string, HeaderValue>} */ (init)
    let isEmpty = true
    for (const name in record) {
      if (!Object.hasOwn(record, name)) continue
      isEmpty = false
      eachValue(name, record[name], sink)
    }
    // A promise, for example.
    const tag = isEmpty ? Object.prototype.toString.call(init) : OBJECT
    if (tag !== OBJECT) throw invalidHeader('list', `there are no headers in ${tag}`)
  }
}

/**
 * @param {string[]} list
 * @param {HeaderSink} sink
 */
function eachFlat (list, sink) {
  if (list.length % 2 !== 0) {
    throw invalidHeader('list', 'a flat array must have a value for each name')
  }
  for (let i = 0; i < list.length; i += 2) sink.add(list[i], list[i + 1])
}

/**
 * @param {string} name
 * @param {HeaderValue | number} value
 * @param {HeaderSink} sink
 */
function eachValue (name, value, sink) {
  if (!Array.isArray(value)) sink.add(name, value)
  else for (const item of value) sink.add(name, item)
}
