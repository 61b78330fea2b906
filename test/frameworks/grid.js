/** The results of each framework and behaviour as Markdown. */

const MARKS = { passed: '✓', failed: '✗', missing: '–' }

/**
 * @param {{ title: string }[]} frameworks columns
 * @param {string[]} behaviours rows
 * @param {(framework: object, behaviour: string) => 'passed' | 'failed' | 'missing'} outcome
 * @returns {string}
 */
export function renderGrid (frameworks, behaviours, outcome) {
  const row = (cells) => `| ${cells.join(' | ')} |`
  return [
    row(['', ...frameworks.map(({ title }) => title)]),
    row(['---', ...frameworks.map(() => ':-:')]),
    ...behaviours.map((behaviour) =>
      row([behaviour, ...frameworks.map((framework) => MARKS[outcome(framework, behaviour)])]))
  ].join('\n')
}

/** The comments in the page around the grid. */
const START = /<!-- Written by [^]*?-->\n/
const END = /<!-- End of what is written/

/**
 * Replaces the grid and the version of Python in the page, whose text stays as it is.
 * @param {string} page
 * @param {string} grid
 * @param {string} python version
 * @returns {string}
 */
export function replaceGrid (page, grid, python) {
  const start = START.exec(page)
  const end = END.exec(page)
  if (start === null || end === null) throw new Error('the page lacks the comments around the grid')
  const before = page.slice(0, start.index + start[0].length)
  return `${before}\nCPython ${python}.\n\n${grid}\n\n${page.slice(end.index)}`
}
