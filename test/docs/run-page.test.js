/** The runner of examples finds what is wrong with a page. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { runPage } from './run-page.js'

const APP = `
\`\`\`python
# main.py
async def app(scope, receive, send):
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["path"].encode()})
\`\`\`
`

const fence = (language, code) => `\n\`\`\`${language}\n${code}\n\`\`\`\n`

const SERVER = fence('js', `// server.mjs
import { createServer } from 'node:http'
import { PythonHandler } from 'node-asgi'

const server = createServer(new PythonHandler({ workers: 1 }).listener)
server.listen(3000, () => console.log('port 3000'))`)

async function problemsOf (page) {
  const { problems } = await runPage(page)
  return problems.map(({ line, error }) => `${line}: ${error.message}`)
}

/** A page has one problem, on this line and with this text. */
async function assertProblem (page, line, pattern) {
  const problems = await problemsOf(page)
  assert.equal(problems.length, 1, problems.join('\n'))
  assert.match(problems[0], new RegExp(`^${line}: `))
  assert.match(problems[0], pattern)
}

describe('examples', { timeout: 120_000 }, () => {
  it('are run, in order', async () => {
    const page = APP +
      fence('js', "const { status } = await python.handleRequest({ url: '/x' })\n" +
        'console.log(status) // 200') +
      SERVER + fence('sh', 'node server.mjs') + fence('text', 'port 3000') +
      fence('sh', 'curl -s http://127.0.0.1:3000/hello') + fence('text', '/hel…') +
      '# Next' +
      fence('js', "// late.mjs\nconst url = 'http://127.0.0.1:3000'\n" +
        'console.log(await fetch(url).catch(() => 0)) // 0') +
      fence('ts', "import { PythonHandler } from 'node-asgi'\nnew PythonHandler({ workers: 2 })")
    const { ran, problems } = await runPage(page)
    assert.deepEqual(problems, [])
    assert.equal(ran, 7)
  })

  it('that throw are found, with the line of the page', () =>
    assertProblem(`# Page\n${fence('js', "\nthrow new Error('broken')")}`, 4,
      /example-4\.mjs:5\b[^]*broken/))

  it('of Python that throw are found', () =>
    assertProblem(fence('python', '# main.py\nimport no_such_module'), 3, /no_such_module/))

  it('of the shell that fail are found', () =>
    assertProblem(fence('sh', 'false\ntrue'), 3, /ended with 1/))

  it('with a wrong type are found', () =>
    assertProblem(fence('ts', "import { PythonHandler } from 'node-asgi'\n" +
      "new PythonHandler({ workers: '2' })"), 3, /not assignable/))

  it('that print something else than a comment says are found', () =>
    assertProblem(fence('js', 'console.log(1 + 1) // 3'), 3, /did not print 3/))

  it('that print something else than the page shows are found', async () => {
    await assertProblem(fence('sh', 'echo one') + fence('text', 'two'), 7, /it printed/)
    await assertProblem(fence('sh', 'echo "{}"') + fence('json', '{"a": 1}'), 7, /it printed/)
  })

  it('that serve nothing but errors are found', () =>
    assertProblem(fence('python', '# main.py\nasync def app(scope, receive, send): 1 / 0') + SERVER,
      8, /answered with 500/))

  it('that show other lines than the file of the example are found', async () => {
    const show = (...lines) => fence('js', ['// examples/express/server.js', ...lines].join('\n'))
    const lines = ['const app = express()', '// …', 'const server = app.listen(Number(']
    assert.deepEqual(await problemsOf(show(...lines)), [])
    await assertProblem(show(...lines.reverse()), 3, /does not have these lines there:\nconst app/)
  })

  it('in an unknown language are found', async () => {
    await assertProblem(fence('javascript', '1'), 3, /javascript/)
    await assertProblem('    indented()', 1, /blocks in ''/)
  })
})
