// Are the processes of --processes independent?
//
//   node bench/processes.js [--rounds 3] [--seconds 5] [--rate 700] [--quick]
//
// One process of Node with a worker serves a load, and two of them with two workers serve twice as
// much: how much CPU time takes a request? Then one of the two is killed (SIGKILL) under load: how
// long do the requests of the other one take, compared with the same seconds of a run in which
// nothing happens? The load is a fixed rate, so that a slow answer does not make it smaller: for
// each process so many requests a second on 16 connections.
// --quick: one round. It needs two cores that nothing else uses.
import { Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { get } from './support/loads/http-load.js'
import { parentOf } from './support/processes/processes.js'
import {
  median, percentile, plusMinus, ratio, save, table, targetTable
} from './support/report/report.js'
import { interleave } from './support/report/rounds.js'
import { startServer } from './support/servers/server.js'

const CONNECTIONS = 16

/** Seconds until V8 has compiled what is used often. */
const WARM_UP = 4

const { values } = parseArgs({
  options: {
    rounds: { type: 'string' },
    seconds: { type: 'string', default: '5' },
    rate: { type: 'string', default: '700' },
    quick: { type: 'boolean', default: false }
  }
})
const rounds = Number(values.rounds ?? (values.quick ? 1 : 3))
const [seconds, rate] = [values.seconds, values.rate].map(Number)

const folder = name => fileURLToPath(new URL(name, import.meta.url))

function start (processes) {
  return startServer('node-asgi command', {
    bin: folder('../.venv/bin'),
    docroot: folder('apps'),
    app: 'work_app:app',
    workers: processes,
    processes
  })
}

/**
 * One connection, on which a request starts every so many milliseconds.
 * @returns {Promise<{ times: { at: number, time: number }[], isBroken: boolean }>}
 */
async function client (address, until, delay) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const times = []
  let isBroken = false
  for (let next = performance.now() + delay; next < until; next += CONNECTIONS * 1000 / rate) {
    await sleep(Math.max(0, next - performance.now()))
    try {
      await get(address, { agent })
      times.push({ at: next, time: performance.now() - next })
    } catch {
      isBroken = true // its process was killed
    }
  }
  agent.destroy()
  return { times, isBroken }
}

/** @returns {Promise<Awaited<ReturnType<typeof client>>[]>} */
function load (address, processes, duration) {
  const until = performance.now() + duration * 1000
  return Promise.all(Array.from({ length: CONNECTIONS * processes }, (_, i) =>
    client(address, until, i * 1000 / rate / processes)))
}

const p99 = times => percentile(times.map(({ time }) => time).sort((a, b) => a - b), 0.99)

/** CPU time of a request, in microseconds. */
async function cost ({ processes }) {
  const server = await start(processes)
  try {
    await load(server.address, processes, WARM_UP)
    await server.settle()
    const before = server.cpu()
    const clients = await load(server.address, processes, seconds)
    await server.settle()
    const after = server.cpu()
    const count = clients.flatMap(({ times }) => times).length
    const each = side => (after[side] - before[side]) * 1e6 / count
    return { node: each('node'), python: each('python'), all: each('node') + each('python') }
  } finally {
    await server.stop()
  }
}

/** The latencies in the two seconds after a process was killed, or could have been. */
async function disturbance ({ kills }) {
  const server = await start(2)
  try {
    await load(server.address, 2, 1)
    const [worker] = server.workers
    const victim = parentOf(parentOf(worker)) // its fork server's parent
    const running = load(server.address, 2, seconds)
    await sleep(seconds * 1000 / 2)
    const killed = performance.now()
    if (kills) process.kill(victim, 'SIGKILL')
    const clients = await running
    const others = clients.filter(({ isBroken }) => !isBroken).flatMap(({ times }) => times)
    return {
      p99: p99(others.filter(({ at }) => at >= killed && at < killed + 2000)),
      broken: clients.filter(({ isBroken }) => isBroken).length
    }
  } finally {
    await server.stop()
  }
}

const cases = [
  { name: 'one process', processes: 1, measure: cost, rounds: [] },
  { name: 'two processes', processes: 2, measure: cost, rounds: [] },
  { name: 'nothing happens', kills: false, measure: disturbance, rounds: [] },
  { name: 'one is killed', kills: true, measure: disturbance, rounds: [] }
]
await interleave({
  rounds, cases, nameOf: ({ name }) => name, measure: one => one.measure(one)
})

const [one, two, quiet, killed] = cases
const of = ({ rounds }, what) => rounds.map(round => round[what])
const us = (one, what) => median(of(one, what)).toFixed(0)
const targets = [
  {
    what: 'CPU time of a request, two processes compared with one',
    value: ratio(of(two, 'all'), of(one, 'all')),
    atMost: 1.15,
    unit: '×'
  },
  {
    what: 'p99 of the other process when one is killed, compared with when none is',
    value: ratio(of(killed, 'p99'), of(quiet, 'p99')),
    atMost: 2,
    unit: '×'
  }
]
const text = [
  `For each process ${rate} requests a second on ${CONNECTIONS} connections, and one worker.`,
  table(['CPU time of a request, µs', 'Node', 'Python', 'together', 'spread'],
    [one, two].map(each => [each.name, us(each, 'node'), us(each, 'python'), us(each, 'all'),
      plusMinus(of(each, 'all'))])),
  table(['the other process', 'p99, ms', 'spread', 'connections broken'],
    [quiet, killed].map(each => [each.name, median(of(each, 'p99')).toFixed(1),
      plusMinus(of(each, 'p99')), median(of(each, 'broken'))])),
  targetTable(targets)
].join('\n\n')
await save('processes', { seconds, rate, cases, targets }, { text })
