/** What JavaScript knows about the protocol apart from what the addon exports. */

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { loadBinding } from '../../addon/lib/binding.js'
import { Feature, encodeHead, parseHead, withHeader } from '../../addon/lib/message/head.js'
import { parseOptions } from '../../addon/lib/options.js'

const binding = loadBinding()

test('head.js writes the fields in the order in which the addon reads them', () => {
  assert.deepEqual(binding.headFields, ['method', 'scheme', 'httpVersion', 'path', 'query',
    'clientHost', 'clientPort', 'serverHost', 'serverPort', 'mount', 'features', 'tls', 'data'])
  assert.deepEqual({ ...Feature }, binding.features)
  const socket = { remoteAddress: 'c', remotePort: 1, localAddress: 's', localPort: 2 }
  const head = encodeHead({ method: 'PUT', url: 'https://h/p?q', headers: {}, socket }, 0)
  assert.deepEqual(head.split('\0').slice(0, binding.headFields.length),
    ['PUT', 'https', '1.1', '/p', 'q', 'c', '1', 's', '2', '', '', '', ''])
  assert.deepEqual(Object.values(parseHead(withHeader(head, 'a', 'b'))),
    ['PUT', 'https', '1.1', '/p', 'q', 'c', '1', 's', '2', '',
      ['host', 'h', 'content-length', '0', 'a', 'b']])
})

test('a channel tells how full its rings are', () => {
  const channel = new binding.Channel({}, () => {})
  const nothing = { request: 0, response: 0, backlog: 0 }
  assert.deepEqual(channel.usage(), nothing)
  channel.ping()
  const { request, backlog } = channel.usage()
  assert.ok(request > 0 && request < binding.limits.defaultRing)
  assert.equal(backlog, 0)
  channel.close()
  assert.deepEqual(channel.usage(), nothing)
})

test('options.js accepts the same ring sizes as the addon', () => {
  const { minRing, maxRing } = binding.limits
  assert.equal(parseOptions({ requestRing: minRing }).requestRing, minRing)
  assert.equal(parseOptions({ requestRing: maxRing }).requestRing, maxRing)
  for (const requestRing of [minRing / 2, 2 * maxRing]) {
    assert.throws(() => parseOptions({ requestRing }), { code: 'ERR_INVALID_OPTION' })
    assert.throws(() => new binding.Channel({ requestRing }, () => {}),
      { code: 'ERR_INVALID_OPTION' })
  }
  new binding.Channel({ requestRing: minRing, responseRing: minRing }, () => {}).close()
})
