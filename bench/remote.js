// What the option `remote` costs: the same application in a local pool, behind `remote`, and behind
// a proxy written by hand (support/servers/proxy-server.js), each in a Node server of its own.
//
//   node bench/remote.js [--rounds 5] [--seconds 3] [--quick]
//
// Behind `remote` and the proxy is uvicorn on a Unix socket. Requests come over HTTP from an undici
// loop in a process of its own, with 1 and 64 in flight. CPU time hardly depends on what else runs
// on the machine, so compare it first; latencies need an idle one. --quick: 2 rounds of 1 s.
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { competitors, versions } from './support/install/competitors.js'
import { installPackages } from './support/install/npm.js'
import { startLoadProcess } from './support/loads/load-process.js'
import {
  median, plusMinus, progress, ratio, save, table, targetTable
} from './support/report/report.js'
import { interleave } from './support/report/rounds.js'
import { nodeVersions } from './support/servers/server-kinds.js'
import { startServer } from './support/servers/server.js'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    quick: { type: 'boolean', default: false }
  }
})
const rounds = Number(values.rounds ?? (values.quick ? 2 : 5))
const seconds = Number(values.seconds ?? (values.quick ? 1 : 3))

const IN_FLIGHT = [1, 64]
const KINDS = { local: 'node-asgi', remote: 'node-asgi, remote', proxy: 'proxy' }

const application = {
  bin: await competitors(),
  docroot: fileURLToPath(new URL('apps', import.meta.url)),
  app: 'work_app:app',
  workers: 1
}
installPackages()

const started = []
const cases = []
try {
  for (const [name, kind] of Object.entries(KINDS)) {
    progress(`starting ${kind}`)
    const server = await startServer(kind, application)
    started.push(server)
    const load = await startLoadProcess('undici-load.js', { port: server.address.port })
    started.push(load)
    for (const inFlight of IN_FLIGHT) cases.push({ name, inFlight, server, load, rounds: [] })
  }
  // A warm-up, so that the JIT compiles before the first round.
  for (const { load, inFlight } of cases) await load.measure({ inFlight, seconds: 1 })
  await interleave({
    rounds,
    cases,
    nameOf: ({ name, inFlight }) => `${name}, ${inFlight} in flight`,
    measure: async ({ server, load, inFlight }) => {
      const before = server.cpu()
      const result = await load.measure({ inFlight, seconds })
      await server.settle()
      const after = server.cpu()
      const micros = (side) => (after[side] - before[side]) / result.requests * 1e6
      return { ...result, node: micros('node'), python: micros('python') }
    }
  })
} finally {
  await Promise.all(started.map((one) => one.stop()))
}

const of = (name, inFlight) => cases.find((one) => one.name === name && one.inFlight === inFlight)
const all = (one, what) => one.rounds.map((round) => round[what])
const cpu = (one) => one.rounds.map(({ node, python }) => node + python)
const rates = (one) => one.rounds.map((round) => round.requests / round.seconds)

const targets = IN_FLIGHT.flatMap((inFlight) => [
  {
    what: `${inFlight} in flight: CPU time of Node per request, ratio to the proxy`,
    value: ratio(all(of('remote', inFlight), 'node'), all(of('proxy', inFlight), 'node')),
    atMost: 1.25,
    unit: '×'
  },
  {
    what: `${inFlight} in flight: p50, ratio to the proxy`,
    value: ratio(all(of('remote', inFlight), 'p50'), all(of('proxy', inFlight), 'p50')),
    atMost: 1.25,
    unit: '×'
  }
])

const times = (value) => `${value.toPrecision(3)} ×`
const text = `${table(
  ['', 'in flight', 'requests/s', '±', 'p50 µs', 'CPU µs: Node', 'Python', 'CPU: remote / row',
    'p50: remote / row'],
  cases.map((one) => {
    const remote = of('remote', one.inFlight)
    return [one.name, one.inFlight, Math.round(median(rates(one))), plusMinus(rates(one)),
      (median(all(one, 'p50')) * 1000).toFixed(0), median(all(one, 'node')).toFixed(1),
      median(all(one, 'python')).toFixed(1), times(ratio(cpu(remote), cpu(one))),
      times(ratio(all(remote, 'p50'), all(one, 'p50')))]
  }))}

Medians of ${rounds} rounds of ${seconds} s, 1 worker; ± is half the range of the rounds; ratios are
taken per round. CPU is per request, of the servers alone. local: the pool of node-asgi. remote and
proxy: uvicorn on a Unix socket.`
console.log(`${text}\n\n${targetTable(targets)}\n`)
console.log(await save('remote', {
  rounds,
  seconds,
  versions: { ...await versions(['uvicorn', 'uvloop']), ...nodeVersions() },
  cases: cases.map(({ name, inFlight, rounds }) => ({ name, inFlight, rounds })),
  targets
}, { text }))
