import assert from 'node:assert/strict'
import { test } from 'node:test'
import { casesOf, tables, targetsOf } from '../../../bench/support/concurrency/cases.js'

const ALL = {
  work: ['hello', 'websocket', 'cpu'],
  servers: ['node-asgi', 'proxy', 'relay', 'uvicorn', 'node:http', 'peer', 'floor'],
  via: ['http', 'websocket', 'handleRequest'],
  workers: [1, 2],
  inFlight: [64, 256]
}
const namesOf = (cases, wanted) => cases
  .filter(one => Object.entries(wanted).every(([key, value]) => one[key] === value))
  .map(({ server }) => server)

test('a server gets only the cases that it supports', () => {
  const cases = casesOf(ALL)
  const first = { workers: 1, inFlight: 64 }
  assert.deepEqual(namesOf(cases, { ...first, work: 'hello', via: 'http' }),
    ['node-asgi', 'proxy', 'uvicorn', 'node:http'])
  assert.deepEqual(namesOf(cases, { ...first, work: 'cpu', via: 'http' }),
    ['node-asgi', 'proxy', 'uvicorn'])
  assert.deepEqual(namesOf(cases, { ...first, work: 'websocket' }),
    ['node-asgi', 'proxy', 'relay', 'uvicorn'])
  assert.deepEqual(namesOf(cases, { ...first, work: 'hello', via: 'handleRequest' }),
    ['node-asgi', 'peer', 'floor'])
})

test('single-process servers are measured once, and 5 ms of CPU never with 256 in flight', () => {
  const cases = casesOf(ALL)
  const two = { work: 'hello', via: 'handleRequest', workers: 2, inFlight: 64 }
  assert.deepEqual(namesOf(cases, two), ['node-asgi'])
  assert.deepEqual(namesOf(cases, { work: 'cpu', inFlight: 256 }), [])
})

test('an unknown work is refused', () => {
  assert.throws(() => casesOf({ ...ALL, work: ['hallo'] }), /unknown.*hallo/)
})

const measured = (wanted = {}) => {
  const selection = { ...ALL, work: ['hello'], servers: ['node-asgi', 'proxy'], via: ['http'] }
  const cases = casesOf({ ...selection, ...wanted })
  for (const one of cases) {
    const fast = one.server === 'node-asgi' ? 3 : 1
    one.rounds = [100, 200, 300].map(requests => ({
      requests: requests * fast,
      seconds: 1,
      p50: 1,
      p90: 2,
      p99: 3,
      cpu: { node: 0.1, python: null }
    }))
  }
  return cases
}

test('targets are ratios per round, for cases in the selection only', () => {
  const targets = targetsOf(measured())
  assert.deepEqual(targets.map(({ value, atLeast }) => [value, atLeast]), [[3, 2.5]])
})

test('FastAPI targets: other servers without validation, the floor with it', () => {
  const targets = targetsOf(measured({ ...ALL, work: ['fastapi-hello', 'fastapi'] }))
  assert.deepEqual(targets.map(({ what, value, atLeast }) => [what, value, atLeast]), [
    ['HTTP FastAPI, 64 in flight, 1 worker: ratio to the proxy', 3, 2.3],
    ['HTTP FastAPI, 64 in flight, 1 worker: ratio to uvicorn', 3, 1.5],
    ['handleRequest FastAPI with validation, 64 in flight, 1 worker: ' +
      'ratio to the floor of the interpreter', 3, 0.85]
  ])
})

test('a failed case is a row that says FAILED with the reason, and its target is not met', () => {
  const cases = measured()
  const proxy = cases.find(({ server }) => server === 'proxy')
  Object.assign(proxy, { failed: 'wrk counted errors', rounds: [] })
  assert.match(tables(cases), /\| proxy +\| +1 \| +64 \| +FAILED \|/)
  assert.match(tables(cases), /proxy with 1 worker\(s\), 64 in flight FAILED: wrk counted errors/)
  assert.equal(targetsOf(cases)[0].value, NaN)
})
