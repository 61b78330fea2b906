/** Every example in the README and in docs/ works. See run-page.js for what that means. */

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

import { runPage } from './run-page.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** Examples that cannot run in a test: those that contain this text, on this page. */
const NOT_RUN = [
  { page: 'README.md', text: 'npm install node-asgi', why: 'needs a network' },
  { page: 'README.md', text: 'npm test', why: 'would run this test' },
  { page: 'docs/bundlers.md', text: 'npm install', why: 'needs a network' },
  { page: 'docs/debugging.md', text: 'debugpy', why: 'test/debugging tries it' },
  { page: 'docs/debugging.md', text: 'py-spy', why: 'test/debugging tries it' },
  { page: 'docs/debugging.md', text: 'memray', why: 'test/debugging tries it' },
  { page: 'docs/getting-started.md', text: 'npm --prefix', why: 'builds' },
  { page: 'docs/getting-started.md', text: 'npm install', why: 'needs a network' },
  { page: 'docs/getting-started.md', text: 'pip install', why: 'needs a network' },
  {
    page: 'docs/observability.md',
    text: '@opentelemetry/instrumentation',
    why: 'needs the SDK; test/observability runs examples/observability/tracing.mjs, which is this'
  },
  {
    page: 'docs/observability.md',
    text: 'opentelemetry.instrumentation.fastapi',
    why: 'needs the SDK; test/observability does the same'
  },
  {
    page: 'docs/scaling.md',
    text: 'capacity http:',
    why: 'needs a server under load; test/integration/cli-capacity.test.js has one'
  },
  { page: 'docs/typescript.md', text: 'npm install', why: 'needs a network' },
  ...['django-express', 'streaming', 'websocket-chat', 'containers'].map((name) => (
    { page: `docs/guides/${name}.md`, text: 'npm install', why: 'needs a network' })),
  ...['create-next-app', 'npm run dev', 'npm install openapi-fetch', 'docker build'].map((text) => (
    { page: 'docs/guides/fastapi-in-nextjs.md', text, why: 'test/nextjs runs the example' })),
  { page: 'docs/guides/kubernetes.md', text: 'helm install', why: 'needs a cluster' },
  { page: 'docs/performance.md', text: 'npm run bench', why: 'takes 40 minutes' },
  { page: 'docs/performance-analysis.md', text: 'bench/path.js', why: 'needs valgrind' }
]

/**
 * The application of the reference, whose examples come from the declarations: a declaration is no
 * place for an application.
 */
const APP = `
async def app(scope, receive, send):
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        message = await receive()
        await send({"type": "websocket.send", "text": message["text"]})
        await send({"type": "websocket.close"})
    elif scope["type"] == "http":
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"hello"})
    else:
        raise NotImplementedError
`
const REFERENCE_FILES = { 'main.py': APP, 'app/main.py': APP }

const pages = ['README.md', ...readdirSync(join(ROOT, 'docs'), { recursive: true })
  .filter((name) => name.endsWith('.md')).map((name) => join('docs', name)).sort()]

describe('examples', () => {
  const skipped = new Set()
  let total = 0

  for (const page of pages) {
    it(`of ${page} work`, { timeout: 300_000 }, async () => {
      const isSkipped = ({ code }) => {
        const entry = NOT_RUN.find((entry) => entry.page === page && code.includes(entry.text))
        if (entry !== undefined) skipped.add(entry)
        return entry !== undefined
      }
      const text = readFileSync(join(ROOT, page), 'utf8')
      const files = page.startsWith('docs/reference/') ? REFERENCE_FILES : {}
      const { ran, problems } = await runPage(text, isSkipped, files)
      total += ran
      assert.deepEqual(problems.map(({ line, error }) => `${page}:${line}: ${error.message}`), [])
    })
  }

  it('are found, and those that do not run are examples', () => {
    assert(total > 30, `${total} examples ran`)
    assert.deepEqual(NOT_RUN.filter((entry) => !skipped.has(entry)), [])
  })
})
