// The cost of sending a request to Python and getting its response.
//
//   node bench/hello.js [--rounds 5] [--seconds 2] [--in-flight 64] [--quick]
//
// Measures handleRequest of a hello-world application with one worker, and compares it with
//   - the floor: an asyncio loop in the same interpreter that only runs the application, in one
//     task per request (create_task), on asyncio and on uvloop;
//   - @platformatic/python-node, which runs one loop in Node's process. It needs the libpython that
//     it is linked to: BENCH_PEER_PYTHON names an interpreter that has it, if neither PATH nor
//     pyenv do;
//   - with one request in flight, what users do today: a proxy in Node (node:http and undici's
//     pool) in front of uvicorn, called over HTTP by an undici loop.
// Each load runs in its own process, and rounds are interleaved. --quick: 2 rounds of 1 s.
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { competitors, versions } from './support/install/competitors.js'
import { floor } from './support/concurrency/floor.js'
import { startLoadProcess } from './support/loads/load-process.js'
import { installPackages } from './support/install/npm.js'
import { peer } from './support/install/peer.js'
import { barChart } from './support/report/bar-chart.js'
import {
  median, plusMinus, progress, ratio, save, table, targetTable
} from './support/report/report.js'
import { interleave } from './support/report/rounds.js'
import { startServer } from './support/servers/server.js'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    'in-flight': { type: 'string', default: '64' },
    quick: { type: 'boolean' }
  }
})
const rounds = Number(values.rounds ?? (values.quick ? 2 : 5))
const seconds = Number(values.seconds ?? (values.quick ? 1 : 2))
const many = Number(values['in-flight'])

const here = name => fileURLToPath(new URL(name, import.meta.url))
const application = { docroot: here('../fixtures/apps'), app: 'main:app', workers: 1 }
const bin = await competitors()
installPackages()
const other = peer()
const peerName = `@platformatic/python-node ${other.version}`

progress('starting')
const ours = await startLoadProcess('handle-load.js',
  { library: 'node-asgi', python: `${bin}/python`, ...application })
// This application also answers /pid, which startServer() needs.
const proxy = await startServer('proxy',
  { bin, docroot: here('apps'), app: 'work_app:app', workers: 1 })
const throughProxy = await startLoadProcess('undici-load.js', { port: proxy.address.port })
const loaders = [ours, throughProxy]

const cases = []
function add (name, inFlight, measure) {
  const one = {
    name,
    inFlight,
    measure: load => measure({ work: 'hello', inFlight, ...load }),
    rounds: []
  }
  cases.push(one)
  return one
}
const hello = add('node-asgi', many, ours.measure)
const asyncio = add('bare asyncio loop', many,
  load => floor({ bin, ...application, ...load }))
add('bare uvloop', many, load => floor({ bin, ...application, loop: 'uvloop', ...load }))
const helloAlone = add('node-asgi', 1, ours.measure)
const proxyAlone = add('HTTP proxy in front of uvicorn', 1, throughProxy.measure)
let others = null
if (other.missing === undefined) {
  const theirs = await startLoadProcess('handle-load.js',
    { library: other.library, ...application }, other.env)
  loaders.push(theirs)
  others = add(peerName, many, theirs.measure)
  add(peerName, 1, theirs.measure)
}

try {
  // A warm-up, so that the JIT compiles before the first round.
  for (const { measure } of cases) await measure({ seconds: 0.5 })
  await interleave({
    rounds,
    cases,
    nameOf: ({ name, inFlight }) => `${name}, ${inFlight} in flight`,
    measure: one => one.measure({ seconds })
  })
} finally {
  await Promise.all(loaders.map(loader => loader.stop()))
  await proxy.stop()
}

const rates = one => one.rounds.map(({ requests, seconds }) => requests / seconds)
const p50s = one => one.rounds.map(({ p50 }) => p50)
const targets = [
  {
    what: `handleRequest, ${many} in flight: ratio to @platformatic/python-node`,
    value: others === null ? NaN : ratio(rates(hello), rates(others)),
    atLeast: 100,
    unit: '×'
  },
  {
    what: `handleRequest, ${many} in flight: ratio to a bare asyncio loop with create_task`,
    value: ratio(rates(hello), rates(asyncio)),
    atLeast: 1.2,
    unit: '×'
  },
  {
    what: '1 in flight: p50, ratio to the HTTP proxy',
    value: ratio(p50s(helloAlone), p50s(proxyAlone)),
    atMost: 1 / 3,
    unit: '×'
  }
]
const cpuMicros = (one, side) => Number.isFinite(one.rounds[0].cpu?.[side])
  ? median(one.rounds.map(({ cpu, requests }) => cpu[side] / requests * 1e6)).toFixed(2)
  : '–'
const micros = one =>
  one.rounds[0].p50 === undefined ? '–' : (median(p50s(one)) * 1000).toFixed(1)
const text = `${table(
  ['', 'in flight', 'requests/s', '±', 'p50 µs', 'CPU µs: Node', 'Python', 'node-asgi / row'],
  cases.map(one => [one.name, one.inFlight, Math.round(median(rates(one))), plusMinus(rates(one)),
    micros(one), cpuMicros(one, 'node'), cpuMicros(one, 'python'),
    `${ratio(rates(one.inFlight === 1 ? helloAlone : hello), rates(one)).toPrecision(3)} ×`]))}

Medians of ${rounds} rounds of ${seconds} s, 1 worker; ± is half the range of the rounds; ratios are
taken per round. CPU is per request and includes a Node process that sends the requests. For
@platformatic/python-node, Node's figure includes Python, which runs in the same process.` +
  (other.missing === undefined ? '' : ` Not measured: ${other.missing}.`)
console.log(`${text}\n\n${targetTable(targets)}\n`)
const chart = barChart({
  title: 'One request at a time',
  subtitle: 'microseconds until the response of a hello world, called from Node.js; less is better',
  bars: cases.filter(({ inFlight }) => inFlight === 1).map(one =>
    ({ name: one.name, value: median(p50s(one)) * 1000, ours: one === helloAlone }))
})
console.log(await save('hello', {
  rounds, seconds, versions: await versions(['uvicorn', 'uvloop']), cases, targets
}, { text, pictures: { alone: chart } }))
