/**
 * Makes text safe for a log. What workers print and raise, and what clients send, may contain
 * anything: escape sequences that a terminal obeys, or newlines before a line that looks like one
 * of somebody else.
 */

/**
 * Control characters other than tab and newline, and what reorders or breaks text in Unicode.
 */
// eslint-disable-next-line no-control-regex
const UNSAFE = /[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g

/** What the lines of an entry after the first start with. */
const CONTINUATION = '  |'

/**
 * @param {string} text
 * @returns {string} in which nothing but newlines and tabs controls a terminal
 */
export function escapeControls (text) {
  return text.replace(UNSAFE, (character) => {
    const code = character.charCodeAt(0)
    return code < 256
      ? `\\x${code.toString(16).padStart(2, '0')}`
      : `\\u${code.toString(16).padStart(4, '0')}`
  })
}

/**
 * For a log in which an entry is not framed by anything else. Does nothing to its own result.
 * @param {string} text
 * @returns {string} the same, with a mark before each line but the first
 */
export function logEntry (text) {
  const safe = escapeControls(text)
  if (!safe.includes('\n')) return safe
  const [first, ...others] = safe.split('\n')
  return [first, ...others.map(mark)].join('\n')
}

/** @param {string} line */
function mark (line) {
  if (line === '' || line.startsWith(CONTINUATION)) return line === '' ? CONTINUATION : line
  return `${CONTINUATION} ${line}`
}
