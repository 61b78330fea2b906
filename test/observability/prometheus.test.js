/** A real Prometheus scrapes a handler, and draws the graph of a reload. */

import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'

import { Registry } from 'prom-client'

import { createMetrics } from '../../addon/lib/adapters/metrics.js'
import { PythonHandler } from '../../addon/lib/index.js'
import { APPS, VENV_PYTHON, eventually } from '../support/harness.js'

const isInstalled = spawnSync('prometheus', ['--version']).error === undefined
const skip = !isInstalled && 'needs the Debian package prometheus'

/** Seconds. */
const INTERVAL = 0.2

async function listening (server) {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server.address().port
}

/** Starts Prometheus, and returns what asks it. */
async function startPrometheus (folder, target) {
  const reserved = createServer()
  const port = await listening(reserved)
  reserved.close()
  writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify({
    global: { scrape_interval: `${INTERVAL * 1000}ms`, scrape_timeout: `${INTERVAL * 1000}ms` },
    scrape_configs: [{ job_name: 'node-asgi', static_configs: [{ targets: [target] }] }]
  }))
  const child = spawn('prometheus', [
    `--config.file=${join(folder, 'prometheus.yml')}`, `--storage.tsdb.path=${folder}/data`,
    `--web.listen-address=127.0.0.1:${port}`, '--log.level=error'
  ], { stdio: ['ignore', 'ignore', 'inherit'] })
  const closed = once(child, 'close')
  const ask = async (path, parameters) => {
    const response = await fetch(
      `http://127.0.0.1:${port}/api/v1/${path}?${new URLSearchParams(parameters)}`)
    const { status, error, data } = await response.json()
    assert.equal(status, 'success', error)
    return data.result
  }
  /** @returns {Promise<number | undefined>} the newest value */
  const value = async (query) => {
    const [first] = await ask('query', { query })
    return first && Number(first.value[1])
  }
  const stop = async () => {
    child.kill()
    await closed
  }
  await eventually(() => ask('query', { query: 'up' }), 20_000)
  return { ask, value, stop }
}

describe('Prometheus', { skip, timeout: 120_000 }, () => {
  it('draws the graph of a reload, in which no counter falls', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'node-asgi-prometheus-'))
    const python = new PythonHandler({
      docroot: APPS, appTarget: 'main:app', python: VENV_PYTHON, workers: 2, logger: false
    })
    const metrics = createMetrics(python, { registry: new Registry() })
    const server = createServer(metrics.listener)
    const port = await listening(server)
    let prometheus
    const load = setInterval(() => { python.handleRequest({ url: '/' }).catch(() => {}) }, 20)
    try {
      await python.ready
      const text = await metrics.registry.metrics()
      const check = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' })
      assert.equal(check.stdout + check.stderr, '')
      assert.equal(check.status, 0)

      prometheus = await startPrometheus(folder, `127.0.0.1:${port}`)
      const { ask, value } = prometheus
      await eventually(async () =>
        assert.equal(await value('node_asgi_workers{state="ready"}'), 2), 20_000)
      const start = Date.now() / 1000
      const before = await value('sum(node_asgi_requests_total)')
      await python.reload()
      await eventually(async () => {
        assert.equal(await value('node_asgi_reloads_total{result="success"}'), 1)
        assert.equal(await value('node_asgi_worker_restarts_total{reason="reload"}'), 2)
        assert.equal(await value('node_asgi_workers{state="ready"}'), 2)
        assert.ok(await value('sum(node_asgi_requests_total)') > before)
      }, 20_000)

      const range = { start, end: Date.now() / 1000, step: INTERVAL }
      const graph = async (query) => (await ask('query_range', { query, ...range }))
        .map(({ values }) => values.map(([, text]) => Number(text)))
      const [ready] = await graph('node_asgi_workers{state="ready"}')
      assert.ok(ready.every((count) => count >= 2), `a worker was missing: ${ready}`)
      for (const counter of ['node_asgi_requests_total', 'node_asgi_worker_restarts_total',
        'node_asgi_reloads_total', 'node_asgi_request_duration_seconds_count']) {
        for (const values of await graph(counter)) {
          const sorted = values.toSorted((a, b) => a - b)
          assert.deepEqual(values, sorted, `${counter} has fallen`)
        }
      }

      // Every panel of the dashboard is a query that Prometheus answers.
      const dashboard = JSON.parse(readFileSync(
        new URL('../../examples/observability/grafana-dashboard.json', import.meta.url), 'utf8'))
      for (const { title, targets } of dashboard.panels) {
        for (const { expr } of targets) {
          const query = expr.replaceAll('$__rate_interval', '5s').replaceAll(/\$(job|instance)/g,
            '.*')
          // Nothing goes wrong here, and the pool is not remote.
          const isRare = /> 0$|node_asgi_endpoints/.test(query)
          // A rate needs two scrapes of a worker.
          await eventually(async () => {
            const result = await ask('query', { query }).catch((error) => assert.fail(
              `${title}: ${query}: ${error.message}`))
            assert.ok(isRare || result.length > 0, `${title}: there is nothing in ${query}`)
          })
        }
      }
    } finally {
      clearInterval(load)
      await prometheus?.stop()
      metrics.stop()
      server.closeAllConnections()
      server.close()
      await python.close()
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
