import assert from 'node:assert/strict'
import { test } from 'node:test'

import { renderPage } from './page.js'

const PAGE = 'Before.\n\n<!-- Written by a test -->\nold\n' +
  '<!-- End of what is written -->\n\nAfter.\n'

const ran = {
  name: 'node-24',
  outcome: 'ran',
  date: '2026-01-02',
  versions: { system: 'Debian', runtime: 'v24.1.0', python: '3.11.7' },
  packages: ['linux-x64-gnu'],
  seconds: { npm: 1, pip: 2.5, first: 0.5 }
}

test('replaces what is between the comments, and nothing else', () => {
  const page = renderPage(PAGE, [ran], ['linux-x64-gnu', 'darwin-arm64'])
  assert.match(page, /^Before\.\n\n<!-- Written by a test -->\n\n## Packages\n/)
  assert.match(page, /\n\n<!-- End of what is written -->\n\nAfter\.\n$/)
  assert.doesNotMatch(page, /old/)
  assert.equal(renderPage(page, [ran], ['linux-x64-gnu', 'darwin-arm64']), page)
})

test('a package that no cell has used has not run', () => {
  const page = renderPage(PAGE, [ran], ['linux-x64-gnu', 'darwin-arm64'])
  assert.match(page, /\| Linux, x64, glibc \| `@node-asgi\/linux-x64-gnu` \| ran \|/)
  assert.match(page, /\| macOS, arm64 \| `@node-asgi\/darwin-arm64` \| has not run \|/)
})

test('an emulated processor is not a real one', () => {
  const page = renderPage(PAGE, [{ ...ran, slow: true }], ['linux-x64-gnu'])
  assert.match(page, /ran on an emulated processor/)
})

test('a cell that failed or was skipped is no success', () => {
  const page = renderPage(PAGE, [
    { name: 'musl', outcome: 'skipped', date: '2026-01-02', message: 'needs root' },
    { ...ran, outcome: 'failed', message: 'no' }
  ], ['linux-x64-gnu'])
  assert.match(page, /`musl` \|(?: {2}\|){3} not run: needs root \|/)
  assert.match(page, /`node-24` .* \*\*failed\*\*/)
  assert.match(page, /has not run/)
})

test('a message stays in its line of the table', () => {
  const page = renderPage(PAGE,
    [{ name: 'bun', outcome: 'refused', date: '2026-01-02', message: 'No.\n  a | b\n' }], [])
  assert.match(page, /\| `bun` \| No\. a \\\| b \|/)
})

test('a page without the comments is an error', () => {
  assert.throws(() => renderPage('text', [ran], []), /lacks the comments/)
})
