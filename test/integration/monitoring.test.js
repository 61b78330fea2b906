/** What the command line shows to operators: --metrics, --health and --dashboard. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { connect } from 'node:http2'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'

import { makeCertificate } from '../support/certificate.js'
import { Run } from '../support/run.js'
import { APPS, VENV_PYTHON, eventually } from '../support/harness.js'

const COMMON = ['--docroot', APPS, '--python', VENV_PYTHON, '--workers', '1', '--port', '0']

/** A port that was free a moment ago. */
async function freePort () {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

async function get (url) {
  const response = await fetch(url)
  return { status: response.status, text: await response.text() }
}

describe('node-asgi', { timeout: 60_000 }, () => {
  it('serves metrics and health on an address of their own, until the drain is over', async () => {
    const port = await freePort()
    const run = new Run(['slow_app:app', ...COMMON, '--metrics', `${port}`,
      '--health', `127.0.0.1:${port}`])
    const side = `http://127.0.0.1:${port}`
    const server = `http://127.0.0.1:${await run.port()}`
    await eventually(async () => assert.equal((await get(`${side}/readyz`)).status, 200), 30_000)
    assert.equal((await get(`${side}/livez`)).status, 200)
    await get(`${server}/?ms=1`)
    const { text } = await get(`${side}/metrics`)
    assert.match(text, /^node_asgi_requests_total\{outcome="answered",status="2xx"\} 1$/m)
    assert.match(text, /^node_asgi_workers\{state="ready"\} 1$/m)
    assert.match(text, /^process_cpu_user_seconds_total /m)
    const slow = get(`${server}/?ms=2000`)
    await eventually(async () =>
      assert.match((await get(`${side}/metrics`)).text, /^node_asgi_in_flight 1$/m))
    run.child.kill('SIGTERM')
    await eventually(async () => {
      const { status, text } = await get(`${side}/readyz`)
      assert.equal(status, 503)
      assert.match(text, /stopping/)
    })
    assert.equal((await get(`${side}/livez`)).status, 200)
    assert.equal((await slow).status, 200)
    assert.equal(await run.closed, 0)
    await run.match('stderr', new RegExp(`127.0.0.1:${port}/metrics`))
  })

  it('serves them on paths of the server, and waits before it stops', async () => {
    const run = new Run([...COMMON, '--metrics', '/internal/metrics', '--health', '/',
      '--stop-delay', '1.5', 'slow_app:app'])
    const server = `http://127.0.0.1:${await run.port()}`
    await eventually(async () => assert.equal((await get(`${server}/readyz`)).status, 200), 30_000)
    assert.match((await get(`${server}/internal/metrics`)).text, /^node_asgi_in_flight 0$/m)
    assert.match((await get(`${server}/livezz?ms=1`)).text, /waited/)
    run.child.kill('SIGTERM')
    await eventually(async () => assert.equal((await get(`${server}/readyz`)).status, 503))
    // Those that have not noticed yet are served.
    assert.match((await get(`${server}/?ms=1`)).text, /waited/)
    assert.equal(await run.closed, 0)
  })

  it('let clients keep connections until --stop-delay was over, and then cut them', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'node-asgi-monitoring-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const tls = makeCertificate(folder)
    for (const protocol of ['http/1.1', 'h2']) {
      const secure = protocol === 'h2' ? ['--tls-cert', tls.cert, '--tls-key', tls.key] : []
      const run = new Run(['slow_app:app', ...COMMON, ...secure, '--stop-delay', '30'])
      const port = await run.port()
      const agent = new Agent({ keepAlive: true })
      const session = protocol === 'h2'
        ? connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false })
        : undefined
      const path = '/?ms=1'
      const ask = async () => {
        if (session !== undefined) {
          return (await once(session.request({ ':path': path }).resume(), 'response'))[0]
        }
        const [response] = await once(request({ port, path, agent }).end(), 'response')
        return response.resume().headers
      }
      try {
        const before = await ask()
        assert.notEqual(before.connection, 'close')
        const goaway = session && once(session, 'goaway')
        run.child.kill('SIGTERM')
        await run.match('stderr', /SIGTERM: stopping/)
        if (session === undefined) {
          assert.equal((await ask()).connection, 'close')
          assert.equal((await ask()).connection, 'close', 'new connections are taken')
        } else {
          const [code] = await goaway
          assert.equal(code, 0)
        }
      } finally {
        session?.destroy()
        agent.destroy()
        run.child.kill('SIGTERM')
        await run.closed
      }
    }
  })

  it('says what to install for metrics', async () => {
    const hiding = new URL('../support/programs/without-prom-client.js', import.meta.url)
    const run = new Run(['slow_app:app', ...COMMON, '--metrics', '0'],
      { NODE_OPTIONS: `--import ${hiding}` })
    assert.equal(await run.closed, 2)
    assert.match(run.stderr, /--metrics.*npm install prom-client/)
  })

  it('says which address is taken, before Python is ready', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address()
    const run = new Run(['slow_app:app', ...COMMON, '--health', String(port)])
    assert.equal(await run.closed, 1)
    assert.match(run.stderr, new RegExp(`127.0.0.1:${port}.*EADDRINUSE.*--health`))
    taken.close()
  })

  it('serves a dashboard next to the metrics, and stops although somebody watches', async () => {
    const port = await freePort()
    const run = new Run([...COMMON, '--health', `${port}`, '--dashboard', `${port}`])
    const side = `http://127.0.0.1:${port}`
    await run.port()
    await run.match('stderr', new RegExp(`${side}/dashboard/\n`))
    for (const path of ['/dashboard', '/dashboard/']) {
      assert.match((await get(side + path)).text, /<title>node-asgi<\/title>/)
    }
    assert.equal((await get(`${side}/livez`)).status, 200)
    const events = await fetch(`${side}/dashboard/events`)
    assert.equal(events.status, 200)
    run.child.kill('SIGTERM')
    assert.equal(await run.closed, 0)
    await events.text().catch(() => {})
  })

  it('asks for a token where others can reach the dashboard', async () => {
    for (const place of ['0.0.0.0:0', '/internal']) {
      const open = new Run([...COMMON, '--dashboard', place])
      assert.equal(await open.closed, 2)
      assert.match(open.stderr, /--dashboard .* needs a token\. Set NODE_ASGI_DASHBOARD_TOKEN/)
    }
    const short = new Run([...COMMON, '--dashboard'], { NODE_ASGI_DASHBOARD_TOKEN: 'short' })
    assert.equal(await short.closed, 2)
    assert.match(short.stderr, /NODE_ASGI_DASHBOARD_TOKEN must be a string of at least 16/)
    assert.doesNotMatch(short.stderr, /short/)

    const token = 'correct-horse-battery'
    const run = new Run([...COMMON, '--dashboard', '/internal'],
      { NODE_ASGI_DASHBOARD_TOKEN: token })
    const url = `http://127.0.0.1:${await run.port()}/internal/dashboard/`
    assert.equal((await get(url)).status, 401)
    const headers = { authorization: `Bearer ${token}` }
    assert.equal((await fetch(url, { headers })).status, 200)
    const reload = { method: 'POST', headers: { ...headers, 'x-node-asgi-dashboard': '1' } }
    assert.equal((await fetch(`${url}reload`, reload)).status, 200)
    run.child.kill('SIGTERM')
    assert.equal(await run.closed, 0)
  })
})
