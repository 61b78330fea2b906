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

/**
 * Puts a new grid and the version of Python into the page, whose text stays as it is.
 * @param {string} page Markdown with "CPython X.Y.Z" and a table with a column for FastAPI
 * @param {string} grid
 * @param {string} python version
 * @returns {string}
 */
export function updatePage (page, grid, python) {
  const version = /CPython \d+\.\d+\.\d+/
  const table = /^\|.*FastAPI.*\|(\n\|.*\|)+$/m
  for (const pattern of [version, table]) {
    if (!pattern.test(page)) throw new Error(`the page has nothing that matches ${pattern}`)
  }
  return page.replace(version, () => `CPython ${python}`).replace(table, () => grid)
}
