/** The outcome of framework × behaviour as Markdown. */

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
 * @param {string} grid
 * @param {string} python version
 * @returns {string}
 */
export function renderPage (grid, python) {
  return `# Compatibility

Each framework runs a small application of its own, written as its users write them
(\`test/frameworks/apps\`), and \`test/frameworks/frameworks.test.js\` asks it for each behaviour, through
node:http and \`ws\`. ✓ it does; – the framework has no such thing, or has it from elsewhere. This page
is written by \`NODE_ASGI_WRITE_GRID=1 node --test test/frameworks/frameworks.test.js\`; the test command
runs the same.

CPython ${python}.

${grid}

## Starlette's and FastAPI's own tests

\`bash test/suites/run.sh\` runs them with every request of their \`TestClient\` through a worker: 4,778 of
5,770 tests make one, and no field of a scope that \`TestClient\` makes is another here. Tests that are
repeated for trio are left out.

|  | passed | failed | skipped or expected to fail |
| --- | --- | --- | --- |
| Starlette 1.10.0 | 748 | 25 | 1 |
| FastAPI 0.165.0 | 4,982 | 9 | 5 |

Each failure is explained in the output (\`test/suites/explanations.js\`): most look into \`TestClient\`
itself, which has no window and no held head, or at context variables of the test's own thread. One
looks at the permissions of a folder, which root has.
`
}
