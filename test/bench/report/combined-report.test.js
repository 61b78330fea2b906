import assert from 'node:assert/strict'
import { test } from 'node:test'
import { combineReports } from '../../../bench/support/report/combined-report.js'

const part = { name: 'echo', failed: false, pages: [], targets: [] }

test('pages follow under one title, with their headings one level down', () => {
  const { text } = combineReports([
    { ...part, pages: ['# echo\n\n## A part\n\nText # 1\n'] }, { ...part, pages: ['# hello\n'] }
  ], { quick: false, stopped: false })
  assert.match(text, /^# Benchmarks\n\n[^]*^## echo\n\n### A part\n\nText # 1\n\n## hello\n$/m)
})

test('the summary lists failures and the targets of all benchmarks', () => {
  const { summary } = combineReports([
    { ...part, targets: [{ what: 'times the proxy', value: 5, atLeast: 4, unit: '×' }] },
    { ...part, name: 'memory', failed: true }
  ], { quick: true, stopped: false })
  assert.match(summary, /Quick run/)
  assert.match(summary, /FAILED: memory\./)
  assert.match(summary, /\| echo: times the proxy \| >= 4 × \| +5 × \| yes +\|/)
})
