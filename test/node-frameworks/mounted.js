/** What must be true of kinds_app that is mounted at /mnt. */

import assert from 'node:assert/strict'
import { once } from 'node:events'

import { LARGE, ask, checkKinds } from '../support/kinds.js'
import { openSocket } from '../support/websocket.js'

/** Listens for upgrades, and leaves others to the framework. */
export const upgradeBelow = (python) => (req, socket, head) => {
  if (req.url.startsWith('/mnt/')) python.upgrade(req, socket, head, { prefix: '/mnt' })
}

export async function checkMount (python, port) {
  for (const path of ['/mnt/where', '/mnt/where?x=/mnt/where', '/mnt/a/b/where?/']) {
    const { text } = await ask(port, path)
    assert.equal(text, `/mnt ${path.split('?')[0]}`)
  }
  await checkKinds(python, port, '/mnt')
}

export async function checkBody (port) {
  const { text } = await ask(port, '/mnt/body', { method: 'POST', body: LARGE })
  assert.ok(text === LARGE)
}

export async function checkSocket (port) {
  const client = await openSocket(`ws://127.0.0.1:${port}/mnt/x`)
  client.send('hello')
  while (client.received.length < 2) await once(client, 'message')
  assert.deepEqual(client.received, ['/mnt /mnt/x', 'hello'])
  client.close()
  await client.closed
}
