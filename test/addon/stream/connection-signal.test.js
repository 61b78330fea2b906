import assert from 'node:assert/strict'
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'

import { connectionSignal } from '../../../addon/lib/stream/connection-signal.js'

test('addresses are no connection', () => {
  for (const socket of [undefined, null, {}, { remoteAddress: '192.0.2.1' }]) {
    assert.equal(connectionSignal(socket), null)
  }
})

test('all requests of a connection share one listener', async () => {
  const socket = new PassThrough()
  const before = socket.listenerCount('close')
  const signals = Array.from({ length: 100 }, () => connectionSignal(socket))
  assert.equal(new Set(signals).size, 1)
  assert.equal(socket.listenerCount('close'), before + 1)
  assert.equal(signals[0].aborted, false)
  socket.destroy()
  await once(socket, 'close')
  assert.equal(signals[0].reason.code, 'ERR_RESPONSE_ABORTED')
})

test('a connection that has closed before', () => {
  assert.equal(connectionSignal(new PassThrough().destroy()).aborted, true)
})
