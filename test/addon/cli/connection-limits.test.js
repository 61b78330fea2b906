import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'

import { limitConnections } from '../../../addon/lib/cli/connection-limits.js'

function connect (server, remoteAddress) {
  const socket = Object.assign(new EventEmitter(), {
    remoteAddress, destroyed: false, destroy () { this.destroyed = true }
  })
  server.emit('connection', socket)
  return socket
}

test('one address could open every connection', () => {
  const server = new EventEmitter()
  limitConnections(server, { all: Infinity, perAddress: 2, trustProxy: null })
  const refused = (address) => connect(server, address).destroyed
  const first = connect(server, '192.0.2.1')
  assert.equal(first.destroyed, false)
  assert.equal(refused('192.0.2.1'), false)
  assert.equal(refused('192.0.2.1'), true)
  assert.equal(refused('192.0.2.2'), false)
  first.emit('close')
  assert.equal(refused('192.0.2.1'), false)
  assert.equal(refused('192.0.2.1'), true)
})

test('a limit for all connections counts those that are open', () => {
  const server = new EventEmitter()
  limitConnections(server, { all: 2, perAddress: Infinity, trustProxy: null })
  const [first, second, third] = ['a', 'b', 'c'].map((name) => connect(server, name))
  assert.deepEqual([first.destroyed, second.destroyed, third.destroyed], [false, false, true])
  third.emit('close')
  assert.equal(connect(server, 'd').destroyed, true)
  first.emit('close')
  assert.equal(connect(server, 'e').destroyed, false)
})

test('the addresses of one IPv6 network count together', () => {
  const server = new EventEmitter()
  limitConnections(server, { all: Infinity, perAddress: 1, trustProxy: null })
  for (const [address, expected] of [
    ['2001:db8::1', false], ['2001:db8:0:0:ffff::2', true], ['2001:db8:0:1::1', false],
    ['::1', false], ['::2', true], ['::ffff:192.0.2.1', false], ['::ffff:192.0.2.2', false],
    ['fe80::1%eth0', false], ['fe80::2%eth0', true]
  ]) {
    assert.equal(connect(server, address).destroyed, expected, address)
  }
})

test('a trusted proxy and Unix sockets have no limit', () => {
  const server = new EventEmitter()
  const trustProxy = (address) => address === '10.0.0.1'
  limitConnections(server, { all: Infinity, perAddress: 1, trustProxy })
  for (const address of ['10.0.0.1', undefined]) {
    for (let i = 0; i < 3; i++) assert.equal(connect(server, address).destroyed, false)
  }
})
