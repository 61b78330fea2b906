// Does a route that burns CPU in one worker make a fast route of others slow?
//
//   node bench/isolation.js [--rounds 8] [--seconds 1] [--workers 2,4] [--interval 1] [--burn 200] [--quick]
//
// The fast route is asked every --interval milliseconds, one at a time. The times are fixed: a latency
// counts from when the request was to be sent, so that one that takes long does not hide those which
// it delays. First nothing else happens; then another client has always one request in flight that
// runs pure Python for --burn milliseconds. The control is the same burning in a process that has
// nothing to do with the handler: what is slow then is for lack of cores.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { PythonHandler } from 'node-asgi'
import { competitors } from './support/competitors.js'
import { median, percentile, progress, save, spread, table } from './support/report.js'
import { showTargets } from './support/targets.js'
import { onSchedule } from './support/ticker.js'

const TARGET = 2
/** Seconds that the process of the control lives at most, should it be left alone. */
const CONTROL_LIFE = 60

const { values } = parseArgs({
  options: {
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    workers: { type: 'string', default: '2,4' },
    interval: { type: 'string', default: '1' },
    burn: { type: 'string', default: '200' },
    quick: { type: 'boolean', default: false }
  }
})
const rounds = Number(values.rounds ?? (values.quick ? 1 : 8))
const seconds = Number(values.seconds ?? (values.quick ? 0.5 : 1))
const interval = Number(values.interval)
const burn = Number(values.burn)
const python = `${await competitors()}/python`

async function measure (handler) {
  const pids = new Set(handler.stats().workers.map(({ pid }) => pid))
  return onSchedule({
    interval,
    count: Math.round(seconds * 1000 / interval),
    async work () {
      const { status, body } = await handler.handleRequest({ url: '/' })
      if (status !== 200 || !pids.has(Number(body))) throw new Error(`the app answered ${status} ${body}`)
    }
  })
}

/** Keeps one request in flight that burns. */
function burning (handler) {
  const stopped = new AbortController()
  let burnt = 0
  const done = (async () => {
    while (!stopped.signal.aborted) {
      const { status } = await handler.handleRequest({ url: `/burn?ms=${burn}` })
      if (status !== 200) throw new Error(`the app answered ${status}`)
      burnt++
    }
  })()
  done.catch(() => {}) // until it is waited for
  return async () => {
    stopped.abort()
    await done
    if (burnt === 0) throw new Error('nothing was burnt')
  }
}

/** The same in a process of its own. */
async function burningElsewhere () {
  const code = 'import time\nend = time.monotonic() + ' + CONTROL_LIFE +
    '\nprint(flush=True)\nwhile time.monotonic() < end: sum(range(1000))'
  const child = spawn(python, ['-c', code], { stdio: ['ignore', 'pipe', 'inherit'] })
  const kill = () => child.kill('SIGKILL')
  process.on('exit', kill)
  await once(child.stdout, 'data')
  return async () => {
    const end = once(child, 'exit')
    kill()
    await end
    process.off('exit', kill)
  }
}

const states = {
  idle: () => async () => {},
  'one burns': burning,
  'control: burns elsewhere': burningElsewhere
}
const crews = []
try {
  for (const workers of values.workers.split(',').map(Number)) {
    progress(`starting ${workers} workers`)
    const handler = new PythonHandler({
      docroot: fileURLToPath(new URL('apps', import.meta.url)),
      appTarget: 'isolation_app:app',
      python,
      preload: true,
      workers,
      logger: false
    })
    crews.push({ workers, handler, runs: Object.fromEntries(Object.keys(states).map((name) => [name, []])) })
    await handler.ready
    await measure(handler) // warms the JIT
  }
  for (let round = 1; round <= rounds; round++) {
    for (const { workers, handler, runs } of crews) {
      for (const [name, begin] of Object.entries(states)) {
        const end = await begin(handler)
        const { latencies, service } = await measure(handler)
        await end()
        const of = (list) => Object.fromEntries(Object.entries({ p50: 0.5, p90: 0.9, p99: 0.99, max: 1 })
          .map(([key, part]) => [key, percentile(list, part)]))
        runs[name].push({ latency: of(latencies), service: of(service) })
        progress(`round ${round}/${rounds}: ${workers} workers, ${name}: ` +
          `p99 ${runs[name].at(-1).latency.p99.toFixed(3)} ms`)
      }
    }
  }
} finally {
  await Promise.all(crews.map(({ handler }) => handler.close()))
}
progress('')

const ratioTo = (runs, idle) => median(runs.map((run, i) => run.latency.p99 / idle[i].latency.p99))
const us = (runs, read) => (median(runs.map(read)) * 1000).toFixed(0)
console.log(table(
  ['workers', '', 'p50 µs', 'p90', 'p99', '', 'max', 'p99 beside idle', 'from the call: p50', 'p99'],
  crews.flatMap(({ workers, runs }) => Object.entries(runs).map(([name, list]) => [workers, name,
    us(list, ({ latency }) => latency.p50), us(list, ({ latency }) => latency.p90),
    us(list, ({ latency }) => latency.p99),
    `±${(spread(list.map(({ latency }) => latency.p99)) * 100).toFixed(0)}%`,
    us(list, ({ latency }) => latency.max), `${ratioTo(list, runs.idle).toFixed(2)} ×`,
    us(list, ({ service }) => service.p50), us(list, ({ service }) => service.p99)]))))
console.log(`\nmedians of ${rounds} rounds of ${seconds} s, a request every ${interval} ms\n`)
const targets = crews.map(({ workers, runs }) => ({
  what: `p99 while one of ${workers} workers burns, beside idle`,
  value: ratioTo(runs['one burns'], runs.idle),
  atMost: TARGET,
  unit: '×'
}))
const kept = showTargets(targets)
const results = crews.map(({ workers, runs }) => ({ workers, runs }))
console.log(await save('isolation', { rounds, seconds, interval, burn, results, targets }))
process.exitCode = kept ? 0 : 1
