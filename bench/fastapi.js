// How many requests of a FastAPI application each way of running it serves.
//
//   node bench/fastapi.js [--route hello|items] [--rounds 5] [--seconds 3] [--quick]
//
// One worker, 64 connections of wrk. uvicorn and granian serve HTTP themselves. The proxy is Node
// in front of uvicorn (node:http and undici). node-asgi and @platformatic/python-node run the
// application inside of Node's process tree, behind node:http; the latter needs the libpython that
// it is linked to (see hello.js). `hello` returns a dict, `items` validates path, query, body and
// response. Rounds are interleaved. Draws the chart of the README.
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { competitors, versions } from './support/install/competitors.js'
import { installPackages } from './support/install/npm.js'
import { peer } from './support/install/peer.js'
import { workloads } from './support/loads/workloads.js'
import { findWrk, wrk } from './support/loads/wrk.js'
import { barChart } from './support/report/bar-chart.js'
import {
  median, plusMinus, progress, ratio, save, table, targetTable
} from './support/report/report.js'
import { interleave } from './support/report/rounds.js'
import { nodeVersions } from './support/servers/server-kinds.js'
import { startServer } from './support/servers/server.js'

const CONNECTIONS = 64
const ROUTES = { hello: 'fastapi-hello', items: 'fastapi' }
const NAMES = {
  'node-asgi': 'node-asgi',
  granian: 'granian (no Node)',
  uvicorn: 'uvicorn (no Node)',
  proxy: 'Node proxy + uvicorn',
  'python-node': '@platformatic/python-node'
}

const { values } = parseArgs({
  options: {
    route: { type: 'string', default: 'hello' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    quick: { type: 'boolean', default: false }
  }
})
const rounds = Number(values.rounds ?? (values.quick ? 2 : 5))
const seconds = Number(values.seconds ?? (values.quick ? 1 : 3))
const work = workloads[ROUTES[values.route]]
const application = {
  bin: await competitors(),
  docroot: fileURLToPath(new URL('apps', import.meta.url)),
  app: 'work_app:app',
  workers: 1,
  env: { BENCH_CPU_STEPS: '1' } // otherwise each worker measures its core first
}
installPackages()
const { library, version, env, missing } = peer()
const cases = Object.keys(NAMES).map(kind => ({ kind, rounds: [] }))
const caseOf = kind => cases.find(one => one.kind === kind)
try {
  for (const one of cases) {
    progress(`starting ${one.kind}`)
    const isPeer = one.kind === 'python-node'
    if (isPeer && missing !== undefined) {
      one.failed = missing
      continue
    }
    one.server = await startServer(one.kind,
      isPeer ? { ...application, library, env: { ...application.env, ...env } } : application)
  }
  await interleave({
    rounds: rounds + 1,
    cases,
    nameOf: ({ kind }) => kind,
    measure: async ({ server, rounds }) => {
      const before = server.cpu()
      const load = await wrk({
        port: server.address.port, ...work, inFlight: CONNECTIONS, seconds
      })
      const after = server.cpu()
      return {
        ...load,
        rate: load.requests / load.seconds,
        cpu: (after.node - before.node + after.python - before.python) / load.requests * 1e6
      }
    },
    mayFail: ({ kind }) => kind === 'python-node'
  })
} finally {
  for (const { server } of cases) await server?.stop()
}

const measured = cases.filter(({ failed }) => failed === undefined)
for (const one of measured) one.rounds.shift() // a warm-up, so that the JIT compiles
const of = (kind, key) => caseOf(kind).rounds.map(round => round[key])
const over = (kind, key) => caseOf(kind).failed === undefined
  ? ratio(of('node-asgi', key), of(kind, key))
  : NaN
const targets = [
  ['granian', values.route === 'hello' ? 1.1 : 1], ['uvicorn', 1.5], ['proxy', 1.4]
].map(([kind, atLeast]) =>
  ({ what: `requests/s, ratio to ${NAMES[kind]}`, value: over(kind, 'rate'), atLeast, unit: '×' }))
const text = `${table(['', 'requests/s', '±', 'node-asgi / row', 'CPU µs per request', 'p50 ms',
  'p99 ms'],
  cases.map(one => one.failed === undefined
    ? [NAMES[one.kind], Math.round(median(of(one.kind, 'rate'))), plusMinus(of(one.kind, 'rate')),
        `${over(one.kind, 'rate').toFixed(2)} ×`, median(of(one.kind, 'cpu')).toFixed(0),
        ...['p50', 'p99'].map(key => median(of(one.kind, key)).toFixed(1))]
    : [NAMES[one.kind], `not measured: ${one.failed}`, '', '', '', '', '']))}

${work.title}, 1 worker, ${CONNECTIONS} connections; medians of ${rounds} rounds of ${seconds} s.
CPU time is that of all processes of the server.`
const chart = barChart({
  title: `${work.title}: requests per second`,
  subtitle: `1 worker, ${CONNECTIONS} connections; servers and load share ${
    availableParallelism()} cores`,
  bars: measured.map(({ kind }) =>
    ({ name: NAMES[kind], value: median(of(kind, 'rate')), ours: kind === 'node-asgi' }))
    .sort((a, b) => b.value - a.value)
})
console.log(`${text}\n\n${targetTable(targets)}\n`)
console.log(await save('fastapi', {
  route: values.route,
  rounds,
  seconds,
  versions: {
    wrk: findWrk().version,
    ...await versions(['uvicorn', 'granian', 'uvloop', 'fastapi']),
    ...nodeVersions(),
    '@platformatic/python-node': version ?? 'missing'
  },
  cases: cases.map(({ server, ...one }) => one),
  targets
}, { text, pictures: { [values.route]: chart } }))
