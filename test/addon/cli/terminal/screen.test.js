import assert from 'node:assert/strict'
import { it } from 'node:test'

import { Screen } from '../../../../addon/lib/cli/terminal/screen.js'

function screen (isTTY, env = { NO_COLOR: '1' }) {
  let text = ''
  const stream = { isTTY, columns: 10, write (part) { text += part } }
  return { screen: new Screen(stream, stream, env), printed: () => text }
}

it('keeps the status below what is printed', () => {
  const { screen: one, printed } = screen(true)
  one.show('status')
  one.out('line\n')
  one.show('')
  const erase = '\r\x1b[2K'
  assert.equal(printed(), `${erase}status${erase}line\n${erase}status${erase}`)
})

it('cuts a status that does not fit, which would move the screen each time', () => {
  const { screen: one, printed } = screen(true)
  one.show('0123456789abc')
  assert.equal(printed(), '\r\x1b[2K012345678')
})

it('has no status on a pipe, and on a terminal that cannot erase', () => {
  for (const { screen: one, printed } of [screen(false), screen(true, { TERM: 'dumb' })]) {
    one.show('status')
    one.err('line\n')
    assert.equal(printed(), 'line\n')
    assert.equal(one.isLive, false)
  }
})
