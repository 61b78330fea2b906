// The cases, tables and targets of bench/concurrency.js: the parts that need no server.
import { median, plusMinus, ratio, table } from '../report/report.js'
import { workloads } from '../loads/workloads.js'

/** @typedef {import('../loads/wrk.js').Load} Load */

/**
 * @typedef {object} Case
 * @property {string} work a key of workloads.js
 * @property {'http' | 'websocket' | 'handleRequest'} via how the work is requested
 * @property {string} server
 * @property {number} workers
 * @property {number} inFlight
 * @property {Array<Load & { cpu: { node: number, python: number } }>} rounds
 * @property {string} [failed]
 */

/** Servers that have one loop in one process. */
const SINGLE = new Set(['node:http', 'peer', 'floor'])
const VIA = { http: '', websocket: '', handleRequest: '' }

/**
 * Every supported combination of a selection; the servers of a case follow one another.
 * @returns {Case[]}
 */
export function casesOf ({ work, servers, via, workers, inFlight }) {
  const unknown = [
    ...work.filter(name => !(name in workloads)),
    ...via.filter(name => !(name in VIA))
  ]
  if (unknown.length > 0) throw new Error(`unknown --work or --via: ${unknown.join(', ')}`)
  const cases = []
  for (const name of work) {
    for (const one of via) {
      for (const many of inFlight) {
        if (many > (workloads[name].most ?? Infinity)) continue
        for (const count of workers) {
          for (const server of servers) {
            if (count > Math.min(...workers) && SINGLE.has(server)) continue
            if (!can(server, one, name)) continue
            cases.push({ work: name, via: one, server, workers: count, inFlight: many, rounds: [] })
          }
        }
      }
    }
  }
  return cases
}

function can (server, via, work) {
  if ((via === 'websocket') !== (workloads[work].socket === true)) return false
  if (via === 'handleRequest') return ['node-asgi', 'peer', 'floor'].includes(server)
  if (server === 'peer' || server === 'floor') return false
  if (server === 'relay') return via === 'websocket'
  return server !== 'node:http' || work === 'hello'
}

/** Requests per second in each round. */
export const rates = ({ rounds }) => rounds.map(({ requests, seconds }) => requests / seconds)

/** The median of a figure; undefined where a round does not have it. */
const medianOf = (one, read) => {
  const values = one.rounds.map(read)
  return values.every(Number.isFinite) && values.length > 0 ? median(values) : undefined
}
export const percentileOf = (one, name) => medianOf(one, round => round[name])
const cpuOf = (one, side) => medianOf(one, ({ cpu, requests }) =>
  cpu[side] === null ? undefined : cpu[side] / requests * 1e6)

const sameCase = (a, b) => a.work === b.work && a.via === b.via && a.inFlight === b.inFlight
/** The case of node-asgi to compare with: the same work and the same number of workers. */
const oursFor = (cases, one) => cases.find(other => other.server === 'node-asgi' &&
  sameCase(other, one) && other.workers === one.workers)

/** A Markdown table for each workload and interface. */
export function tables (cases) {
  const parts = []
  for (const work of new Set(cases.map(one => one.work))) {
    parts.push(`## ${workloads[work].title}`)
    for (const via of new Set(cases.filter(one => one.work === work).map(one => one.via))) {
      const rows = cases.filter(one => one.work === work && one.via === via)
      parts.push(`Via ${NAMES[via]}:`)
      parts.push(table(HEADER, rows.map(one => row(one, oursFor(cases, one)))))
      for (const one of rows.filter(({ failed }) => failed !== undefined)) {
        const { server, workers, inFlight, failed } = one
        parts.push(`${server} with ${workers} worker(s), ${inFlight} in flight FAILED: ${failed}`)
      }
    }
  }
  return parts.join('\n\n')
}

const NAMES = { http: 'HTTP (wrk)', websocket: 'WebSocket', handleRequest: 'handleRequest' }
const HEADER = ['server', 'workers', 'in flight', 'requests/s', '±', 'p50 ms', 'p90', 'p99',
  'CPU µs: Node', 'Python', 'node-asgi / row']

function row (one, ours) {
  const { server, workers, inFlight, rounds, failed } = one
  if (failed !== undefined || rounds.length === 0) {
    return [server, workers, inFlight, 'FAILED', ...Array(7).fill('–')]
  }
  const show = (value, digits) => value === undefined ? '–' : value.toFixed(digits)
  const times = ours === undefined ? '–' : `${ratio(rates(ours), rates(one)).toFixed(2)} ×`
  return [server, workers, inFlight, Math.round(median(rates(one))), plusMinus(rates(one)),
    ...['p50', 'p90', 'p99'].map(name => show(percentileOf(one, name), 2)),
    show(cpuOf(one, 'node'), 1), show(cpuOf(one, 'python'), 1), times]
}

/** The targets whose cases are in the selection. */
export function targetsOf (cases) {
  const find = wanted => cases.find(one =>
    Object.entries(wanted).every(([key, value]) => one[key] === value))
  const targets = []
  const add = (what, ours, theirs, atLeast) => {
    const [one, other] = [find({ server: 'node-asgi', inFlight: 64, ...ours }),
      find({ server: 'node-asgi', inFlight: 64, ...theirs })]
    if (one === undefined || other === undefined) return
    const value = other.failed === undefined ? ratio(rates(one), rates(other)) : NaN
    targets.push({ what, value, atLeast, unit: '×' })
  }
  const compare = (via, work, what, limits) => {
    for (const [server, name, atLeast] of limits) {
      add(`${what}, 64 in flight, 1 worker: ratio to ${name}`,
        { via, work, workers: 1 }, { via, work, workers: 1, server }, atLeast)
    }
  }
  compare('http', 'hello', 'HTTP hello', [['node:http', 'bare node:http', 0.9],
    ['proxy', 'the proxy', 2.5], ['uvicorn', 'uvicorn', 1.1]])
  compare('http', 'fastapi-hello', 'HTTP FastAPI',
    [['proxy', 'the proxy', 2.3], ['uvicorn', 'uvicorn', 1.5]])
  compare('handleRequest', 'fastapi', 'handleRequest FastAPI with validation',
    [['floor', 'the floor of the interpreter', 0.85]])
  // FastAPI has no such target: Node, the load and two workers need more than two cores there.
  add('HTTP 5 ms of CPU, 64 in flight, 2 workers: ratio to 1 worker',
    { via: 'http', work: 'cpu', workers: 2 }, { via: 'http', work: 'cpu', workers: 1 }, 1.85)
  compare('websocket', 'websocket', 'WebSocket echo', [
    ['proxy', 'a proxy that pipes bytes', 1.5], ['relay', 'a proxy that relays messages', 1.5]])
  return targets
}
