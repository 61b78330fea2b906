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
  { page: 'README.md', text: 'npm install ../node-asgi', why: 'builds, and needs a network' },
  { page: 'README.md', text: 'npm test', why: 'would run this test' },
  { page: 'docs/getting-started.md', text: 'npm --prefix', why: 'builds, and needs a network' },
  { page: 'docs/getting-started.md', text: 'npm pack', why: 'needs a network' },
  { page: 'docs/getting-started.md', text: 'pip install', why: 'needs a network' },
  { page: 'docs/performance.md', text: 'npm run bench', why: 'takes 40 minutes' },
  { page: 'docs/performance.md', text: 'bench/path.js', why: 'takes 90 seconds and valgrind' }
]

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
      const { ran, problems } = await runPage(text, isSkipped)
      total += ran
      assert.deepEqual(problems.map(({ line, error }) => `${page}:${line}: ${error.message}`), [])
    })
  }

  it('are found, and those that do not run are examples', () => {
    assert(total > 30, `${total} examples ran`)
    assert.deepEqual(NOT_RUN.filter((entry) => !skipped.has(entry)), [])
  })
})
