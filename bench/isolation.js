// The latency of a fast route while another route burns CPU in one worker.
//
//   node bench/isolation.js [--rounds 8] [--seconds 1] [--workers 2,4] [--interval 1] [--burn 200]
//                           [--quick]
//
// A client requests the fast route every --interval milliseconds, one request at a time. The times
// are fixed: latency counts from when a request was due, so that a slow request does not hide those
// that it delays. It is measured first with no other load, then while another client always has one
// request in flight that runs pure Python for --burn milliseconds. As a control, an unrelated
// process burns CPU instead: what is slow then is slow because the machine lacks cores.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { PythonHandler } from 'node-asgi'
import { competitors, versions } from './support/install/competitors.js'
import { repeat } from './support/loads/repeat.js'
import {
  median, plusMinus, progress, ratio, save, table, targetTable
} from './support/report/report.js'
import { interleave } from './support/report/rounds.js'
import { atFixedRate } from './support/loads/fixed-rate.js'

/** The p99 while one worker burns CPU, divided by the p99 without other load. */
const TARGET = 2
/** Seconds after which the control process ends by itself, in case nobody ends it. */
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
  return atFixedRate({
    interval,
    count: Math.round(seconds * 1000 / interval),
    async work () {
      const { status, body } = await handler.handleRequest({ url: '/' })
      if (status !== 200 || !pids.has(Number(body))) {
        throw new Error(`the app answered ${status} ${body}`)
      }
    }
  })
}

/** Keeps one request in flight that burns CPU. */
function burning (handler) {
  let burnt = 0
  const stop = repeat(async () => {
    const { status } = await handler.handleRequest({ url: `/burn?ms=${burn}` })
    if (status !== 200) throw new Error(`the app answered ${status}`)
    burnt++
  })
  return async () => {
    await stop()
    if (burnt === 0) throw new Error('no request to /burn was answered')
  }
}

/** Burns CPU in an unrelated process. */
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

const IDLE = 'no other load'
const BURNING = 'one worker burns CPU'
/** For each state, a function that begins it and returns a function that ends it. */
const states = {
  [IDLE]: () => async () => {},
  [BURNING]: burning,
  'another process burns CPU (control)': burningElsewhere
}
/** One case for each state of each handler. */
const cases = []
const handlers = []
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
    handlers.push(handler)
    await handler.ready
    await measure(handler) // warms the JIT
    for (const [state, begin] of Object.entries(states)) {
      cases.push({
        workers,
        state,
        rounds: [],
        async measure () {
          const end = await begin(handler)
          try {
            return await measure(handler)
          } finally {
            await end()
          }
        }
      })
    }
  }
  await interleave({
    rounds,
    cases,
    nameOf: one => `${one.workers} workers, ${one.state}`,
    measure: one => one.measure()
  })
} finally {
  await Promise.all(handlers.map(handler => handler.close()))
}

const p99s = one => one.rounds.map(({ latency }) => latency.p99)
const idleFor = one =>
  cases.find(({ workers, state }) => workers === one.workers && state === IDLE)
const ratioToIdle = one => ratio(p99s(one), p99s(idleFor(one)))
const targets = cases.filter(({ state }) => state === BURNING).map(one => ({
  what: `p99 while one of ${one.workers} workers burns CPU: ratio to no other load`,
  value: ratioToIdle(one),
  atMost: TARGET,
  unit: '×'
}))
const micros = (one, read) => (median(one.rounds.map(read)) * 1000).toFixed(0)
const text = `${table(
  ['', 'workers', 'p50 µs', 'p90', 'p99', '±', 'max', 'p99 / no other load',
    'from the call: p50', 'p99'],
  cases.map(one => [one.state, one.workers,
    ...['p50', 'p90', 'p99'].map(name => micros(one, ({ latency }) => latency[name])),
    plusMinus(p99s(one)), micros(one, ({ latency }) => latency.max),
    `${ratioToIdle(one).toFixed(2)} ×`,
    ...['p50', 'p99'].map(name => micros(one, ({ service }) => service[name]))]))}

One request every ${interval} ms. Latency counts from the planned time of a request to its response;
the last two columns count from the call of handleRequest. Medians of ${rounds} rounds of
${seconds} s; ± is half the range of the rounds, of p99. "p99 / no other load" is taken per round.
What is slow in the control is slow because the machine lacks cores.`
console.log(`${text}\n\n${targetTable(targets)}\n`)
console.log(await save('isolation', {
  rounds, seconds, interval, burn, versions: await versions(['uvloop']), cases, targets
}, { text }))
