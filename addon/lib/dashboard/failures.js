/** Failures that differ, and characters of each text. */
const MAX_FAILURES = 50
const MAX_TEXT = 40_000
const MAX_TITLE = 300

/** The last line of a traceback, and where the exception was raised. */
const EXCEPTION = /^([A-Za-z_][\w.]*)(?::|$)/
const PLACE = /^ {2}File ".*", line \d+/

/**
 * @typedef {object} Failure
 * @property {string} what in one line
 * @property {string} text traceback or message
 * @property {string} request method and path, or ''
 * @property {number} worker 0: none
 * @property {number} pid
 */

/** What has failed last. Failures of the same kind are counted. */
export class Failures {
  /** @type {Map<string, Failure & { id: number, count: number, first: number, last: number }>} */
  #found = new Map()

  #lastId = 0

  /**
   * @param {Failure} failure
   * @param {number} time milliseconds since 1970
   */
  add (failure, time) {
    const what = failure.what.slice(0, MAX_TITLE)
    const text = cut(failure.text)
    const key = kindOf(what, text)
    const before = this.#found.get(key)
    // The last one is the newest.
    this.#found.delete(key)
    this.#found.set(key, {
      ...failure,
      what,
      text,
      request: failure.request.slice(0, MAX_TITLE),
      id: before?.id ?? ++this.#lastId,
      count: (before?.count ?? 0) + 1,
      first: before?.first ?? time,
      last: time
    })
    if (this.#found.size > MAX_FAILURES) {
      this.#found.delete(/** @type {string} */ (this.#found.keys().next().value))
    }
  }

  /** The newest first, without their texts. */
  list () {
    return [...this.#found.values()].reverse().map(({ text, ...failure }) => failure)
  }

  /** @param {number} id */
  textOf (id) {
    for (const failure of this.#found.values()) if (failure.id === id) return failure.text
    return null
  }
}

/**
 * The exception that a traceback is about, in one line.
 * @param {string} text
 * @returns {string | null} null: there is no traceback in it
 */
export function exceptionOf (text) {
  if (!text.includes('Traceback (most recent call last)')) return null
  const lines = text.trimEnd().split('\n')
  // A message may have further lines.
  return lines.reverse().find((line) => EXCEPTION.test(line)) ?? null
}

/**
 * Messages differ where failures are the same, so the exception and its place decide.
 * @param {string} what
 * @param {string} text
 */
function kindOf (what, text) {
  const exception = exceptionOf(text)
  if (exception === null) return what.replace(/\d+/g, '#')
  const place = text.split('\n').reverse().find((line) => PLACE.test(line))
  return `${EXCEPTION.exec(exception)?.[1]} ${place}`
}

/** @param {string} text the end of a traceback is what matters most */
function cut (text) {
  if (text.length <= MAX_TEXT) return text
  const half = MAX_TEXT / 2
  return `${text.slice(0, half)}\n… ${text.length - MAX_TEXT} characters left out …\n` +
    text.slice(-half)
}
