import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { erlangC, plan, predict } from '../../../../addon/lib/cli/capacity/model.js'

const COSTS = { node: 20, python: 1000, duration: 1, nodeMemory: 100, workerMemory: 50 }
const LIMITS = { utilization: 0.7, wait: Infinity, cores: 64, concurrency: 1000 }

function assertNear (value, expected, part = 1e-3) {
  assert(Math.abs(value - expected) <= part * Math.abs(expected), `${value}, not ${expected}`)
}

describe('erlangC', () => {
  it('has the values of the tables', () => {
    assertNear(erlangC(1, 0.8), 0.8)
    assertNear(erlangC(2, 1), 1 / 3)
    assertNear(erlangC(10, 8), 0.4092)
    assertNear(erlangC(100, 90), 0.2169, 0.01)
    assert.equal(erlangC(4, 0), 0)
    assert.equal(erlangC(4, 4), 1)
  })

  it('does not overflow with many servers', () => {
    const probability = erlangC(5000, 4900)
    assert(probability > 0 && probability < 1, String(probability))
  })
})

describe('predict', () => {
  it('finds the wait of a single queue', () => {
    const { python } = predict(500, COSTS, LIMITS, { nodes: 1, workers: 1 })
    assert.equal(python.busy, 0.5)
    // The wait is longer than t for ρ·exp(-(1-ρ)t/s) of the requests: here for a third of 1 %.
    assertNear(python.wait, 2 * Math.log(0.5 * 300))
  })

  it('agrees with a simulation of random arrivals', () => {
    const workers = 3
    const { python } = predict(2100, COSTS, LIMITS, { nodes: 1, workers })
    const waits = simulate(2100, COSTS.python, workers, 200_000).sort((a, b) => a - b)
    assertNear(python.wait, waits[Math.floor(waits.length * (1 - 0.01 / 3))], 0.15)
  })

  it('waits for ever when there is more to do than time', () => {
    const { python, wait, inTime } = predict(1000, COSTS, { ...LIMITS, wait: 1000 },
      { nodes: 1, workers: 1 })
    assert.deepEqual([python.wait, wait, inTime], [Infinity, Infinity, false])
  })

  it('counts the wait for a core only if processes share cores', () => {
    const at = (cores) => predict(1500, COSTS, { ...LIMITS, cores }, { nodes: 1, workers: 2 })
    assert.equal(at(3).cores.wait, 0)
    assert(at(2).cores.wait > 0)
  })

  it('names what is full first', () => {
    const full = (costs, limits) =>
      predict(100, { ...COSTS, ...costs }, { ...LIMITS, ...limits }, { nodes: 1, workers: 2 }).full
    assert.equal(full({}), 'python')
    assert.equal(full({ node: 900 }), 'node')
    assert.equal(full({}, { cores: 1 }), 'cores')
  })

  it('takes requests in flight for a limit, too', () => {
    const { python } = predict(10, { ...COSTS, duration: 1000 }, { ...LIMITS, concurrency: 10 },
      { nodes: 1, workers: 2 })
    assertNear(python.rate, 14)
  })
})

describe('plan', () => {
  it('leaves the room for bursts that the utilization says', () => {
    for (const rate of [1, 699, 700, 701, 5000, 123_456]) {
      const { node, python, cores, machines } = plan(rate, COSTS, LIMITS)
      for (const { busy } of [node, python, cores]) assert(busy <= 0.7 + 1e-9, `${rate}: ${busy}`)
      // One less would be too few.
      if (python.count > node.count) {
        assert(rate / machines * 1e-3 / (python.count - node.count) > 0.7, `${rate}`)
      }
    }
  })

  it('gives each Node process the same number of workers', () => {
    const { node, python } = plan(40_000, COSTS, LIMITS)
    assert.equal(node.count, 2)
    assert.equal(python.count, 58)
  })

  it('adds workers until requests wait no longer than they may', () => {
    const { python: { count } } = plan(2000, COSTS, LIMITS)
    const quick = plan(2000, COSTS, { ...LIMITS, wait: 1 })
    assert(quick.inTime && quick.python.count > count)
    const { workers, nodes } = { workers: quick.python.count - 1, nodes: 1 }
    assert(predict(2000, COSTS, LIMITS, { nodes, workers }).python.wait > 1 / 3)
  })

  it('says so when no number of processes keeps the wait', () => {
    const { inTime } = plan(1000, { ...COSTS, python: 50_000 }, { ...LIMITS, cores: 1, wait: 0.1 })
    assert.equal(inTime, false)
  })

  it('takes several machines when one has too few cores', () => {
    const { machines, cores, memory, python, node } = plan(10_000, COSTS, { ...LIMITS, cores: 4 })
    assert.equal(machines, 4)
    assert(cores.busy <= 0.7)
    assert.equal(memory, node.count * 100 + python.count * 50)
  })

  it('adds workers for requests that wait for something else', () => {
    const { python, inFlight } = plan(100, { ...COSTS, duration: 10_000 }, LIMITS)
    assert.equal(inFlight, 1000)
    assert.equal(python.count, 2)
  })
})

/** The waits of requests, in milliseconds, in a queue for several servers. */
function simulate (rate, cost, servers, requests) {
  let seed = 1
  const random = () => {
    seed = (seed * 48271) % 2147483647
    return -Math.log(seed / 2147483647)
  }
  const free = new Array(servers).fill(0)
  let now = 0
  return Array.from({ length: requests }, () => {
    now += random() / rate * 1000
    const first = free.indexOf(Math.min(...free))
    const start = Math.max(now, free[first])
    free[first] = start + random() * cost / 1000
    return start - now
  })
}
