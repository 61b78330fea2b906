import assert from 'node:assert/strict'

/**
 * Checks that a message states facts, whatever its wording.
 * @param {string} message
 * @param {(string | RegExp)[]} facts names, numbers or paths, each of which must occur as a whole
 */
export function assertFacts (message, facts) {
  for (const fact of facts) assert.match(message, fact instanceof RegExp ? fact : wholeWord(fact))
}

function wholeWord (text) {
  return new RegExp(`(?<!\\w)${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?!\\w)`)
}
