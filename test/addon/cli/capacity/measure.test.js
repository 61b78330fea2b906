import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { describe, it } from 'node:test'

import { parseExposition } from '../../../../addon/lib/cli/capacity/exposition.js'
import { compare, measure } from '../../../../addon/lib/cli/capacity/measure.js'

const reading = (values) => parseExposition(Object.entries({
  'node_asgi_requests_total{outcome="answered",status="2xx"}': 0,
  process_cpu_seconds_total: 0,
  'node_asgi_worker_cpu_seconds_total{worker="1"}': 0,
  node_asgi_request_duration_seconds_sum: 0,
  node_asgi_request_duration_seconds_count: 0,
  process_resident_memory_bytes: 100,
  'node_asgi_worker_memory_bytes{worker="1"}': 50,
  ...values
}).map(([name, value]) => `${name} ${value}`).join('\n'))

const BEFORE = reading({
  'node_asgi_requests_total{outcome="answered",status="2xx"}': 1000,
  process_cpu_seconds_total: 3,
  'node_asgi_worker_cpu_seconds_total{worker="1"}': 7
})

describe('compare', () => {
  it('divides what has grown by the requests', () => {
    const after = reading({
      'node_asgi_requests_total{outcome="answered",status="2xx"}': 1900,
      'node_asgi_requests_total{outcome="failed",status="none"}': 100,
      process_cpu_seconds_total: 3.1,
      'node_asgi_worker_cpu_seconds_total{worker="1"}': 9,
      node_asgi_request_duration_seconds_sum: 4.5,
      node_asgi_request_duration_seconds_count: 900,
      'node_asgi_worker_memory_bytes{worker="1"}': 60
    })
    // An outcome that was not there before has no growth: it is not known since when.
    const { rate, costs } = compare(BEFORE, after, 2000)
    assert.equal(rate, 450)
    assert.equal(Math.round(costs.node), 111)
    assert.equal(Math.round(costs.python), 2222)
    assert.equal(costs.duration, 5)
    assert.deepEqual([costs.nodeMemory, costs.workerMemory], [100, 60])
  })

  it('does not count the start of a worker that came, nor one that went', () => {
    const after = reading({
      'node_asgi_requests_total{outcome="answered",status="2xx"}': 2000,
      'node_asgi_worker_cpu_seconds_total{worker="1"}': 8,
      'node_asgi_worker_cpu_seconds_total{worker="2"}': 5
    })
    assert.equal(compare(BEFORE, after, 1000).costs.python, 1000)
  })

  it('divides the memory of several Node processes by their number', () => {
    const workers = { 1.1: 50, 1.2: 50, 2.1: 60 }
    const after = reading({
      'node_asgi_requests_total{outcome="answered",status="2xx"}': 2000,
      ...Object.fromEntries(Object.entries(workers).map(([number, bytes]) =>
        [`node_asgi_worker_memory_bytes{worker="${number}"}`, bytes]))
    }).filter(({ labels }) => labels !== '{worker="1"}')
    const { costs } = compare(BEFORE, [...after, ...BEFORE.filter(({ name }) =>
      name === 'node_asgi_worker_cpu_seconds_total')], 1000)
    assert.deepEqual([costs.nodeMemory, costs.workerMemory], [50, 60])
  })

  it('refuses to divide by hardly any requests', () => {
    assert.throws(() => compare(BEFORE, BEFORE, 1000), /0 requests in 1 s/)
  })

  it('names a metric that is missing', () => {
    const without = BEFORE.filter(({ name }) => name !== 'process_cpu_seconds_total')
    const after = reading({
      'node_asgi_requests_total{outcome="answered",status="2xx"}': 2000
    }).filter(({ name }) => name !== 'process_cpu_seconds_total')
    assert.throws(() => compare(without, after, 1000), /process_cpu_seconds_total/)
  })
})

describe('measure', () => {
  it('says why metrics cannot be read', async () => {
    const server = createServer((req, res) => res.writeHead(503).end()).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `http://127.0.0.1:${server.address().port}/metrics`
    await assert.rejects(measure(url, 1), (error) =>
      error.message.includes(url) && error.message.includes('503'))
    server.close()
    server.closeAllConnections()
    await assert.rejects(measure(url, 1), /ECONNREFUSED/)
    await assert.rejects(measure('nonsense', 1), /nonsense/)
  })
})
