// What benchmarks report: statistics over rounds, tables, targets and the files of a result.
import { mkdir, writeFile } from 'node:fs/promises'
import os from 'node:os'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of results. */
export const RESULTS = fileURLToPath(new URL('../../results/', import.meta.url))

export function median (values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** Half the range of the values, divided by the median. */
export function spread (values) {
  const middle = median(values)
  return middle === 0 ? 0 : (Math.max(...values) - Math.min(...values)) / 2 / middle
}

/** The spread as text: '±3%'. */
export const plusMinus = values => `±${(spread(values) * 100).toFixed(0)}%`

/** The value below which this share (0 to 1) of the sorted samples lies. */
export function percentile (sorted, part) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]
}

/** The median over the rounds of `ours` divided by `others`. */
export const ratio = (ours, others) => median(ours.map((value, round) => value / others[round]))

/** A Markdown table that is readable in a terminal: padded columns, numbers aligned right. */
export function table (header, rows) {
  const cells = [header, ...rows].map(row => row.map(String))
  const widths = header.map((_, column) => Math.max(3, ...cells.map(row => row[column].length)))
  const isText = header.map((_, column) => column === 0 ||
    rows.every(row => /^[^\d±]*$/.test(String(row[column]))))
  const pad = (cell, column) =>
    isText[column] ? cell.padEnd(widths[column]) : cell.padStart(widths[column])
  const line = row => `| ${row.map(pad).join(' | ')} |`
  const rule = `| ${widths.map((width, column) =>
    isText[column] ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`).join(' | ')} |`
  return [line(cells[0]), rule, ...cells.slice(1).map(line)].join('\n')
}

/** Prints progress to stderr, so that stdout holds only the result. */
export function progress (text) {
  process.stderr.write(process.stderr.isTTY ? `\r\u001b[K${text}` : `${text}\n`)
}

/**
 * A target and what was measured. A benchmark puts an array of them into its result, as `targets`;
 * `save` renders it, and bench/run.js collects those of all benchmarks.
 * @typedef {object} Target
 * @property {string} what for example 'HTTP hello, 64 in flight: ratio to the proxy'
 * @property {number} value what was measured; NaN or null: it could not be measured
 * @property {number} [atLeast] the target; either this or atMost
 * @property {number} [atMost]
 * @property {string} [unit] '×', 'ms', 'MiB', …
 */

/** @param {Target} target */
export function isMet ({ value, atLeast = -Infinity, atMost = Infinity }) {
  return typeof value === 'number' && value >= atLeast && value <= atMost
}

/**
 * A Markdown table with the columns "what", "target", "measured" and "met".
 * @param {Target[]} targets
 */
export function targetTable (targets) {
  const number = (value, unit = '') => `${+value.toPrecision(3)}${unit && ` ${unit}`}`
  return table(['what', 'target', 'measured', 'met'], targets.map((target) => {
    const { what, value, atLeast, atMost, unit } = target
    const measured = Number.isFinite(value)
    return [what,
      atLeast === undefined ? `<= ${number(atMost, unit)}` : `>= ${number(atLeast, unit)}`,
      measured ? number(value, unit) : 'not measured',
      measured ? isMet(target) ? 'yes' : 'NO' : '–']
  }))
}

/** The load average of the minute before the benchmark; it does not tell which processes ran. */
const [LOAD_BEFORE] = os.loadavg()

/** The facts about this machine that a result depends on. */
function machine () {
  return {
    cpu: os.cpus()[0]?.model,
    cores: os.availableParallelism(),
    memory: os.totalmem(),
    kernel: os.release(),
    loadBefore: LOAD_BEFORE,
    node: process.version
  }
}

/** The facts that a result depends on, as text. */
export function facts ({ date, machine, versions = {} }) {
  const { cpu, cores, memory, kernel, loadBefore, node } = machine
  const others = Object.entries(versions).map(([name, version]) => `, ${name} ${version}`).join('')
  const gib = Math.round(memory / 2 ** 30)
  return `${date}; ${cores} cores of ${cpu}, ${gib} GiB, Linux ${kernel}, ` +
    `load average ${loadBefore.toFixed(2)} in the minute before; ` +
    `node ${node.slice(1)}${others}`
}

/**
 * Saves a result and the facts that it depends on as bench/results/NAME-DATE.json, with a page
 * (.md) and charts. Names have dates, so that nothing is overwritten.
 * @param {string} name of the benchmark
 * @param {object} result goes into the JSON; its `targets` and `versions` ({ [server]: version })
 *   appear on the page, too
 * @param {object} [page]
 * @param {string} [page.text] Markdown
 * @param {{ [part: string]: string }} [page.pictures] charts as SVG, saved as NAME-PART-DATE.svg
 * @returns {Promise<string>} the path of the JSON
 */
export async function save (name, result, { text = '', pictures = {} } = {}) {
  await mkdir(RESULTS, { recursive: true })
  const date = new Date().toISOString()
  const path = (part, type) =>
    `${RESULTS}${name}${part && `-${part}`}-${date.replaceAll(/[:.]/g, '-')}.${type}`
  const whole = { name, date, machine: machine(), ...result }
  const { targets = [] } = whole
  const page = [`# ${name}`, facts(whole), text.trim(),
    targets.length > 0 ? `Targets:\n\n${targetTable(targets)}` : '']
  for (const [part, svg] of Object.entries(pictures)) {
    await writeFile(path(part, 'svg'), svg)
    page.push(`![${name} ${part}](${basename(path(part, 'svg'))})`)
  }
  await writeFile(path('', 'json'), JSON.stringify(whole, null, 2) + '\n')
  await writeFile(path('', 'md'), page.filter(part => part !== '').join('\n\n') + '\n')
  return path('', 'json')
}
