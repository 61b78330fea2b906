import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PassThrough } from 'node:stream'

import { parseOptions } from '../../../addon/lib/options.js'
import { WebSocketExchange } from '../../../addon/lib/websocket/exchange.js'

test('a socket that has ended when the application accepts it is closed at once', () => {
  const said = []
  const worker = {
    messageOverhead: 64,
    closeSocket: (id, code) => said.push(code),
    consumed: (id, length) => said.push(length)
  }
  const verdicts = []
  const exchange = new WebSocketExchange({
    head: '',
    req: {},
    socket: new PassThrough(),
    verdict: (accepted) => verdicts.push(accepted), // ws does not call open() in this case
    respond: () => assert.fail('there is no client to respond to')
  }, parseOptions())
  exchange.opened(worker, 1, 0)
  exchange.accept('', '')
  assert.deepEqual(verdicts, [true])
  assert.deepEqual(said, [1006])
  exchange.receiveMessage(Buffer.from('late'), true, true)
  assert.deepEqual(said, [1006, 68])
})
