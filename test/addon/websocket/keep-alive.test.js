import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import { KeepAlive } from '../../../addon/lib/websocket/keep-alive.js'
import { stopClock } from '../../support/time.js'

class Client extends EventEmitter {
  pings = 0
  ended = false
  ping () { this.pings++ }
  terminate () { this.ended = true }
}

function start (t, options = { pingInterval: 100, pingTimeout: 50 }) {
  const clock = stopClock(t)
  const client = new Client()
  return { client, keepAlive: new KeepAlive(client, options), clock }
}

test('a client that does not answer a ping is terminated', (t) => {
  const { client, clock } = start(t)
  clock.pass(100)
  assert.deepEqual([client.pings, client.ended], [1, false])
  clock.pass(50)
  assert.equal(client.ended, true)
})

test('a client that answers gets the next ping', async () => {
  const client = new Client()
  const keepAlive = new KeepAlive(client, { pingInterval: 1, pingTimeout: 60_000 })
  for (let i = 1; i <= 3; i++) {
    while (client.pings < i) await sleep(1)
    client.emit('pong')
  }
  keepAlive.stop()
  assert.equal(client.ended, false)
})

test('no pings are sent after stop(), or with an interval of 0', (t) => {
  const { client, keepAlive, clock } = start(t)
  clock.pass(100)
  keepAlive.stop()
  client.emit('pong')
  const none = new Client()
  new KeepAlive(none, { pingInterval: 0, pingTimeout: 50 }).stop()
  clock.pass(1000)
  assert.deepEqual([client.pings, client.ended, none.pings], [1, false, 0])
})

test('a client is terminated although it has answered while Node was blocked', (t) => {
  const { client, clock } = start(t)
  clock.pass(100)
  clock.pass(50, () => client.emit('pong'))
  assert.equal(client.ended, false)
})
