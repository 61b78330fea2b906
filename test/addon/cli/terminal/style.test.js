import assert from 'node:assert/strict'
import { it } from 'node:test'

import { paintFor } from '../../../../addon/lib/cli/terminal/style.js'

const terminal = { isTTY: true }
const pipe = {}

/** @returns {boolean} whether there are colours */
const isColoured = (stream, env) => paintFor(stream, env)('x', 'red') !== 'x'

it('has colours on a terminal only, unless the user says otherwise', () => {
  for (const [stream, env, expected] of [
    [terminal, {}, true],
    [pipe, {}, false],
    [terminal, { NO_COLOR: '1' }, false],
    [terminal, { NO_COLOR: '' }, true],
    [pipe, { FORCE_COLOR: '1' }, true],
    [pipe, { FORCE_COLOR: '' }, true],
    [terminal, { FORCE_COLOR: '0' }, false],
    [pipe, { FORCE_COLOR: '1', NO_COLOR: '1' }, true],
    [terminal, { TERM: 'dumb' }, false]
  ]) {
    assert.equal(isColoured(stream, env), expected, JSON.stringify([stream, env]))
  }
})

it('can have several looks', () => {
  assert.equal(paintFor(terminal, {})('x', 'red', 'bold'), '\x1b[1m\x1b[31mx\x1b[39m\x1b[22m')
})
