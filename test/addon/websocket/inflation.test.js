import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Inflation } from '../../../addon/lib/websocket/inflation.js'

const MIB = 1024 * 1024

function withDeflate (maxMessage) {
  const inflated = []
  const deflate = {
    _maxPayload: maxMessage,
    decompress (data, fin, done) {
      inflated.push(data.length)
      done(fin)
    }
  }
  const state = { free: true }
  const inflation = new Inflation({ _extensions: { 'permessage-deflate': deflate } }, maxMessage,
    () => state.free)
  return { deflate, inflated, inflation, state }
}

test('compressed messages waited inflated while the application read none', () => {
  const { deflate, inflated, inflation, state } = withDeflate(16 * MIB)
  let done = 0
  deflate.decompress(Buffer.alloc(1), true, () => { done++ })
  state.free = false
  deflate.decompress(Buffer.alloc(2), true, () => { done++ })
  assert.deepEqual([inflated, done], [[1], 1])
  inflation.goOn()
  assert.deepEqual([inflated, done], [[1, 2], 2])
  inflation.goOn()
  assert.deepEqual(inflated, [1, 2])
})

test('a message inflates to 4 MiB, or to 200 times its length, but not beyond the limit', () => {
  const { deflate } = withDeflate(16 * MIB)
  for (const [length, most] of [[1, 4 * MIB], [40_000, 8_000_000], [MIB, 16 * MIB]]) {
    deflate.decompress(Buffer.alloc(length), true, () => {})
    assert.equal(deflate._maxPayload, most)
  }
  const small = withDeflate(1000).deflate
  small.decompress(Buffer.alloc(100), true, () => {})
  assert.equal(small._maxPayload, 1000)
})

test('a WebSocket without compression stays as it is', () => {
  new Inflation({ _extensions: {} }, 1000, () => true).goOn()
})
