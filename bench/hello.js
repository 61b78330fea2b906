// What does it cost to get a request into Python and its response back?
//
//   node bench/hello.js [--rounds 5] [--seconds 2] [--in-flight 64]
//
// handleRequest of a hello-world application with one worker, beside @platformatic/python-node (one
// loop in Node's process) and beside the floor: an asyncio loop in the same interpreter that only runs
// the application. Each run is a process of its own, and the rounds are interleaved. The peer needs the
// libpython it is linked to: BENCH_PEER_PYTHON names an interpreter that has it.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { competitors } from './support/competitors.js'
import { peer } from './support/peer.js'
import { median, progress, save, spread, table } from './support/report.js'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    'in-flight': { type: 'string', default: '64' }
  }
})
const [rounds, seconds, inFlight] = [values.rounds, values.seconds, values['in-flight']].map(Number)
const run = promisify(execFile)
/** Milliseconds that a run may take. */
const timeout = (seconds + 60) * 1000
const here = (name) => fileURLToPath(new URL(name, import.meta.url))
const docroot = here('../fixtures/apps')
const app = 'main:app'
const python = `${await competitors()}/python`

async function load (options, env = {}) {
  const { stdout } = await run(process.execPath,
    [here('support/hello-load.js'), JSON.stringify({ docroot, app, seconds, inFlight, ...options })],
    { env: { ...process.env, ...env }, timeout })
  return JSON.parse(stdout.trim().split('\n').at(-1))
}

async function floor (...loop) {
  const { stdout } = await run(python,
    [here('support/floor.py'), docroot, app, String(seconds), String(inFlight), ...loop],
    { timeout })
  return JSON.parse(stdout)
}

const ways = {
  'node-asgi': () => load({ library: 'node-asgi', python }),
  'bare asyncio loop': () => floor(),
  'bare uvloop': () => floor('uvloop')
}
const other = peer()
if (other.missing === undefined) {
  ways[`@platformatic/python-node ${other.version}`] = () => load({ library: other.library }, other.env)
}
const results = Object.fromEntries(Object.keys(ways).map((name) => [name, []]))
for (let round = 1; round <= rounds; round++) {
  for (const [name, measure] of Object.entries(ways)) {
    const one = await measure()
    results[name].push(one)
    progress(`round ${round}/${rounds}: ${name}: ${Math.round(one.requests / one.seconds)} requests/s`)
  }
}
progress('')

const rate = ({ requests, seconds }) => requests / seconds
const ours = results['node-asgi']
console.log(table(['', 'requests/s', '', 'CPU µs a request', 'node-asgi is'],
  Object.entries(results).map(([name, list]) => [
    name,
    Math.round(median(list.map(rate))),
    `±${(spread(list.map(rate)) * 100).toFixed(0)}%`,
    median(list.map(({ cpu, requests }) => cpu / requests * 1e6)).toFixed(2),
    `${median(list.map((one, i) => rate(ours[i]) / rate(one))).toPrecision(3)} ×`
  ])))
console.log(`medians of ${rounds} rounds of ${seconds} s, ${inFlight} in flight, 1 worker; ± is half ` +
  'the range of the rounds')
if (other.missing !== undefined) console.log(`not measured: ${other.missing}`)
console.log(await save('hello', { rounds, seconds, inFlight, results }))
