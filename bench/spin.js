// What it saves and costs to look for the next message before going to sleep (the option `spin`).
//
//   node bench/spin.js [--spins auto,0,20,50] [--busy 1] [--rounds 5] [--seconds 1] [--quick]
//
// handleRequest of a hello-world application with one worker, one and 64 requests in flight. Each
// setting is measured with all cores, on one core (taskset), and next to --busy programs that
// compute all the time. Then uploads over HTTP, where the client needs a core, too. Rounds are
// interleaved. The default may lose at most 5 % to any other setting. --quick: 2 rounds.
import { spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { competitors } from './support/install/competitors.js'
import { startLoadProcess } from './support/loads/load-process.js'
import { median, plusMinus, ratio, save, table, targetTable } from './support/report/report.js'
import { interleave } from './support/report/rounds.js'
import { startServer } from './support/servers/server.js'

const DEFAULT = 'auto'
const BUSY = 'for (;;) {}'
const UPLOAD_MIB = 512
const UPLOAD = 'MiB uploaded over HTTP'
/** Seconds that an upload may take. */
const PATIENCE = 60

const { values } = parseArgs({
  options: {
    spins: { type: 'string', default: `${DEFAULT},0,20,50` },
    busy: { type: 'string', default: '1' },
    rounds: { type: 'string' },
    seconds: { type: 'string', default: '1' },
    quick: { type: 'boolean', default: false }
  }
})
const rounds = Number(values.rounds ?? (values.quick ? 2 : 5))
const seconds = Number(values.seconds)
const busy = Number(values.busy)
const spins = values.spins.split(',').map(spin => spin === DEFAULT ? spin : Number(spin))

const places = [
  { place: 'all cores' },
  { place: 'one core', wrapper: ['taskset', '-c', '0'] },
  { place: `next to ${busy} busy`, busy }
]
const bin = await competitors()
const application = {
  docroot: fileURLToPath(new URL('../fixtures/apps', import.meta.url)),
  app: 'main:app',
  python: `${bin}/python`,
  workers: 1
}
const bodies = {
  bin,
  docroot: fileURLToPath(new URL('apps', import.meta.url)),
  app: 'bodies_app:app',
  workers: 1,
  env: { BENCH_FILES: tmpdir() }
}
const cases = []
const started = []

/** Programs that compute until the returned function is called. */
function startBusy (count) {
  const programs = Array.from({ length: count }, () =>
    spawn(process.execPath, ['-e', BUSY], { stdio: 'ignore' }))
  return () => programs.forEach(program => program.kill('SIGKILL'))
}

async function hello ({ load, inFlight, busy }) {
  const stop = startBusy(busy ?? 0)
  try {
    return await load.measure({ work: 'hello', inFlight, seconds })
  } finally {
    stop()
  }
}

async function upload ({ load, server }) {
  const result = await load.measure({
    kind: 'up',
    path: '/up',
    bytes: UPLOAD_MIB * 2 ** 20,
    requests: 1,
    connections: 1,
    seconds: PATIENCE,
    port: server.address.port,
    processes: server.processes()
  })
  return { ...result, requests: UPLOAD_MIB, p50: NaN }
}

async function add (one) {
  cases.push({ ...one, rounds: [] })
  await one.measure(one) // compiles
}

try {
  for (const { place, wrapper, busy } of places) {
    for (const spin of spins) {
      const load = await startLoadProcess('handle-load.js',
        { library: 'node-asgi', spin, ...application }, {}, wrapper)
      started.push(load)
      for (const inFlight of [1, 64]) {
        await add({ place, spin, inFlight, busy, load, measure: hello })
      }
    }
  }
  const load = await startLoadProcess('body-load.js', {})
  started.push(load)
  for (const spin of spins) {
    const server = await startServer('node-asgi', { ...bodies, spin })
    started.push(server)
    await add({ place: UPLOAD, spin, inFlight: 1, load, server, measure: upload })
  }
  cases.sort((a, b) => a.inFlight - b.inFlight)
  const order = [...places.map(({ place }) => place), UPLOAD]
  cases.sort((a, b) => order.indexOf(a.place) - order.indexOf(b.place))
  await interleave({
    rounds,
    cases,
    nameOf: ({ place, spin, inFlight }) => `${place}, spin ${spin}, ${inFlight} in flight`,
    measure: one => one.measure(one)
  })
} finally {
  await Promise.all(started.map(one => one.stop()))
}

const rates = one => one.rounds.map(({ requests, seconds }) => requests / seconds)
const p50 = one => median(one.rounds.map(({ p50 }) => p50)) * 1000
const micros = (one, side) =>
  median(one.rounds.map(({ cpu, requests }) => cpu[side] / requests * 1e6)).toFixed(1)
const ofDefault = one => cases.find(({ place, spin, inFlight }) =>
  spin === DEFAULT && place === one.place && inFlight === one.inFlight)
const targets = cases.filter(({ spin }) => spin !== DEFAULT).map(one => ({
  what: `${one.place}, ${one.inFlight} in flight: a second, ratio to spin ${one.spin}`,
  value: ratio(rates(ofDefault(one)), rates(one)),
  atLeast: 0.95,
  unit: '×'
}))
const text = `${table(
  ['', 'in flight', 'spin', 'a second', '±', 'p50 µs', 'CPU µs: Node', 'Python',
    `${DEFAULT} / row`],
  cases.map(one => [one.place, one.inFlight, one.spin, Math.round(median(rates(one))),
    plusMinus(rates(one)), Number.isNaN(p50(one)) ? '–' : p50(one).toFixed(1),
    micros(one, 'node'), micros(one, 'python'),
    `${ratio(rates(ofDefault(one)), rates(one)).toPrecision(3)} ×`]))}

Medians of ${rounds} rounds of ${seconds} s, 1 worker; ratios are taken per round.`
console.log(`${text}\n\n${targetTable(targets)}\n`)
console.log(await save('spin', {
  rounds, seconds, cases: cases.map(({ load, server, ...one }) => one), targets
}, { text }))
