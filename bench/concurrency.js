// Throughput and latency by number of workers and requests in flight, for several kinds of work.
//
//   node bench/concurrency.js [options]
//
//   --work hello,fastapi-hello,fastapi,await,cpu,body-1k,body-1m,stream,websocket
//                                         described in bench/support/loads/workloads.js
//   --servers node-asgi,proxy,relay,uvicorn,granian,gunicorn,node:http,peer,floor
//   --via http,websocket,handleRequest    how the work is requested
//   --workers 1,2                         Python processes
//   --in-flight 1,16,64,256               connections, sockets or calls of handleRequest
//   --rounds 3 --seconds 1                for each measurement; whole seconds
//   --quick                               one round, 1 and 64 in flight
//
// All measurements come from one run on this machine, in interleaved rounds: each case is measured
// on every server in turn. All servers run bench/apps/work_app.py with the interpreter of
// bench/.venv. wrk generates the HTTP load; a separate process sends the WebSocket messages with
// `ws`.
//
// Combinations that a server does not support are left out. node:http only answers hello. The relay
// differs from the proxy only for WebSockets. The peer (@platformatic/python-node) and the floor
// (an asyncio loop that only runs the application) have one loop and no HTTP, and the floor has no
// latencies. When another server fails, its row says FAILED and the reason follows the table: the
// peer (2.0.0) passes header names as str instead of bytes, so FastAPI does not recognise a JSON
// body. When node-asgi fails, the benchmark ends with an error.
//
// The default takes about 30 minutes, --quick about 5. To measure only the targets:
//
//   node bench/concurrency.js --work hello,fastapi-hello,fastapi,cpu,websocket --in-flight 64
//
// Prints tables and draws one chart for each kind of work (bench/results/*.svg).
import { parseArgs } from 'node:util'
import { Runner } from './support/concurrency/runner.js'
import { concurrencyChart } from './support/concurrency/chart.js'
import { casesOf, tables, targetsOf } from './support/concurrency/cases.js'
import { progress, save, targetTable } from './support/report/report.js'
import { interleave } from './support/report/rounds.js'
import { workloads } from './support/loads/workloads.js'

const { values } = parseArgs({
  options: {
    work: { type: 'string', default: Object.keys(workloads).join() },
    servers: {
      type: 'string',
      default: 'node-asgi,proxy,relay,uvicorn,granian,gunicorn,node:http,peer,floor'
    },
    via: { type: 'string', default: 'http,websocket,handleRequest' },
    workers: { type: 'string', default: '1,2' },
    'in-flight': { type: 'string' },
    rounds: { type: 'string' },
    seconds: { type: 'string', default: '1' },
    quick: { type: 'boolean', default: false }
  }
})
const list = text => text.split(',')
const rounds = Number(values.rounds ?? (values.quick ? 1 : 3))
const seconds = Number(values.seconds)
const cases = casesOf({
  work: list(values.work),
  servers: list(values.servers),
  via: list(values.via),
  workers: list(values.workers).map(Number),
  inFlight: list(values['in-flight'] ?? (values.quick ? '1,64' : '1,16,64,256')).map(Number)
})

const runner = new Runner()
try {
  await runner.start(cases)
  await interleave({
    rounds,
    cases: runner.able(cases),
    nameOf: ({ work, via, server, workers, inFlight }) =>
      `${work} via ${via}, ${server}, ${workers} worker(s), ${inFlight} in flight`,
    measure: one => runner.measure(one, seconds),
    // node-asgi must handle every case. That another server cannot is a result to report.
    mayFail: ({ server }) => server !== 'node-asgi'
  })
} finally {
  await runner.stop()
}
progress('')

const measured = runner.able(cases)
const targets = targetsOf(measured)
const text = `${tables(measured)}

Medians of ${rounds} rounds of ${seconds} s; ± is half the range of the rounds. "node-asgi / row"
is node-asgi's rate divided by that of the row, per round. CPU is microseconds per request, in user
mode and in the kernel. It includes the loop that calls handleRequest, but not the HTTP load
generator. wrk corrects its percentiles for requests that it could not send while it waited.${
  runner.missing.map(reason => `\nNot measured: ${reason}.`).join('')}`
console.log(text)
if (targets.length > 0) console.log(`\n${targetTable(targets)}`)
const pictures = {}
for (const work of list(values.work)) {
  const drawn = measured.filter(one => one.work === work && one.rounds.length > 0)
  if (drawn.length > 0) {
    pictures[work] = concurrencyChart(workloads[work].title, drawn, { rounds, seconds })
  }
}
console.log('\n' + await save('concurrency', {
  rounds, seconds, versions: await runner.versions(), cases: measured, targets
}, { text, pictures }))
