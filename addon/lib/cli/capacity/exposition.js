/**
 * Reads the text in which Prometheus gets metrics.
 */

/**
 * @typedef {object} Sample
 * @property {string} name
 * @property {string} labels as they are written, which tells samples of one name apart
 * @property {number} value
 */

/** A line with a sample; a value of a label may contain a brace. A timestamp may follow. */
const SAMPLE = /^([a-zA-Z_:][\w:]*)((?:\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\})?) +(\S+)/

/**
 * @param {string} text
 * @returns {Sample[]}
 */
export function parseExposition (text) {
  /** @type {Sample[]} */
  const samples = []
  for (const line of text.split('\n')) {
    const match = SAMPLE.exec(line)
    if (match === null) continue
    const value = Number(match[3])
    if (Number.isFinite(value)) samples.push({ name: match[1], labels: match[2], value })
  }
  return samples
}
