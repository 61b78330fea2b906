/**
 * examples/ray-serve in Ray, with Node in front. With a second node, which is killed, only if
 * NODE_ASGI_TEST_SCALE is `full`: the rest takes half as long.
 */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import { PythonHandler } from '../../../addon/lib/index.js'
import { eventually } from '../../support/harness.js'
import { Cluster, skip } from './cluster.js'

/** Requests at a time, as many as two replicas are meant to have. */
const CLIENTS = 16

const isFull = process.env.NODE_ASGI_TEST_SCALE === 'full'
const full = { skip: !isFull && 'npm run test:ray runs it' }

describe('Ray Serve', { skip, timeout: 800_000 }, () => {
  /** @type {Cluster} */
  let cluster
  /** @type {PythonHandler} */
  let python
  let server
  let url
  const events = []
  before(async () => {
    cluster = await Cluster.start()
    python = new PythonHandler({ remote: cluster.urls, logger: false })
    for (const name of ['endpoint:ejected', 'endpoint:recovered']) {
      python.on(name, () => events.push(name))
    }
    server = createServer(python.listener).listen(0, '127.0.0.1')
    await once(server, 'listening')
    url = `http://127.0.0.1:${server.address().port}`
  })
  after(async () => {
    server?.closeAllConnections()
    server?.close()
    await python?.close()
    await cluster?.stop()
  })

  const state = async () => (await fetch(`${url}/test/state`)).json()

  it('answers', async () => {
    const response = await fetch(`${url}/predict?text=hello`)
    assert.equal(response.status, 200)
    assert.equal((await response.json()).label, 'short')
  })

  it('streams tokens one by one', async () => {
    const response = await fetch(`${url}/generate?prompt=word&tokens=10`)
    assert.match(response.headers.get('content-type'), /text\/event-stream/)
    const parts = []
    for await (const bytes of response.body) parts.push(Buffer.from(bytes).toString())
    assert.equal(parts.join(''),
      Array.from({ length: 10 }, (_, i) => `data: "word ${i}"\n\n`).join(''))
    assert(parts.length >= 5, `${parts.length} parts`)
  })

  it('stops a stream whose reader has gone', async () => {
    const controller = new AbortController()
    const { body } = await fetch(`${url}/test/stream?megabytes=1000&pause=0.1`,
      { signal: controller.signal })
    await body.getReader().read()
    assert.equal((await state()).open, 1)
    controller.abort()
    await eventually(async () => assert.equal((await state()).open, 0), 30_000)
    assert((await state()).made < 1000)
  })

  it('does not hold back a stream whose reader does not read', async () => {
    const client = request(`${url}/test/stream?megabytes=200`).end()
    const [response] = await once(client, 'response')
    // If Ray learns to hold it back, the guide must say so.
    await eventually(async () => assert.equal((await state()).made, 200), 30_000)
    let length = 0
    for await (const bytes of response) length += bytes.length
    assert.equal(length, 200 << 20)
  })

  it('adds replicas under load, and no request fails', full, async (t) => {
    const { replicas, nodes } = await cluster.add()
    assert.deepEqual({ replicas, nodes }, { replicas: 1, nodes: 2 })
    const load = new Load(url)
    t.after(() => load.stop())
    // The second node has a proxy as soon as it has a replica.
    await eventually(async () => {
      const { replicas, proxies } = await cluster.status()
      assert(replicas === 2 && proxies === 2)
      assert.equal(load.processes.size, 2)
    }, 240_000)
    await load.stop()
    assert.deepEqual(load.failures, [])
  })

  it('repeats what it may when a node is killed, and the rest fails', full, async (t) => {
    const load = new Load(url)
    t.after(() => load.stop())
    await eventually(() => assert(python.stats().endpoints.every(({ inFlight }) => inFlight > 1)),
      120_000)
    await cluster.kill()
    await load.answers(100)
    const failed = load.failures.length
    await load.answers(100)
    await load.stop()
    t.diagnostic(`${load.total} requests; failed: ${JSON.stringify(load.failures)}; ` +
      `retried: ${python.stats().retried}; events: ${events}`)
    // At most those that were in flight.
    assert(failed <= CLIENTS, `${failed} failed`)
    assert.deepEqual(load.failures.slice(failed), [], 'later ones succeed')
    assert(python.stats().retried + failed > 0)
    assert(events.includes('endpoint:ejected'), String(events))
  })
})

/** Requests, always as many at a time. GET may be repeated, POST, which is every third, not. */
class Load {
  total = 0
  failures = []
  processes = new Set()
  #sent = 0
  #isStopping = false

  constructor (url) {
    this.done = Promise.all(Array.from({ length: CLIENTS }, () =>
      this.#ask(`${url}/predict?text=hello`)))
  }

  async #ask (url) {
    while (!this.#isStopping) {
      const method = this.#sent++ % 3 === 0 ? 'POST' : 'GET'
      const response = await fetch(url, { method })
      const text = await response.text()
      this.total++
      if (response.status === 200) this.processes.add(JSON.parse(text).pid)
      else this.failures.push(`${method} ${response.status} ${text.slice(0, 60)}`)
    }
  }

  /** Waits for that many more answers. */
  async answers (count) {
    const end = this.total + count
    while (this.total < end) await sleep(20)
  }

  async stop () {
    this.#isStopping = true
    await this.done
  }
}
