import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { test } from 'node:test'

import { serveDashboard } from '../../../addon/lib/dashboard/dashboard.js'

test('a source that did not answer ended Node', async (t) => {
  const fail = async () => { throw new Error('no answer within 2000 ms') }
  const server = createServer(serveDashboard({ failure: fail, act: fail }, undefined))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => server.close())
  const address = `http://127.0.0.1:${server.address().port}`
  for (const response of [
    await fetch(`${address}/failure?id=1`),
    await fetch(`${address}/reload`, { method: 'POST', headers: { 'x-node-asgi-dashboard': '1' } })
  ]) {
    assert.equal(response.status, 500)
    assert.equal(await response.text(), 'no answer within 2000 ms\n')
  }
})
