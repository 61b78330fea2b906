/**
 * Which versions of Python are wanted, in the notation of Python packages (PEP 440): `3.12`,
 * `>=3.11`, `>=3.10,<3.13`, `~=3.11.2`, `!=3.12.*`. A version without an operator stands for all
 * that begin with it. Pre-releases are never wanted: they have a path like every interpreter.
 */

/** @typedef {readonly number[]} Version release numbers, [3, 12, 1] */

const LOOKS_LIKE_RANGE = /^\s*(?:[\d<>=!^]|~[=\d])/
const CLAUSE = /^(==|!=|<=|>=|<|>|~=)?\s*(\d{1,4}(?:\.\d{1,4}){0,2})(\.\*)?$/

/** What the notation looks like, for messages. */
export const RANGE_EXAMPLES = "'3.12', '>=3.11' or '>=3.11,<3.14'"

/**
 * Whether a text is meant as a range, and not as a path or a name.
 * @param {string} text
 */
export function looksLikeRange (text) {
  return LOOKS_LIKE_RANGE.test(text) && !text.includes('/')
}

/**
 * @param {string} text
 * @returns {((version: Version) => boolean) | null} whether a version is wanted; null: the text is
 *   not a range
 */
export function parseRange (text) {
  /** @type {Array<(version: Version) => boolean>} */
  const checks = []
  for (const clause of text.split(',')) {
    const check = parseClause(clause.trim())
    if (check === null) return null
    checks.push(check)
  }
  return (version) => checks.every((check) => check(version))
}

/**
 * @param {string} clause
 * @returns {((version: Version) => boolean) | null}
 */
function parseClause (clause) {
  const match = CLAUSE.exec(clause)
  if (match === null) return null
  const [, operator, text, star] = match
  const wanted = text.split('.').map(Number)
  const begins = (/** @type {Version} */ version, /** @type {Version} */ prefix) =>
    prefix.every((number, i) => number === (version[i] ?? 0))
  if (star !== undefined && !['==', '!=', undefined].includes(operator)) return null
  switch (operator) {
    case undefined: return (version) => begins(version, wanted)
    case '==': return (version) => star === undefined
      ? compareVersions(version, wanted) === 0
      : begins(version, wanted)
    case '!=': return (version) => star === undefined
      ? compareVersions(version, wanted) !== 0
      : !begins(version, wanted)
    case '~=': return wanted.length < 2
      ? null
      : (version) => compareVersions(version, wanted) >= 0 && begins(version, wanted.slice(0, -1))
    case '<=': return (version) => compareVersions(version, wanted) <= 0
    case '>=': return (version) => compareVersions(version, wanted) >= 0
    case '<': return (version) => compareVersions(version, wanted) < 0
    default: return (version) => compareVersions(version, wanted) > 0
  }
}

/**
 * @param {Version} a
 * @param {Version} b
 * @returns {number} below, at or above 0; numbers that are missing are 0
 */
export function compareVersions (a, b) {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/**
 * @param {string | undefined} text for example 3.12.1, or 3.12.1.final.0 as virtualenv writes it
 * @returns {Version | null} null: it is not a version, or that of a pre-release
 */
export function parseVersion (text) {
  const match = /^(\d{1,4})\.(\d{1,4})\.(\d{1,4})(?:\.final\.\d+)?$/.exec(text?.trim() ?? '')
  return match === null ? null : match.slice(1).map(Number)
}
