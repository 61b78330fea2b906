// How late the slowest requests are, under a steady load at half of what a server can do.
//
//   node bench/tail.js [--minutes 60] [--connections 32] [--reload 30] [--quick]
//
// One worker, a light route of a FastAPI application. node-asgi runs as its command line starts it,
// once undisturbed, and once with what happens in production: a worker is replaced every 5,000
// requests, and a reload every --reload seconds. uvicorn has neither. The rate is half of the lower
// capacity of the two, measured first. Requests are due at that rate whether the server answers or
// not, and latency counts from when they were due. The disturbed server is measured for --minutes,
// in rounds of ten, and each of the other two for a minute of each round. The result is the median
// of the rounds, and the worst. --quick: 2 rounds of 10 s each. Draws a chart.
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { competitors, versions } from './support/install/competitors.js'
import { installPackages, PINNED } from './support/install/npm.js'
import { startLoadProcess } from './support/loads/load-process.js'
import { lines } from './support/report/line-charts.js'
import { median, progress, ratio, save, table, targetTable } from './support/report/report.js'
import { interleave } from './support/report/rounds.js'
import { startServer } from './support/servers/server.js'

const PERCENTILES = ['50', '75', '90', '99', '99.9', '99.99']
const ROUND = 600
/** The part of a round for which each server is measured that nothing disturbs. */
const CALM_SHARE = 0.1

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    connections: { type: 'string', default: '32' },
    reload: { type: 'string' },
    quick: { type: 'boolean', default: false }
  }
})
const busySeconds = values.quick ? 10 : ROUND
const calmSeconds = values.quick ? 10 : ROUND * CALM_SHARE
const rounds = values.quick ? 2 : Math.max(1, Math.round(Number(values.minutes) * 60 / ROUND))
const connections = Number(values.connections)
const reload = Number(values.reload ?? (values.quick ? 5 : 30))

const application = {
  bin: await competitors(),
  docroot: fileURLToPath(new URL('apps', import.meta.url)),
  app: 'work_app:app',
  workers: 1,
  env: { BENCH_CPU_STEPS: '1' } // otherwise each new worker would measure its core first
}
installPackages()
const load = await startLoadProcess('open-load.js', {})
const cases = ['node-asgi command', 'node-asgi command, recycling', 'uvicorn']
  .map(kind => ({ kind, rounds: [] }))
const [calm, busy, uvicorn] = cases
let rate
try {
  for (const one of cases) {
    progress(`starting ${one.kind}`)
    one.server = await startServer(one.kind, application)
  }
  const measure = ({ server }, rate, seconds) =>
    load.measure({ port: server.address.port, path: '/hello', connections, rate, seconds })
  for (const one of [calm, uvicorn]) {
    progress(`capacity of ${one.kind}`)
    await measure(one, 0, 2)
    const { requests, seconds } = await measure(one, 0, values.quick ? 3 : 10)
    one.capacity = requests / seconds
  }
  rate = Math.round(Math.min(calm.capacity, uvicorn.capacity) / 2)
  await interleave({
    rounds,
    cases,
    nameOf: ({ kind }) => `${kind}, ${rate} requests/s`,
    measure: async (one) => {
      const reloads = one === busy
        ? setInterval(() => one.server.signal('SIGHUP'), reload * 1000)
        : undefined
      try {
        return await measure(one, rate, one === busy ? busySeconds : calmSeconds)
      } finally {
        clearInterval(reloads)
      }
    }
  })
} finally {
  await load.stop()
  for (const { server } of cases) await server?.stop()
}

const of = (one, key) => one.rounds.map(({ latency }) => latency[key])
const nameOf = one => one === uvicorn
  ? 'uvicorn'
  : `node-asgi${one === busy ? ', recycling and reloading' : ''}`
const text = `${table(
  ['', 'requests', 'failed', ...PERCENTILES.map(each => `p${each} ms`), 'worst p99.9', 'max'],
  cases.map(one => [nameOf(one),
    ...['requests', 'failed'].map(key => one.rounds.reduce((sum, round) => sum + round[key], 0)),
    ...PERCENTILES.map(each => median(of(one, each))),
    Math.max(...of(one, '99.9')), Math.max(...of(one, 'max'))]))}

${rate} requests/s on ${connections} connections: half of the lower capacity (node-asgi ${
  Math.round(calm.capacity)}/s, uvicorn ${Math.round(uvicorn.capacity)}/s). ${rounds} rounds of ${
  calmSeconds} s; medians of the rounds. With recycling and reloads, rounds of ${busySeconds} s: a
worker is replaced after 5,000 requests, and the application is reloaded every ${reload} s.`
const targets = [
  {
    what: 'p99.9 with recycling and reloads: ratio to undisturbed uvicorn',
    value: ratio(of(busy, '99.9'), of(uvicorn, '99.9')),
    atMost: 2,
    unit: '×'
  },
  {
    what: 'failed requests',
    value: cases.reduce((sum, { rounds }) => sum + rounds.reduce((n, { failed }) => n + failed, 0),
      0),
    atMost: 0
  }
]
/** The position of a percentile on the axis: the number of nines. */
const nines = percentile => -Math.log10(1 - Number(percentile) / 100)
const chart = lines({
  title: 'Latency under a steady open load',
  subtitle: `${rate} requests/s to a light FastAPI route, half of the capacity, 1 worker`,
  x: 'share of the requests that are answered within this time',
  y: 'milliseconds',
  label: value => `${+(100 - 100 / 10 ** value).toFixed(4)} %`,
  logarithmic: true,
  series: cases.map(one => ({
    name: nameOf(one),
    points: PERCENTILES.map(each => [nines(each), Math.max(0.1, median(of(one, each)))])
  }))
})
console.log(`${text}\n\n${targetTable(targets)}\n`)
console.log(await save('tail', {
  rounds,
  busySeconds,
  calmSeconds,
  rate,
  connections,
  versions: {
    ...await versions(['uvicorn', 'uvloop', 'fastapi']), autocannon: PINNED.autocannon
  },
  cases: cases.map(({ server, ...one }) => ({ ...one, kind: nameOf(one) })),
  targets
}, { text, pictures: { latency: chart } }))
