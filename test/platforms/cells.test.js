import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { CELLS, chosen } from './cells.js'

test('the names of cells are unique', () => {
  assert.equal(new Set(CELLS.map(({ name }) => name)).size, CELLS.length)
})

test('chooses cells by name, in the order of the list', () => {
  assert.deepEqual(chosen('musl,node-24').map(({ name }) => name), ['node-24', 'musl'])
  assert.equal(chosen(undefined), CELLS)
})

test('an unknown cell is an error', () => {
  assert.throws(() => chosen('node-24,node-3'), /Unknown cells: node-3/)
})

test('CI runs each cell once', () => {
  const workflow = readFileSync(
    new URL('../../.github/workflows/ci.yml', import.meta.url), 'utf8')
  const parts = /\n {8}cells:\n((?: {10}- .*\n)+)/.exec(workflow)?.[1] ?? ''
  const names = parts.trim().replace(/^ *- /gm, '').split(/[,\n]/)
  assert.deepEqual(names.sort(), CELLS.map(({ name }) => name).sort())
})
