/**
 * Makes the tracebacks of Python readable in a terminal: the frames of the application stand out,
 * and those of libraries between them are one line.
 */

/** @typedef {import('./style.js').Paint} Paint */

/** What comes before the text of a line: of an entry of the log, and of a group of exceptions. */
const MARGIN = '[ |+]*'
const FRAME = new RegExp(`^(${MARGIN})File "(.+)", line (\\d+)(?:, in (.*))?$`)
const LIBRARY = /\/(?:site|dist)-packages\/|\/lib\/python3\.\d+\/|^</
const PACKAGE = /\/(?:site|dist)-packages\/([^/]+?)(?:\.py)?(?:\/|$)/
const ERROR =
  new RegExp(`^(${MARGIN})([\\w.]+(?:Error|Exception|Exit|Interrupt|Warning|Group)\\b.*)$`)

/**
 * @typedef {object} Frame
 * @property {string} margin
 * @property {string} path
 * @property {string} place path and line
 * @property {string | undefined} name of the function
 * @property {string[]} lines the frame as Python writes it
 */

/**
 * @param {string} text of one entry of the log
 * @param {Paint} paint
 * @returns {string}
 */
export function readableTraceback (text, paint) {
  if (!text.includes('File "')) return text
  /** @type {string[]} */
  const lines = []
  /** @type {Frame[]} of libraries, one after the other */
  let run = []
  for (const part of parse(text)) {
    if (typeof part !== 'string' && LIBRARY.test(part.path)) {
      run.push(part)
      continue
    }
    lines.push(...folded(run, paint))
    run = []
    lines.push(...typeof part === 'string' ? [ending(part, paint)] : own(part, paint))
  }
  return [...lines, ...folded(run, paint)].join('\n')
}

/**
 * @param {string} text
 * @returns {(string | Frame)[]} lines, and frames
 */
function parse (text) {
  /** @type {(string | Frame)[]} */
  const parts = []
  for (const line of text.split('\n')) {
    const [, margin, path, number, name] = FRAME.exec(line) ?? []
    const last = parts.at(-1)
    if (margin !== undefined) {
      parts.push({ margin, path, place: `${path}:${number}`, name, lines: [line] })
    } else if (typeof last === 'object' && isDeeper(line, last.margin.length)) {
      last.lines.push(line) // the code, and what points into it
    } else {
      parts.push(line)
    }
  }
  return parts
}

/**
 * @param {string} line
 * @param {number} indent
 */
function isDeeper (line, indent) {
  return line.length > indent && /^[ |+]*$/.test(line.slice(0, indent + 1))
}

/**
 * @param {Frame[]} run
 * @param {Paint} paint
 */
function folded (run, paint) {
  if (run.length < 2) return run.flatMap(({ lines }) => lines).map((line) => paint(line, 'dim'))
  const names = new Set(run.map(({ path }) => PACKAGE.exec(path)?.[1] ?? 'Python'))
  return [run[0].margin + paint(`… ${run.length} frames of ${[...names].join(', ')}`, 'dim')]
}

/**
 * @param {Frame} frame
 * @param {Paint} paint
 */
function own ({ margin, place, name, lines: [, ...code] }, paint) {
  const where = name === undefined ? '' : ` in ${paint(name, 'bold')}`
  return [margin + paint(place, 'cyan', 'bold') + where, ...code]
}

/**
 * @param {string} line which may say what was raised
 * @param {Paint} paint
 */
function ending (line, paint) {
  const [, margin, error] = ERROR.exec(line) ?? []
  return error === undefined ? line : margin + paint(error, 'red', 'bold')
}
