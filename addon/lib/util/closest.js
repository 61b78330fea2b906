/**
 * The Levenshtein distance.
 * @param {string} a
 * @param {string} b
 * @returns {number} edits that turn a into b
 */
function distance (a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const swap = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)
      next[j] = Math.min(swap, row[j] + 1, next[j - 1] + 1)
    }
    row = next
  }
  return row[b.length]
}

/**
 * Finds the known name that a mistyped one was probably meant to be.
 * @param {string} name
 * @param {Iterable<string>} known
 * @returns {string | undefined}
 */
export function closest (name, known) {
  let best
  let least = Math.max(2, Math.floor(name.length / 3)) + 1
  for (const candidate of known) {
    const edits = distance(name.toLowerCase(), candidate.toLowerCase())
    if (edits < least && edits < candidate.length) {
      least = edits
      best = candidate
    }
  }
  return best
}
