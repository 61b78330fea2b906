// How much work gets done, and how long does one piece of it take, over workers and requests in flight?
//
//   node bench/concurrency.js [options]
//
//   --work hello,fastapi-hello,fastapi,await,cpu,body-1k,body-1m,stream,websocket   (support/workloads.js)
//   --servers node-asgi,proxy,relay,uvicorn,granian,gunicorn,node:http,peer,floor
//   --ways http,websocket,handleRequest   how the work is asked for
//   --workers 1,2         Python processes
//   --in-flight 1,16,64,256   connections, sockets, or calls of handleRequest
//   --rounds 3 --seconds 1    of every measurement; whole seconds
//   --quick               one round, 1 and 64 in flight
//
// Everything is measured in one run, on this machine, in interleaved rounds: for each case every server
// in turn. All serve bench/apps/work_app.py by the interpreter of bench/.venv. HTTP load comes from
// wrk, WebSocket messages from `ws` in a process of its own. Ways and servers that cannot do a work are
// left out: node:http only says hello, the relay differs from the proxy in WebSockets only, and the
// peer (@platformatic/python-node) and the floor (an asyncio loop that only runs the application) have
// one loop and no HTTP. The floor has no latencies. What another server fails to do is a row that says
// FAILED, with the reason below the table: the peer (2.0.0) gives header names as str, not bytes, so
// FastAPI does not see that a body is JSON. What node-asgi fails to do ends the benchmark.
//
// The default takes some 30 minutes, --quick 5. For the targets alone:
//
//   node bench/concurrency.js --work hello,fastapi-hello,fastapi,cpu,websocket --in-flight 64
//
// Prints tables, and draws a picture for each kind of work (bench/results/*.svg).
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
      `${work} by ${via}, ${server}, ${workers} worker(s), ${inFlight} in flight`,
    measure: one => runner.measure(one, seconds),
    // Ours must do all of it. Of another one it is part of the result that it cannot.
    mayFail: ({ server }) => server !== 'node-asgi'
  })
} finally {
  await runner.stop()
}
progress('')

const measured = runner.able(cases)
const targets = targetsOf(measured)
const text = `${tables(measured)}

Medians of ${rounds} rounds of ${seconds} s; ± is half the range of the rounds; "node-asgi is" is taken
per round. CPU: microseconds a request, in the kernel, too; the load that asks over HTTP is not in it,
the loop that calls handleRequest is. wrk corrects its percentiles for the requests that it could not
send while it waited.${runner.missing.map(reason => `\nNot measured: ${reason}.`).join('')}`
console.log(text)
if (targets.length > 0) console.log(`\n${targetTable(targets)}`)
const pictures = {}
for (const work of list(values.work)) {
  const drawn = measured.filter(one => one.work === work && one.rounds.length > 0)
  if (drawn.length > 0) pictures[work] = concurrencyChart(workloads[work].title, drawn, { rounds, seconds })
}
console.log('\n' + await save('concurrency',
  { rounds, seconds, versions: await runner.versions(), cases: measured, targets }, { text, pictures }))
