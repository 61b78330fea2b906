/** A custom server of Next.js (production build, `compress: true`), with Python in its process. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

import { startPython } from '../support/harness.js'
import { LARGE, ask, checkKinds } from '../support/kinds.js'
import { load, skip } from './installed.js'
import { checkBody, checkMount, checkSocket, upgradeBelow } from './mounted.js'

const JSON_TYPE = { 'content-type': 'application/json' }

/** Servers that divide the requests between Next.js and Python. */
const servers = {
  'a listener that chooses': (python, handle) => http.createServer((req, res) => {
    if (req.url.startsWith('/mnt/')) python.listener(req, res, { prefix: '/mnt' })
    else handle(req, res)
  }).on('upgrade', upgradeBelow(python)),
  'python.attach': (python, handle) => {
    const server = http.createServer(handle)
    python.attach(server, { prefix: '/mnt' })
    return server
  }
}

describe('Next.js', { skip }, () => {
  let next
  let python
  /** The log of the handler. */
  const lines = []
  const keep = (line) => lines.push(line)

  before(async () => {
    process.env.NEXT_TELEMETRY_DISABLED = '1'
    const create = await load('next')
    next = create({ dev: false, dir: fileURLToPath(new URL('next-app', import.meta.url)) })
    python = globalThis.python = startPython({
      appTarget: 'kinds_app:app', logger: { debug () {}, info () {}, warn: keep, error: keep }
    })
    await Promise.all([next.prepare(), python.ready])
  })
  after(async () => {
    await Promise.all([python.close(), next.close()])
    delete globalThis.python
  })

  async function serving (make, run) {
    const server = make(python, next.getRequestHandler())
    await once(server.listen(0, '127.0.0.1'), 'listening')
    try {
      await run(server.address().port)
    } finally {
      server.closeAllConnections()
      server.close()
    }
  }

  async function checkPage (port) {
    const page = await ask(port, '/')
    assert.deepEqual([page.status, page.headers['content-encoding']], [200, 'gzip'])
    assert.match(page.text, /page of Next\.js/)
  }

  for (const [name, make] of Object.entries(servers)) {
    it(`serves pages beside Python: ${name}`, () => serving(make, async (port) => {
      // Next.js listens for upgrades from its first request on.
      await checkSocket(port)
      await checkPage(port)
      await checkSocket(port)
      await checkMount(python, port)
      await checkBody(port)
      await checkPage(port)
    }))

    it(`shares a connection with Python: ${name}`, () => serving(make, async (port) => {
      const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
      const sockets = new Set()
      const paths = ['/', '/mnt/small', '/', '/mnt/large', '/mnt/error', '/none', '/mnt/304']
      for (const path of paths) {
        const request = http.get({ port, path, host: '127.0.0.1', agent })
        const [response] = await once(request, 'response')
        sockets.add(request.socket)
        await response.toArray()
      }
      assert.equal(sockets.size, 1)
      agent.destroy()
    }))
  }

  const pages = (_, handle) => http.createServer(handle)

  it('passes responses of every kind from an API route, compressed', () =>
    serving(pages, async (port) => {
      const { headers, text } = await ask(port, '/api/pieces')
      assert.equal(headers['content-encoding'], 'gzip')
      assert.ok(text === LARGE)
      await checkKinds(python, port, '/api')
      const sent = { method: 'POST', headers: JSON_TYPE, body: '{"a": 1.0}' }
      assert.equal((await ask(port, '/api/body', sent)).text, sent.body)
    }))

  it('tells that an API route has parsed the body', () => serving(pages, async (port) => {
    const sent = { method: 'POST', headers: JSON_TYPE, body: '{"a": 1.0}' }
    assert.equal((await ask(port, '/api/parsed/body', sent)).status, 500)
    assert.match(lines.at(-1), /POST \/api\/parsed\/body: .*switch the parser off/)
    const text = { ...sent, headers: { 'content-type': 'text/plain' } }
    assert.equal((await ask(port, '/api/parsed/body', text)).text, text.body)
    assert.equal((await ask(port, '/api/parsed/small')).text, 'small')
  }))

  it('passes responses of every kind from a route handler', () => serving(pages, async (port) => {
    // The promise of fetch() is rejected, and Next.js answers.
    await checkKinds(python, port, '/fetched', '')
    const sent = { method: 'POST', body: LARGE }
    assert.ok((await ask(port, '/fetched/body', sent)).text === LARGE)
    assert.equal((await ask(port, '/fetched/where')).text, ' /fetched/where')
  }))
})
