/**
 * Parses the ready message of a Python process. Python runs the user's code, so it may be anything.
 * @template {Record<string, any>} T
 * @param {string} json
 * @param {T} sample a value of each field's type
 * @returns {T | null} null: it does not have the fields of the sample
 */
export function parseInfo (json, sample) {
  let info
  try {
    info = JSON.parse(json)
  } catch {
    return null
  }
  if (typeof info !== 'object' || info === null) return null
  for (const [name, value] of Object.entries(sample)) {
    if (typeof info[name] !== typeof value) return null
    if (Array.isArray(info[name]) !== Array.isArray(value)) return null
  }
  return info
}
