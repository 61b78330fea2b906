import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { test } from 'node:test'

import { Registry } from 'prom-client'

import { createMetrics } from '../../../addon/lib/adapters/metrics.js'
import { block } from '../../support/time.js'
import { fakeHandler, onDemand } from '../../support/fake-handler.js'

/**
 * @param {Registry} registry
 * @returns {Promise<Map<string, number>>} values by name and labels, as Prometheus sees them
 */
async function scrape (registry) {
  const lines = (await registry.metrics()).split('\n')
  return new Map(lines.filter((line) => line !== '' && !line.startsWith('#')).map((line) => {
    const space = line.lastIndexOf(' ')
    return [line.slice(0, space), Number(line.slice(space + 1))]
  }))
}

/** A handler that is ready, with metrics of its own. */
async function measured (t, options, behaviour, more) {
  const { python, fake } = fakeHandler(t, options, behaviour)
  const registry = new Registry()
  const metrics = createMetrics(python, { registry, ...more })
  t.after(() => metrics.stop())
  await python.ready
  return { python, fake, registry, metrics }
}

test('requests are counted by outcome and class of the status', async (t) => {
  const { python, registry } = await measured(t, {}, {
    app: (request) => {
      if (request.path === '/raise') request.raise('ValueError', 'x', '')
      else request.respond(Number(request.path.slice(1)), 'ok')
    }
  })
  for (const path of ['/200', '/204', '/404', '/500', '/raise']) {
    await python.handleRequest({ url: path }).catch(() => {})
  }
  const values = await scrape(registry)
  const count = (outcome, status) =>
    values.get(`node_asgi_requests_total{outcome="${outcome}",status="${status}"}`)
  assert.deepEqual([count('answered', '2xx'), count('answered', '4xx'), count('answered', '5xx'),
    count('failed', 'none'), count('timeout', 'none')], [2, 1, 1, 1, 0])
  assert.equal(values.get('node_asgi_request_duration_seconds_count'), 5)
  assert.equal(values.get('node_asgi_queue_seconds_count'), 5)
})

test('what a request waits for is in the histograms, and what waits in the gauges', async (t) => {
  const { python, fake, registry } = await measured(t, { concurrency: 1 }, onDemand)
  const slow = python.handleRequest({ url: '/slow' })
  const quick = python.handleRequest({ url: '/quick' })
  const busy = await scrape(registry)
  assert.equal(busy.get('node_asgi_in_flight'), 1)
  assert.equal(busy.get('node_asgi_queue_length'), 1)
  assert.equal(busy.get('node_asgi_requests_total{outcome="answered",status="2xx"}'), 0)
  await new Promise((resolve) => setTimeout(resolve, 5))
  fake.requests[0].respond(200, '')
  await Promise.all([slow, quick])
  const idle = await scrape(registry)
  assert.equal(idle.get('node_asgi_in_flight'), 0)
  assert.equal(idle.get('node_asgi_queue_length'), 0)
  assert.ok(idle.get('node_asgi_queue_seconds_sum') > 0.001)
  assert.equal(idle.get('node_asgi_queue_seconds_bucket{le="0.001"}'), 1)
})

test('a request that no worker got has no duration', async (t) => {
  const { python, registry } = await measured(t)
  await python.close()
  await assert.rejects(python.handleRequest({ url: '/' }))
  const values = await scrape(registry)
  assert.equal(values.get('node_asgi_requests_total{outcome="rejected",status="none"}'), 1)
  assert.equal(values.get('node_asgi_request_duration_seconds_count'), 0)
})

test('counters stay right when workers are replaced, and series of old workers end', async (t) => {
  const { python, fake, registry } = await measured(t, { workers: 2 })
  await python.handleRequest({ url: '/' })
  await python.reload()
  await python.handleRequest({ url: '/' })
  fake.workers.at(-1).exit(null, 11)
  for (let i = 0; i < 10; i++) await new Promise(setImmediate)
  await python.handleRequest({ url: '/' })
  const values = await scrape(registry)
  const get = (rest) => values.get(`node_asgi_${rest}`)
  assert.equal(get('requests_total{outcome="answered",status="2xx"}'), 3)
  assert.equal(get('reloads_total{result="success"}'), 1)
  assert.equal(get('reloads_total{result="failure"}'), 0)
  assert.equal(get('worker_restarts_total{reason="reload"}'), 2)
  assert.equal(get('worker_restarts_total{reason="crash"}'), 1)
  assert.equal(get('worker_restarts_total{reason="hung"}'), 0)
  assert.deepEqual(['starting', 'ready', 'draining'].map((state) =>
    get(`workers{state="${state}"}`)), [0, 2, 0])
  const workers = [...values.keys()].filter((key) => key.includes('worker_memory_bytes{'))
  assert.deepEqual(workers.sort(), ['3', '5'].map((id) =>
    `node_asgi_worker_memory_bytes{worker="${id}"}`))
})

test('the rings of each worker show how full they are', async (t) => {
  const { fake, registry } = await measured(t, { requestRing: 2 ** 20, responseRing: 2 ** 18 })
  fake.channels[0].used = { request: 2 ** 19, response: 2 ** 18, backlog: 7 }
  const values = await scrape(registry)
  const used = (ring) => values.get(`node_asgi_ring_used_ratio{worker="1",ring="${ring}"}`)
  assert.deepEqual([used('request'), used('response')], [0.5, 1])
  assert.equal(values.get('node_asgi_ring_backlog_bytes{worker="1"}'), 7)
})

test('the lag of Node is the longest since the last scrape', async (t) => {
  const { registry } = await measured(t)
  const lag = async () => (await scrape(registry))
    .get('node_asgi_event_loop_lag_seconds{process="node",worker=""}')
  const turn = () => new Promise((resolve) => setTimeout(resolve, 50))
  await turn()
  block(300)
  await turn()
  assert.ok(await lag() > 0.2)
  await turn()
  assert.ok(await lag() < 0.2)
})

