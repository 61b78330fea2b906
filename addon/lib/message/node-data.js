/**
 * Encodes what Node says about a request for Python, where it arrives as `scope["state"]["node"]`:
 * one value of msgpack as a field of the head, percent-encoded where it has NUL or '%'. Each
 * character of the text is a byte.
 */

import { InvalidOptionError } from '../errors.js'
import { describe } from '../errors/unknown-key.js'

/**
 * @typedef {object | null | undefined} Data
 * @typedef {Data | ((req: any) => Data | PromiseLike<Data>)} ScopeOption
 */

/** Containers in each other. An object that contains itself has no end. */
const MAX_DEPTH = 32

/** Bytes of msgpack. It is for facts about a request; what is larger belongs in its body. */
const MAX_SIZE = 60_000

const NOT_ASCII = /[^\0-\x7f]/

const RESERVED = /[\0%]/

const EACH_RESERVED = /[\0%]/g

/**
 * @param {unknown} data undefined or null: there is none
 * @returns {string} '' if there is none
 * @throws {InvalidOptionError} with the place of the value that Python cannot get
 */
export function encodeNodeData (data) {
  if (data === undefined || data === null) return ''
  if (typeof data !== 'object' || !isRecord(data)) {
    throw new InvalidOptionError('scope', 'scope must be an object with the data for Python, for ' +
      `example { user: 'ada' }, not ${describe(data)}`)
  }
  const encoder = new Encoder()
  encoder.add(data)
  const { text } = encoder
  if (text.length > MAX_SIZE) throw tooLarge()
  return RESERVED.test(text)
    ? text.replace(EACH_RESERVED, (character) => character === '%' ? '%25' : '%00')
    : text
}

/**
 * Whether it is an object of names and values: also one of a class of the user, but not a Map, an
 * Error or a Promise, of which nothing would be left.
 * @param {object} value
 */
function isRecord (value) {
  return Object.prototype.toString.call(value) === '[object Object]'
}

/** Types whose length is in their code, if it is small. */
const Short = {
  MAP: { code: 0x80, below: 16 },
  ARRAY: { code: 0x90, below: 16 },
  STRING: { code: 0xa0, below: 32 }
}

/** The same with a length of four bytes. */
const Long = { BIN: 0xc6, STRING: 0xdb, ARRAY: 0xdd, MAP: 0xdf }

const number = Buffer.alloc(8)

/**
 * @param {number} code
 * @param {number} size bytes of `number`
 */
function numberText (code, size) {
  return String.fromCharCode(code) + number.toString('latin1', 0, size)
}

/** Writes msgpack (https://github.com/msgpack/msgpack/blob/master/spec.md). */
class Encoder {
  text = ''

  /** @type {Array<string | number>} keys and indices of the value that is being added */
  #path = []

  /** @param {unknown} value */
  add (value) {
    switch (typeof value) {
      case 'undefined':
        this.text += '\xc0'
        break
      case 'boolean':
        this.text += value ? '\xc3' : '\xc2'
        break
      case 'number':
        this.#addNumber(value)
        break
      case 'bigint':
        this.#addBigInt(value)
        break
      case 'string':
        this.#addString(value)
        break
      case 'object':
        this.#addObject(value)
        break
      default:
        this.#refuse(`is a ${typeof value}`)
    }
  }

  /** @param {number} value */
  #addNumber (value) {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
      number.writeDoubleBE(value)
      this.text += numberText(0xcb, 8)
    } else if (value >= 0 && value < 128) {
      this.text += String.fromCharCode(value)
    } else if (value >= -(2 ** 31) && value < 2 ** 31) {
      number.writeInt32BE(value)
      this.text += numberText(0xd2, 4)
    } else {
      this.#addBigInt(BigInt(value))
    }
  }

  /** @param {bigint} value */
  #addBigInt (value) {
    if (BigInt.asIntN(64, value) === value) {
      number.writeBigInt64BE(value)
      this.text += numberText(0xd3, 8)
    } else if (BigInt.asUintN(64, value) === value) {
      number.writeBigUInt64BE(value)
      this.text += numberText(0xcf, 8)
    } else {
      this.#refuse('is a BigInt of more than 64 bits; pass it as a string')
    }
  }

  /** @param {string} value */
  #addString (value) {
    const bytes = NOT_ASCII.test(value) ? Buffer.from(value).toString('latin1') : value
    this.#addLength(Short.STRING, Long.STRING, bytes.length)
    this.text += bytes
  }

  /** @param {object | null} value */
  #addObject (value) {
    if (value === null) {
      this.text += '\xc0'
    } else if (ArrayBuffer.isView(value)) {
      const { buffer, byteOffset, byteLength } = value
      this.#addLength(null, Long.BIN, byteLength)
      this.text += Buffer.from(/** @type {ArrayBuffer} */ (buffer), byteOffset, byteLength)
        .toString('latin1')
    } else if ('toJSON' in value && typeof value.toJSON === 'function') {
      // As JSON.stringify() does: a Date becomes text, a document of Mongoose its fields.
      const plain = value.toJSON()
      if (typeof plain === 'object' && plain !== null) this.#addContainer(plain)
      else this.add(plain)
    } else {
      this.#addContainer(value)
    }
  }

  /** @param {object} value */
  #addContainer (value) {
    if (this.#path.length === MAX_DEPTH) {
      this.#refuse(`is deeper than ${MAX_DEPTH} levels, or part of itself`)
    } else if (Array.isArray(value)) {
      const { length } = value
      this.#addLength(Short.ARRAY, Long.ARRAY, length)
      for (let i = 0; i < length; i++) this.#addItem(i, value[i])
    } else if (isRecord(value)) {
      const entries = Object.entries(value)
      this.#addLength(Short.MAP, Long.MAP, entries.length)
      for (const [key, item] of entries) {
        this.#addString(key)
        this.#addItem(key, item)
      }
    } else {
      this.#refuse(`is a ${Object.prototype.toString.call(value).slice(8, -1)}`)
    }
  }

  /**
   * @param {string | number} key
   * @param {unknown} item
   */
  #addItem (key, item) {
    this.#path.push(key)
    this.add(item)
    this.#path.pop()
  }

  /**
   * @param {{ code: number, below: number } | null} short form, if the type has one
   * @param {number} long code of the form with a length of four bytes
   * @param {number} length
   */
  #addLength (short, long, length) {
    // An object with everything in it should not be walked to its end.
    if (this.text.length + length > MAX_SIZE) throw tooLarge()
    if (short !== null && length < short.below) {
      this.text += String.fromCharCode(short.code | length)
      return
    }
    number.writeUInt32BE(length)
    this.text += numberText(long, 4)
  }

  /**
   * @param {string} problem
   * @returns {never}
   */
  #refuse (problem) {
    const place = this.#path.map((key) => typeof key === 'number' ? `[${key}]` : `.${key}`).join('')
    throw new InvalidOptionError('scope', `scope${place} ${problem}; Python can get strings, ` +
      'numbers, booleans, null, bytes, arrays and objects of these')
  }
}

function tooLarge () {
  return new InvalidOptionError('scope', `scope takes more than ${MAX_SIZE} bytes; it travels ` +
    'with the head of the request, so pass only what identifies the data, or send it in the body')
}
