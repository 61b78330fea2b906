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

test('nobody is asked for what they cannot do', () => {
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

test('what has one process is measured once, and 5 ms of CPU not 256 times at once', () => {
  const cases = casesOf(ALL)
  assert.deepEqual(namesOf(cases, { work: 'hello', via: 'handleRequest', workers: 2, inFlight: 64 }),
    ['node-asgi'])
  assert.deepEqual(namesOf(cases, { work: 'cpu', inFlight: 256 }), [])
})

test('an unknown work is refused', () => {
  assert.throws(() => casesOf({ ...ALL, work: ['hallo'] }), /there is no hallo/)
})

const measured = (wanted = {}) => {
  const cases = casesOf({ ...ALL, work: ['hello'], servers: ['node-asgi', 'proxy'], via: ['http'], ...wanted })
  for (const one of cases) {
    const fast = one.server === 'node-asgi' ? 3 : 1
    one.rounds = [100, 200, 300].map(requests => (
      { requests: requests * fast, seconds: 1, p50: 1, p90: 2, p99: 3, cpu: { node: 0.1, python: null } }))
  }
  return cases
}

test('targets are ratios of a round; what is not in the selection has none', () => {
  const targets = targetsOf(measured())
  assert.deepEqual(targets.map(({ value, atLeast }) => [value, atLeast]), [[3, 2.5]])
})

test('FastAPI is held to other servers without validation, and with it to its own interpreter', () => {
  const targets = targetsOf(measured({ ...ALL, work: ['fastapi-hello', 'fastapi'] }))
  assert.deepEqual(targets.map(({ what, value, atLeast }) => [what, value, atLeast]), [
    ['HTTP FastAPI, 64 in flight, 1 worker: times the proxy', 3, 2.3],
    ['HTTP FastAPI, 64 in flight, 1 worker: times uvicorn', 3, 1.5],
    ['handleRequest FastAPI with validation, 64 in flight, 1 worker: times what the interpreter alone can do', 3, 0.85]
  ])
})

test('what failed is a row that says so, and no target is kept by it', () => {
  const cases = measured()
  const proxy = cases.find(({ server }) => server === 'proxy')
  Object.assign(proxy, { failed: 'errors are no work', rounds: [] })
  assert.match(tables(cases), /\| proxy +\| +1 \| +64 \| +FAILED \|/)
  assert.match(tables(cases), /proxy with 1 worker\(s\), 64 in flight FAILED: errors are no work/)
  assert.equal(targetsOf(cases)[0].value, NaN)
})