test('several handlers share a registry when their labels differ', async (t) => {
  const registry = new Registry()
  const first = await measured(t, {}, {}, { registry, labels: { app: 'a' } })
  const second = await measured(t, {}, {}, { registry, labels: { app: 'b' } })
  for (const labels of [{ app: 'b' }, {}, { other: 'c' }]) {
    const { python } = fakeHandler(t)
    assert.throws(() => createMetrics(python, { registry, labels }), { option: 'labels' })
  }
  await first.python.handleRequest({ url: '/' })
  const name = (app) => `node_asgi_requests_total{app="${app}",outcome="answered",status="2xx"}`
  const both = await scrape(registry)
  assert.deepEqual([both.get(name('a')), both.get(name('b'))], [1, 0])
  first.metrics.stop()
  const one = await scrape(registry)
  assert.deepEqual([...one.keys()].filter((key) => key.includes('app="a"')), [])
  assert.equal(one.get(name('b')), 0)
  second.metrics.stop()
  assert.equal((await scrape(registry)).size, 0)
})

test('after stop() nothing observes, and metrics can be created again', async (t) => {
  const { python, registry, metrics } = await measured(t)
  assert.throws(() => createMetrics(python, { registry }), { option: 'labels' })
  metrics.stop()
  metrics.stop()
  const again = createMetrics(python, { registry })
  await python.handleRequest({ url: '/' })
  const values = await scrape(registry)
  assert.equal(values.get('node_asgi_requests_total{outcome="answered",status="2xx"}'), 1)
  again.stop()
})

/** All metrics of a local and a remote handler, as names and labels. */
async function described (t) {
  const { registry } = await measured(t)
  const { python } = fakeHandler(t, { remote: 'http://127.0.0.1:1' })
  const other = new Registry()
  const { stop } = createMetrics(python, { registry: other })
  const known = new Map()
  for (const { name, values } of [...await registry.getMetricsAsJSON(),
    ...await other.getMetricsAsJSON()]) {
    const labels = values.flatMap(({ labels }) => Object.keys(labels))
    known.set(name, new Set([...known.get(name) ?? [], ...labels]))
  }
  stop()
  return known
}

const read = (path) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')

test('the dashboard asks for metrics and labels that exist', async (t) => {
  const known = await described(t)
  const dashboard = JSON.parse(read('examples/observability/grafana-dashboard.json'))
  const queries = [...dashboard.panels.flatMap(({ targets }) => targets),
    ...dashboard.annotations.list].map(({ expr }) => expr)
  queries.push(...dashboard.templating.list.flatMap(({ definition }) => definition ?? []))
  const asked = new Set()
  for (const query of queries) {
    const names = query.match(/\bnode_asgi_\w+/g)
    const metrics = names.map((name) => known.has(name) ? name : name.replace(/_bucket$/, ''))
    for (const name of metrics) assert.ok(known.has(name), `there is no ${name}: ${query}`)
    for (const name of metrics) asked.add(name)
    const labels = [...query.matchAll(/by \(([^)]*)\)/g)].flatMap(([, list]) => list.split(', '))
    labels.push(...[...query.matchAll(/(\w+)=~?"/g)].map(([, label]) => label))
    for (const label of labels) {
      // Prometheus adds these.
      if (['job', 'instance'].includes(label)) continue
      assert.ok(metrics.some((name) => known.get(name).has(label)), `no ${label}: ${query}`)
    }
  }
  assert.deepEqual([...known.keys()].filter((name) => !asked.has(name)), [],
    'the dashboard does not show every metric')
})

test('the guide lists every metric with its labels', async (t) => {
  const guide = read('docs/observability.md')
  for (const [name, labels] of await described(t)) {
    const own = [...labels].filter((label) => label !== 'le')
    const shown = own.length === 0 ? `\`${name}\`` : `\`${name}{${own.join(',')}}\``
    assert.ok(guide.includes(shown), `${shown} is not in docs/observability.md`)
  }
})

test('wrong arguments are refused, with their names', (t) => {
  const { python } = fakeHandler(t)
  const registry = new Registry()
  assert.throws(() => createMetrics({}), { option: 'python' })
  for (const [option, value] of [
    ['registry', {}], ['prefix', '1x'], ['prefix', ''], ['labels', { app: 1 }],
    ['labels', { 'a-b': 'c' }], ['buckets', []], ['buckets', [1, 1]], ['buckets', ['a']],
    ['bucket', [1]]
  ]) {
    assert.throws(() => createMetrics(python, { registry, [option]: value }),
      { code: 'ERR_INVALID_OPTION', option }, `${option} ${JSON.stringify(value)}`)
  }
})

test('the listener serves the registry', async (t) => {
  const { registry, metrics } = await measured(t)
  const server = createServer(metrics.listener).listen(0, '127.0.0.1')
  t.after(() => { server.closeAllConnections(); server.close() })
  await once(server, 'listening')
  const url = `http://127.0.0.1:${server.address().port}/metrics`
  const response = await fetch(url)
  assert.equal(response.headers.get('content-type'), registry.contentType)
  assert.match(await response.text(), /^node_asgi_workers\{state="ready"\} 1$/m)
  const head = await fetch(url, { method: 'HEAD' })
  assert.deepEqual([head.status, await head.text()], [200, ''])
  const post = await fetch(url, { method: 'POST', body: 'x' })
  assert.deepEqual([post.status, post.headers.get('allow')], [405, 'GET, HEAD'])
  t.mock.method(registry, 'metrics', async () => { throw new Error('mine') })
  assert.equal((await fetch(url)).status, 500)
})
