/** What examples/nextjs does, however it is served. */

import assert from 'node:assert/strict'

import { eventually } from '../support/harness.js'
import { openSocket } from '../support/websocket.js'

const HIDDEN = /<input type="hidden" name="([^"]+)"(?: value="([^"]*)")?/g

/**
 * The page, which calls Python while it is rendered, and its server action, as a browser without
 * JavaScript sends it.
 */
export async function checkPage (server) {
  const page = await server.text('/')
  assert.match(page, /teapot: 12\.50/)
  const form = new FormData()
  for (const [, name, value] of page.matchAll(HIDDEN)) {
    form.set(name, value?.replaceAll('&quot;', '"') ?? '')
  }
  form.set('name', 'kettle')
  form.set('price', '20')
  const answer = await fetch(`${server.url}/`, { method: 'POST', body: form })
  assert.equal(answer.status, 200, server.output)
  assert.match(await server.text('/'), /kettle: 20\.00/)
}

export async function checkRoutes (server) {
  assert.match(await server.text('/api/docs'), /\/api\/openapi\.json/)
  assert.deepEqual(JSON.parse(await server.text('/api/items'))[0], { name: 'teapot', price: 12.5 })
  const { address } = JSON.parse(await server.text('/api/client'))
  assert.match(address, /127\.0\.0\.1$/)
  assert.equal((await fetch(`${server.url}/api/none`)).status, 404)
  const invalid = await fetch(`${server.url}/api/items`, {
    method: 'POST', body: '{}', headers: { 'content-type': 'application/json' }
  })
  assert.equal(invalid.status, 422)
}

/** The first pieces arrive before the last ones exist, in both directions. */
export async function checkStreaming (server) {
  const response = await fetch(`${server.url}/api/countdown`)
  const pieces = []
  for await (const piece of response.body) pieces.push(Buffer.from(piece).toString())
  assert.equal(pieces.join(''), '3\n2\n1\n0\n')
  assert(pieces.length > 1, 'it came in one piece')

  const piece = new Uint8Array(100_000)
  const body = new ReadableStream({
    pull (controller) {
      controller.enqueue(piece)
      if (++sent === 30) controller.close()
    }
  })
  let sent = 0
  const upload = await server.text('/api/upload', { method: 'POST', body, duplex: 'half' })
  assert.deepEqual(JSON.parse(upload), { size: 3_000_000 })
}

/** Next.js listens for WebSockets, too, once it has served a page. */
export async function checkSocket (server) {
  const client = await openSocket(`${server.url.replace('http', 'ws')}/api/chat`)
  client.send('hello')
  await eventually(() => assert.deepEqual(client.received, ['Python heard hello']))
  client.close()
  await client.closed
}

/** The fork server and its worker. */
export async function checkOnePool (server) {
  await eventually(() => assert.equal(server.pythons, 2), 10_000)
}
