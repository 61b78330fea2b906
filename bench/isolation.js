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
import { competitors, versions } from './support/install/competitors.js'
import { repeat } from './support/loads/repeat.js'
import { median, plusMinus, progress, ratio, save, table, targetTable } from './support/report/report.js'
import { interleave } from './support/report/rounds.js'
import { atFixedRate } from './support/loads/fixed-rate.js'

/** The p99 while one burns, as a part of that while none does. */
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
  return atFixedRate({
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
  let burnt = 0
  const stop = repeat(async () => {
    const { status } = await handler.handleRequest({ url: `/burn?ms=${burn}` })
    if (status !== 200) throw new Error(`the app answered ${status}`)
    burnt++
  })
  return async () => {
    await stop()
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

const IDLE = 'nothing else'
const BURNING = 'one worker burns'
/** What begins each of them returns what ends it. */
const states = {
  [IDLE]: () => async () => {},
  [BURNING]: burning,
  'another process burns (control)': burningElsewhere
}
/** One for each state of each handler. */
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
    rounds, cases, nameOf: one => `${one.workers} workers, ${one.state}`, measure: one => one.measure()
  })
} finally {
  await Promise.all(handlers.map(handler => handler.close()))
}

const p99s = one => one.rounds.map(({ latency }) => latency.p99)
const idleFor = one => cases.find(({ workers, state }) => workers === one.workers && state === IDLE)
const beside = one => ratio(p99s(one), p99s(idleFor(one)))
const targets = cases.filter(({ state }) => state === BURNING).map(one => ({
  what: `p99 while one of ${one.workers} workers burns, as a part of that while none does`,
  value: beside(one),
  atMost: TARGET,
  unit: '×'
}))
const micros = (one, read) => (median(one.rounds.map(read)) * 1000).toFixed(0)
const text = `${table(
  ['', 'workers', 'p50 µs', 'p90', 'p99', '±', 'max', 'p99 is', 'from the call: p50', 'p99'],
  cases.map(one => [one.state, one.workers,
    ...['p50', 'p90', 'p99'].map(name => micros(one, ({ latency }) => latency[name])), plusMinus(p99s(one)),
    micros(one, ({ latency }) => latency.max), `${beside(one).toFixed(2)} ×`,
    ...['p50', 'p99'].map(name => micros(one, ({ service }) => service[name]))]))}

From the planned time of a request to its response, and from the call of handleRequest; a request every
${interval} ms. Medians of ${rounds} rounds of ${seconds} s; ± is half the range of the rounds, of p99; "p99 is": beside that
while nothing else happens, taken per round. What is slow beside another process is so for lack of cores.`
console.log(`${text}\n\n${targetTable(targets)}\n`)
console.log(await save('isolation', {
  rounds, seconds, interval, burn, versions: await versions(['uvloop']), cases, targets
}, { text }))
