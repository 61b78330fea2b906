/** The results of the cells as Markdown, for docs/platforms.md. */

/** The comments in the page around what is written by the matrix. */
const START = /<!-- Written by [^]*?-->\n/
const END = /<!-- End of what is written/

const row = (cells) => `| ${cells.join(' | ')} |`
const table = (header, rows) =>
  [row(header), row(header.map(() => '---')), ...rows.map(row)].join('\n')

/** Text of a message in one line of a table. */
const inline = (text) => text.trim().replace(/\s+/g, ' ').replaceAll('|', '\\|')

/** What a platform is called by people. */
function systemOf (platform) {
  const [system, processor, library] = platform.split('-')
  const name = system === 'darwin' ? 'macOS' : 'Linux'
  return `${name}, ${processor}${{ gnu: ', glibc', musl: ', musl' }[library] ?? ''}`
}

/** Seconds from the empty folder to the first response. */
export const total = ({ npm, pip, first }) => npm + pip + first

function outcomeOf (result) {
  switch (result.outcome) {
    case 'ran': return 'ran'
    case 'refused': return 'refused'
    case 'skipped': return `not run: ${inline(result.message)}`
    default: return '**failed**'
  }
}

/** Which platforms have run. */
function renderPackages (results, platforms) {
  return table(['platform', 'package', 'state'], platforms.map((platform) => {
    const cells = results.filter(({ outcome, packages }) =>
      outcome === 'ran' && packages.includes(platform))
    const state = cells.length === 0
      ? 'has not run'
      : cells.every(({ slow }) => slow) ? 'ran on an emulated processor' : 'ran'
    return [systemOf(platform), `\`@node-asgi/${platform}\``, state]
  }))
}

function renderCells (results) {
  return table(['cell', 'system', 'runtime', 'Python', 'result', 's', 'load', 'date'],
    results.map((result) => {
      const { system = '', runtime = '', python = '' } = result.versions ?? {}
      return [
        `\`${result.name}\``, system, runtime, python, outcomeOf(result),
        result.seconds === undefined ? '' : total(result.seconds).toFixed(1),
        result.load ?? '', result.date
      ]
    }))
}

function renderRefusals (results) {
  return table(['cell', 'message'], results
    .filter(({ outcome }) => outcome === 'refused')
    .map(({ name, message }) => [`\`${name}\``, inline(message)]))
}

/**
 * Replaces the tables in the page, whose text stays as it is.
 * @param {string} page
 * @param {import('./run-cell.js').Result[]} results
 * @param {string[]} platforms those that have a package
 * @returns {string}
 */
export function renderPage (page, results, platforms) {
  const start = START.exec(page)
  const end = END.exec(page)
  if (start === null || end === null) throw new Error('the page lacks the comments for the tables')
  return [
    page.slice(0, start.index + start[0].length),
    '## Packages', renderPackages(results, platforms),
    '## What ran', renderCells(results),
    '## What is refused', renderRefusals(results),
    page.slice(end.index)
  ].join('\n\n').replace(/\n{3,}/g, '\n\n')
}
