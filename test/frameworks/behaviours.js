/**
 * The behaviours that every framework is tested for, over the network. A behaviour gets the address
 * of the server and throws if something is wrong.
 */

import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import http from 'node:http'

import { eventually } from '../support/harness.js'
import { openSocket, refusedSocket } from '../support/websocket.js'

const FILE = readFileSync(new URL('apps/content.txt', import.meta.url), 'utf8')
const HELLO = { name: 'x', greeting: 'hi' }

const json = async (response, status = 200) => {
  const text = await response.text()
  assert.equal(response.status, status, text)
  return JSON.parse(text)
}

const post = (url, body, type) =>
  fetch(url, { method: 'POST', body, headers: type === undefined ? {} : { 'content-type': type } })

const sockets = (base) => base.replace('http', 'ws')

/** Links that an app generates must lead back to it. */
async function links (base) {
  const answer = await json(await fetch(`${base}/url`))
  assert.deepEqual(await json(await fetch(new URL(answer.url, base))), HELLO)
  const redirect = await fetch(`${base}/redirect`, { redirect: 'manual' })
  assert.ok(redirect.status >= 301 && redirect.status <= 308)
  const target = new URL(redirect.headers.get('location'), base)
  assert.ok(target.pathname.startsWith(new URL(base).pathname.replace(/\/$/, '')), target.pathname)
  assert.deepEqual(await json(await fetch(target)), HELLO)
}

/** @type {Record<string, (base: string) => Promise<void>>} */
export const BEHAVIOURS = {
  'routing, query parameters': async (base) => {
    const found = await json(await fetch(`${base}/hello/w%C3%B6rld?greeting=good%20day`))
    assert.deepEqual(found, { name: 'wörld', greeting: 'good day' })
  },
  'JSON bodies': async (base) => {
    const item = { name: 'ü', price: 1.5 }
    assert.deepEqual(await json(await post(`${base}/json`, JSON.stringify(item),
      'application/json'), 201), item)
  },
  forms: async (base) => {
    const answer = await post(`${base}/form`, new URLSearchParams({ a: 'b & c' }))
    assert.deepEqual(await json(answer), { a: 'b & c' })
  },
  uploads: async (base) => {
    const bytes = randomBytes(1024 * 1024)
    const form = new FormData()
    form.set('file', new Blob([bytes]), 'data.bin')
    assert.deepEqual(await json(await post(`${base}/upload`, form)), {
      filename: 'data.bin',
      size: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex')
    })
  },
  'streamed responses': async (base) => {
    const [response] = await once(http.get(`${base}/stream`), 'response')
    assert.equal((await response.toArray()).join(''), '0\n1\n2\n3\n4\n')
  },
  'headers, repeated cookies': async (base) => {
    const response = await fetch(`${base}/headers`, { headers: { 'x-probe': 'yes, it is' } })
    assert.deepEqual(await json(response), { probe: 'yes, it is' })
    assert.equal(response.headers.get('x-test'), 'yes')
    assert.deepEqual(response.headers.getSetCookie().map((cookie) => cookie.split(';')[0]),
      ['a=1', 'b=2'])
  },
  'client cookies': async (base) => {
    const response = await fetch(`${base}/cookie`, { headers: { cookie: 'a=b; c=d' } })
    assert.deepEqual(await json(response), { c: 'd' })
  },
  'links and redirects': links,
  'links behind a proxy that strips the prefix': links,
  'links below a server prefix': links,
  'an exception is a 500': async (base) => {
    assert.equal((await fetch(`${base}/error`)).status, 500)
  },
  'an unknown path is a 404': async (base) => {
    assert.equal((await fetch(`${base}/missing`)).status, 404)
  },
  'file responses': async (base) => {
    const response = await fetch(`${base}/file`)
    assert.equal(response.status, 200)
    assert.equal(await response.text(), FILE)
  },
  'HEAD for a file': async (base) => {
    const response = await fetch(`${base}/file`, { method: 'HEAD' })
    assert.ok([200, 405].includes(response.status))
    assert.equal(await response.text(), '')
  },
  'sync code in threads': async (base) => {
    assert.deepEqual(await json(await fetch(`${base}/sync`)), { main: false })
  },
  lifespan: async (base) => {
    assert.deepEqual(await json(await fetch(`${base}/state`)), { greeting: 'from lifespan' })
  },
  'background tasks': async (base) => {
    await fetch(`${base}/background`)
    await eventually(async () => {
      const { done } = await json(await fetch(`${base}/background`))
      assert.ok(done.length > 0)
    })
  },
  'WebSocket: text, bytes, subprotocol': async (base) => {
    const client = await openSocket(`${sockets(base)}/ws`, ['other', 'chat'])
    assert.equal(client.protocol, 'chat')
    const sent = ['text ☃', Buffer.from([0, 255]), 'z'.repeat(200_000)]
    for (const message of sent) client.send(message)
    await eventually(() => assert.deepEqual(client.received, sent))
    client.close()
    await client.closed
  },
  'WebSocket: close with code and reason': async (base) => {
    const client = await openSocket(`${sockets(base)}/ws`)
    client.send('close')
    assert.deepEqual(await client.closed, [4001, 'bye'])
  },
  'WebSocket: refused': async (base) => {
    assert.equal((await refusedSocket(`${sockets(base)}/ws-reject`)).status, 403)
  }
}
