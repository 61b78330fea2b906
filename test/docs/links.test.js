/** Every relative link of every page leads to a file that exists, and to a heading that it has. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

import { parsePage } from './markdown.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

const pages = new Map()

/** @param {string} path from the root */
function pageAt (path) {
  if (!pages.has(path)) pages.set(path, parsePage(readFileSync(join(ROOT, path), 'utf8')))
  return pages.get(path)
}

/** @returns {string | null} what is wrong with a link */
function problemOf (page, target) {
  if (/^[a-z]+:/i.test(target)) return null // not ours
  const [file, anchor] = target.split('#')
  const path = file === '' ? page : normalize(join(dirname(page), decodeURI(file)))
  if (path.startsWith('..')) return 'leads out of the repository'
  if (!existsSync(join(ROOT, path))) return `${path} does not exist`
  if (anchor === undefined) return null
  if (!path.endsWith('.md')) return 'has an anchor, but does not lead to a page'
  return pageAt(path).anchors.has(anchor) ? null : `${path} has no heading #${anchor}`
}

describe('links', () => {
  const tracked = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z', '*.md'],
    { cwd: ROOT, encoding: 'utf8' }).split('\0').filter((path) => existsSync(join(ROOT, path)) &&
    path !== '')

  it('are found in every place that Markdown has for them', () => {
    const { links, anchors } = parsePage('# A `b` c\n[x](x.md#a) ![y](y.svg)\n\n| [z](z) |\n|-|\n' +
      '<a id="here"></a>\n\n[r]\n\n<img src="w.svg">\n\n[r]: r.md\n')
    assert.deepEqual(links.map(({ target }) => target), ['x.md#a', 'y.svg', 'z', 'r.md', 'w.svg'])
    assert.deepEqual([...anchors], ['a-b-c', 'here'])
  })

  for (const page of tracked) {
    it(`of ${page} lead somewhere`, () => {
      const broken = pageAt(page).links
        .map(({ target, line }) => ({ target, line, problem: problemOf(page, target) }))
        .filter(({ problem }) => problem !== null)
        .map(({ target, line, problem }) => `${page}:${line}: ${target}: ${problem}`)
      assert.deepEqual(broken, [])
    })
  }

  it('lead to every page of docs/ from its map', () => {
    const { links } = pageAt('docs/README.md')
    const linked = links.map(({ target }) => normalize(join('docs', target.split('#')[0])))
    const missing = tracked.filter((path) => ['docs', 'docs/guides'].includes(dirname(path)) &&
      path !== 'docs/README.md' && !linked.includes(path))
    assert.deepEqual(missing, [])
  })
})
