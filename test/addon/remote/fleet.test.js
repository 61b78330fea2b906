import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'node:test'

import { parseOptions } from '../../../addon/lib/options.js'
import { Fleet } from '../../../addon/lib/remote/fleet.js'
import { eventually } from '../../support/harness.js'

test('each address of a name is an endpoint, and a name may change', async (t) => {
  const server = createServer((socket) => socket.end()).listen(0)
  await once(server, 'listening')
  const settings = parseOptions({
    remote: { url: `http://models:${server.address().port}`, resolveInterval: 10 }, logger: false
  })
  let addresses = ['127.0.0.1', '127.0.0.2']
  let fails = false
  const owner = { onEvent () {}, onAvailable () {}, onUnavailable () {}, onOutage () {} }
  const fleet = new Fleet(settings, owner, async (name) => {
    assert.equal(name, 'models')
    if (fails) throw Object.assign(new Error('no name'), { code: 'ENOTFOUND' })
    return addresses.map((address) => ({ address, family: 4 }))
  })
  const hosts = () => fleet.endpoints.filter(({ state }) => state === 'up').map(({ host }) => host)
  fleet.start()
  await eventually(() => assert.deepEqual(hosts(), ['127.0.0.1', '127.0.0.2']))
  addresses = ['127.0.0.2', '127.0.0.3']
  await eventually(() => assert.deepEqual(hosts(), ['127.0.0.2', '127.0.0.3']))
  // A name server that is down takes nothing away.
  fails = true
  await new Promise((resolve) => setTimeout(resolve, 50))
  assert.deepEqual(hosts(), ['127.0.0.2', '127.0.0.3'])
  await fleet.close(0, new Error('cut'), new Error('closed'))
  server.close()
})
