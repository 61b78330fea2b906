// What it saves and costs to look for the next message before going to sleep (the option `spin`).
//
//   node bench/spin.js [--spins auto,0,20,50] [--busy 1] [--rounds 5] [--seconds 1] [--quick]
//
// handleRequest of a hello-world application with one worker, one and 64 requests in flight. Each
// setting is measured with all cores, on one core (taskset), and next to --busy programs that
// compute all the time. Rounds are interleaved. The default may lose at most 5 % to any other
// setting. --quick: 2 rounds.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { competitors } from './support/install/competitors.js'
import { startLoadProcess } from './support/loads/load-process.js'
import { median, plusMinus, ratio, save, table, targetTable } from './support/report/report.js'
import { interleave } from './support/report/rounds.js'

const DEFAULT = 'auto'
const BUSY = 'for (;;) {}'

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
const application = {
  docroot: fileURLToPath(new URL('../fixtures/apps', import.meta.url)),
  app: 'main:app',
  python: `${await competitors()}/python`,
  workers: 1
}
const cases = []
const loads = []

/** Programs that compute until the returned function is called. */
function startBusy (count) {
  const programs = Array.from({ length: count }, () =>
    spawn(process.execPath, ['-e', BUSY], { stdio: 'ignore' }))
  return () => programs.forEach(program => program.kill('SIGKILL'))
}

async function measure ({ load, inFlight, busy }) {
  const stop = startBusy(busy ?? 0)
  try {
    return await load.measure({ work: 'hello', inFlight, seconds })
  } finally {
    stop()
  }
}

try {
  for (const { place, wrapper, busy } of places) {
    for (const spin of spins) {
      const load = await startLoadProcess('handle-load.js',
        { library: 'node-asgi', spin, ...application }, {}, wrapper)
      loads.push(load)
      for (const inFlight of [1, 64]) {
        const one = { place, spin, inFlight, busy, load, rounds: [] }
        await measure(one) // compiles
        cases.push(one)
      }
    }
  }
  cases.sort((a, b) => a.inFlight - b.inFlight)
  cases.sort((a, b) => places.findIndex(({ place }) => place === a.place) -
    places.findIndex(({ place }) => place === b.place))
  await interleave({
    rounds,
    cases,
    nameOf: ({ place, spin, inFlight }) => `${place}, spin ${spin}, ${inFlight} in flight`,
    measure
  })
} finally {
  await Promise.all(loads.map(load => load.stop()))
}

const rates = one => one.rounds.map(({ requests, seconds }) => requests / seconds)
const micros = (one, side) =>
  median(one.rounds.map(({ cpu, requests }) => cpu[side] / requests * 1e6)).toFixed(1)
const ofDefault = one => cases.find(({ place, spin, inFlight }) =>
  spin === DEFAULT && place === one.place && inFlight === one.inFlight)
const targets = cases.filter(({ spin }) => spin !== DEFAULT).map(one => ({
  what: `${one.place}, ${one.inFlight} in flight: requests/s, ratio to spin ${one.spin}`,
  value: ratio(rates(ofDefault(one)), rates(one)),
  atLeast: 0.95,
  unit: '×'
}))
const text = `${table(
  ['', 'in flight', 'spin', 'requests/s', '±', 'p50 µs', 'CPU µs: Node', 'Python',
    `${DEFAULT} / row`],
  cases.map(one => [one.place, one.inFlight, one.spin, Math.round(median(rates(one))),
    plusMinus(rates(one)), (median(one.rounds.map(({ p50 }) => p50)) * 1000).toFixed(1),
    micros(one, 'node'), micros(one, 'python'),
    `${ratio(rates(ofDefault(one)), rates(one)).toPrecision(3)} ×`]))}

Medians of ${rounds} rounds of ${seconds} s, 1 worker; ratios are taken per round.`
console.log(`${text}\n\n${targetTable(targets)}\n`)
console.log(await save('spin', {
  rounds, seconds, cases: cases.map(({ load, ...one }) => one), targets
}, { text }))
