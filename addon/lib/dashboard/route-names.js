/** Groups paths, so that there are few groups however many paths clients think of. */

/** Paths whose group is known without another look. */
const MAX_KNOWN = 2000

/** Characters, and segments, of a path without a template. */
const MAX_NAME = 120
const MAX_SEGMENTS = 8

const NOT_FOUND = '(not found)'

const PARAMETER = /^([^{]*)\{[^{}:]*(?::(\w+))?\}([^{}]*)$/
const NUMBER = /^\d+$/
const HEXADECIMAL = /^(?=.*\d)[\da-f-]{8,}$/i

/** A token, an address or a text rather than a name in a program. */
const LONG = /^(?=.*\d).{20,}$|^.{40,}$|[@%=,;]/

/**
 * @typedef {{ text: string } | { prefix: string, suffix: string } | 'rest'} Segment a text, a
 *   parameter with what is around it, or everything that follows
 */

export class RouteNames {
  /** @type {Map<string, string>} */
  #known = new Map()

  /** @type {{ template: string, segments: Segment[] }[]} */
  #templates = []

  /** @type {readonly string[]} */
  #given = []

  /** @param {readonly string[]} templates in the order in which the application tries them */
  use (templates) {
    if (templates === this.#given) return
    this.#given = templates
    this.#templates = templates.map((template) => ({ template, segments: parse(template) }))
    this.#known.clear()
  }

  /**
   * @param {string} path that the application routes by
   * @param {boolean} isFound whether the application has anything there. Clients that look for weak
   *   spots think of many paths
   * @returns {string} its template, or the path with `:id` for what differs between requests
   */
  of (path, isFound) {
    const name = this.#nameOf(path)
    return isFound || name.includes('{') ? name : NOT_FOUND
  }

  /** @param {string} path */
  #nameOf (path) {
    let name = this.#known.get(path)
    if (name !== undefined) return name
    const parts = path.split('/')
    name = this.#templates.find(({ segments }) => fits(segments, parts))?.template ?? general(parts)
    if (this.#known.size >= MAX_KNOWN) this.#known.clear()
    this.#known.set(path, name)
    return name
  }
}

/**
 * @param {string} template
 * @returns {Segment[]}
 */
function parse (template) {
  return template.split('/').map((text) => {
    const [, prefix = '', converter, suffix = ''] = PARAMETER.exec(text) ?? []
    if (converter === 'path') return 'rest'
    return text.includes('{') ? { prefix, suffix } : { text }
  })
}

/**
 * Not with a regular expression: templates come from the application and paths from clients, so
 * one could be found that takes for ever.
 * @param {Segment[]} segments
 * @param {string[]} parts
 */
function fits (segments, parts) {
  for (const [i, segment] of segments.entries()) {
    if (segment === 'rest') return parts.length > i
    const part = parts[i]
    if (part === undefined) return false
    if ('text' in segment) {
      if (part !== segment.text) return false
    } else {
      const { prefix, suffix } = segment
      if (part.length <= prefix.length + suffix.length) return false
      if (!part.startsWith(prefix) || !part.endsWith(suffix)) return false
    }
  }
  return segments.length === parts.length
}

/** @param {string[]} parts */
function general (parts) {
  const named = parts.slice(0, MAX_SEGMENTS + 1).map((part) => isValue(part) ? ':id' : part)
  const name = named.join('/')
  return parts.length > named.length || name.length > MAX_NAME
    ? `${name.slice(0, MAX_NAME)}…`
    : name
}

/** @param {string} part */
function isValue (part) {
  return NUMBER.test(part) || HEXADECIMAL.test(part) || LONG.test(part)
}
