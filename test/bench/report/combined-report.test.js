import assert from 'node:assert/strict'
import { test } from 'node:test'
import { combineReports } from '../../../bench/support/report/combined-report.js'

const part = { name: 'echo', failed: false, pages: [], targets: [] }

test('pages follow one another below one heading; their headings move down', () => {
  const { text } = combineReports([
    { ...part, pages: ['# echo\n\n## A part\n\nText # 1\n'] }, { ...part, pages: ['# hello\n'] }
  ], { quick: false, stopped: false })
  assert.match(text, /^# Benchmarks\n\n[^]*^## echo\n\n### A part\n\nText # 1\n\n## hello\n$/m)
})

test('the targets of all, and what failed, come first', () => {
  const { summary } = combineReports([
    { ...part, targets: [{ what: 'times the proxy', value: 5, atLeast: 4, unit: '×' }] },
    { ...part, name: 'memory', failed: true }
  ], { quick: true, stopped: false })
  assert.match(summary, /A quick look/)
  assert.match(summary, /FAILED: memory\./)
  assert.match(summary, /\| echo: times the proxy \| >= 4 × \| +5 × \| yes +\|/)
})
