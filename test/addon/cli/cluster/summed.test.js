/** What is put together of several processes, of which some say nonsense. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { AggregatorRegistry, Counter, Gauge, Histogram, Registry } from 'prom-client'

import { MergedSnapshots } from '../../../../addon/lib/cli/cluster/merged-snapshots.js'
import { sumHealth } from '../../../../addon/lib/cli/cluster/summed-health.js'
import { SummedMetrics } from '../../../../addon/lib/cli/cluster/summed-metrics.js'
import { Recorder } from '../../../../addon/lib/dashboard/recorder.js'

const NONSENSE = [null, 7, 'text', [], {}, [null], [{ name: 'x' }], { sections: 7 },
  { sections: { workers: [null, 7], running: 7, failures: 'x', timeline: [{}], pool: 3 } },
  [{ name: 'x', type: 'counter', values: [{ value: 'many', labels: {} }] }], { workers: 7 }]

const member = (number, answer, pid = number) =>
  ({ number, pid, ask: async (...question) => answer(...question) })

function registryOf (count, memory) {
  const registry = new Registry()
  const registers = [registry]
  new Counter({ name: 'requests', help: 'r', registers }).inc(count)
  new Counter({ name: 'cpu', help: 'c', labelNames: ['worker'], registers }).inc({ worker: 1 }, 5)
  new Gauge({ name: 'memory', help: 'm', labelNames: ['worker'], registers })
    .set({ worker: 1 }, memory)
  new Histogram({ name: 'duration', help: 'd', buckets: [1], registers }).observe(0.5)
  return registry
}

describe('metrics', () => {
  it('are added up, but not those of workers with the same number', async () => {
    const all = [10, 20].map((n, i) => member(i + 1, () => registryOf(n, n).getMetricsAsJSON()))
    const text = await (await new SummedMetrics(all, AggregatorRegistry).read()).metrics()
    assert.match(text, /^requests 30$/m)
    assert.match(text, /^memory{worker="1\.1"} 10$/m)
    assert.match(text, /^memory{worker="2\.1"} 20$/m)
    assert.match(text, /^duration_count 2$/m)
  })

  it('became less when a process ended, and Prometheus counted everything again', async () => {
    const a = member(1, () => registryOf(10, 1).getMetricsAsJSON())
    const b = member(2, () => registryOf(20, 1).getMetricsAsJSON())
    const sum = new SummedMetrics([a, b], AggregatorRegistry)
    await sum.read()
    b.pid = 0
    b.ask = async () => { throw new Error('the process has ended') }
    assert.match(await (await sum.read()).metrics(), /^requests 30$/m)
    b.pid = 3
    b.ask = async () => registryOf(1, 1).getMetricsAsJSON()
    for (const n of [1, 2]) {
      assert.ok(n)
      const text = await (await sum.read()).metrics()
      assert.match(text, /^requests 31$/m)
      assert.match(text, /^duration_count 3$/m)
      assert.match(text, /^cpu{worker="2\.1"} 5$/m)
    }
  })

  it('of a process that does not answer are what it said last', async () => {
    const a = member(1, () => registryOf(10, 1).getMetricsAsJSON())
    const sum = new SummedMetrics([a], AggregatorRegistry)
    await sum.read()
    for (const nonsense of NONSENSE.filter((each) => !Array.isArray(each) || each.length > 0)) {
      a.ask = async () => nonsense
      assert.match(await (await sum.read()).metrics(), /^requests 10$/m)
    }
  })
})

describe('health', () => {
  const answer = (ready) => ({
    ready,
    reason: ready ? null : 'no worker can be started',
    code: ready ? null : 'ERR_X',
    state: ready ? 'running' : 'failed',
    workers: { starting: 0, ready: ready ? 2 : 0, draining: 1 },
    queued: 3
  })

  it('is good while one process is ready', async () => {
    const all = [member(1, () => answer(true)), member(2, () => answer(false))]
    assert.deepEqual(await sumHealth(all, null), {
      ready: true,
      reason: null,
      code: null,
      state: 'running',
      processes: { ready: 1, wanted: 2 },
      workers: { starting: 0, ready: 2, draining: 2 },
      queued: 6
    })
    const { ready, reason } = await sumHealth(all, 'stopping')
    assert.deepEqual([ready, reason], [false, 'stopping'])
  })

  it('left out the endpoints of a remote application', async () => {
    const endpoints = { connecting: 0, up: 2, out: 1, trial: 0, leaving: 0 }
    const all = [1, 2].map((n) => member(n, () => ({ ...answer(true), endpoints })))
    assert.deepEqual((await sumHealth(all, null)).endpoints,
      { connecting: 0, up: 4, out: 2, trial: 0, leaving: 0 })
  })

  it('says why no process is ready', async () => {
    const { ready, reason, code } = await sumHealth([member(1, () => answer(false))], null)
    assert.deepEqual([ready, reason, code], [false, 'no worker can be started', 'ERR_X'])
    for (const nonsense of NONSENSE) {
      const found = await sumHealth([member(1, () => nonsense)], null)
      assert.equal(found.ready, false)
      assert.equal(typeof found.reason, 'string')
    }
  })
})

describe('snapshots for the dashboard', () => {
  /** A process whose requests took some milliseconds each, a second ago. */
  function processOf (number, times) {
    const now = Date.now()
    let clock = now - 1000
    const recorder = new Recorder({ now: () => clock })
    const request = { type: 'http', method: 'GET', path: '/', rootPath: '', status: 200 }
    for (const time of times) recorder.onResponse({ ...request, acceptedAt: 0, startedAt: time })
    clock = now
    const sections = {
      pool: { app: 'main:app', state: 'running', ready: 1, wanted: 1, inFlight: 2, queued: 0 },
      workers: [{ id: 1, pid: number }],
      running: {
        count: 1, long: 1, list: [{ key: 'k', worker: 1, age: 10 * number, state: 'running' }]
      },
      failures: [{ id: 4, worker: 0, last: number }, { id: 5, worker: 1, last: 10 * number }],
      timeline: [{ time: number, text: 'Worker 1 (pid 7) crashed' }]
    }
    return member(number, (topic, { since }) => ({ sections, ...recorder.raw(since) }))
  }

  it('are one: percentiles of all requests, and names that find the process', async () => {
    const all = [processOf(1, Array(98).fill(1)), processOf(2, [100, 100])]
    const merged = new MergedSnapshots(all, async () => {})
    const { sections } = await merged.read(0)
    assert.equal(sections.pool.ready, 2)
    assert.equal(sections.routes[0].count, 100)
    assert.equal(sections.routes[0].max, 100)
    assert.ok(sections.routes[0].p95 < 2)
    assert.deepEqual(sections.workers.map(({ id }) => id), ['1.1', '2.1'])
    assert.deepEqual(sections.running.list.map(({ worker }) => worker), ['2.1', '1.1'])
    assert.deepEqual(sections.failures.map(({ id }) => id), ['2.5', '1.5', '2.4', '1.4'])
    assert.deepEqual(sections.failures.map(({ worker }) => worker), ['2.1', '1.1', 0, 0])
    assert.equal(sections.timeline[1].text, 'Worker 2.1 (pid 7) crashed')
  })

  it('left out the endpoints of a remote application', async () => {
    const all = [processOf(1, []), processOf(2, [])].map(({ number, ask }) =>
      member(number, async (...question) => {
        const { sections, ...rest } = await ask(...question)
        const pool = {
          ...sections.pool, remote: 'http://a:1', endpointsReady: 1, endpointsKnown: 2
        }
        return { ...rest, sections: { ...sections, pool, endpoints: [{ id: 1, state: 'up' }] } }
      }))
    const { sections } = await new MergedSnapshots(all, async () => {}).read(0)
    const { remote, endpointsReady, endpointsKnown } = sections.pool
    assert.deepEqual([remote, endpointsReady, endpointsKnown], ['http://a:1', 2, 4])
    assert.deepEqual(sections.endpoints.map(({ id }) => id), ['1.1', '2.1'])
  })

  it('reach the process that an action is for', async () => {
    const asked = []
    const all = [1, 2].map((number) => member(number, (...question) => {
      asked.push([number, ...question.slice(0, 2)])
      return {}
    }))
    let reloads = 0
    const merged = new MergedSnapshots(all, async () => { reloads++ })
    assert.deepEqual(await merged.act('recycle', '2.13'), {})
    assert.deepEqual(asked, [[2, 'act', { action: 'recycle', worker: '13' }]])
    assert.equal(await merged.act('recycle', '3.1'), null)
    assert.equal(await merged.act('constructor', '1.1'), undefined)
    await merged.act('reload', '')
    assert.equal(reloads, 1)
  })

  it('leave out what makes no sense', async () => {
    for (const nonsense of NONSENSE) {
      const merged = new MergedSnapshots([member(1, () => nonsense)], async () => {})
      const { sections } = await merged.read(0)
      assert.equal(typeof sections.pool, 'object')
      assert.ok(Array.isArray(sections.workers))
    }
  })
})
