// What an event of a stream costs, for example a token of a language model.
//
//   node bench/tokens.js [--servers node-asgi,uvicorn,granian,proxy] [--paths asgi,fastapi,sse]
//     [--via HTTP/1.1,HTTP/2,WebSocket,fetch,handleStream] [--streams 100,1000,5000]
//     [--interval 50] [--rounds 3] [--seconds 4] [--quick]
//
// Each stream sends an event every --interval milliseconds; 0 stands for as fast as it can, which
// one stream of each server also does. Streams that together would have more than 20,000 events a
// second send them less often: one worker of no server has more. One worker each, interleaved
// rounds. CPU time is that of all processes of the server. An event is late by the time from when
// it was due until the client has it. Growth is how much more memory the processes took at most
// while the events were counted: --seconds 600 --streams 1000 shows whether it ends.
//
// The other servers take part over HTTP/1.1 and WebSocket. With fetch() and handleStream() the
// reader is in Node, whose CPU time contains it. --quick: one round, 200 streams, HTTP/1.1.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { competitors, versions } from './support/install/competitors.js'
import { installPackages } from './support/install/npm.js'
import { startLoadProcess } from './support/loads/load-process.js'
import { barChart } from './support/report/bar-chart.js'
import {
  median, plusMinus, progress, ratio, save, table, targetTable
} from './support/report/report.js'
import { interleave } from './support/report/rounds.js'
import { freePort, startServer } from './support/servers/server.js'

const OURS = 'node-asgi'
const CALLS = ['fetch', 'handleStream']
const OTHERS_VIA = ['HTTP/1.1', 'WebSocket']

const { values } = parseArgs({
  options: {
    servers: { type: 'string', default: `${OURS},uvicorn,granian,proxy` },
    paths: { type: 'string' },
    via: { type: 'string' },
    streams: { type: 'string' },
    interval: { type: 'string', default: '50' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    quick: { type: 'boolean', default: false }
  }
})
const { quick } = values
const list = (name, whole, short) => (values[name] ?? (quick ? short : whole)).split(',')
const rounds = Number(values.rounds ?? (quick ? 1 : 3))
const seconds = Number(values.seconds ?? (quick ? 2 : 4))
const paths = list('paths', 'asgi,fastapi,sse', 'fastapi')
const ways = list('via', ['HTTP/1.1', 'HTTP/2', 'WebSocket', ...CALLS].join(), 'HTTP/1.1')
const counts = list('streams', '100,1000,5000', '200').map(Number)
const interval = Number(values.interval)

/** Events a second of all streams together, at most. */
const MOST = 20_000
/** Seconds of a stream at full speed, which takes all of the machine. */
const FULL_SPEED = 4

const intervalOf = streams => interval === 0 ? 0 : Math.max(interval, streams * 1000 / MOST)

/** What is measured of each server: all applications with the fewest streams over HTTP/1.1. */
const loads = [
  ...ways.flatMap(via => counts.flatMap(streams => pathsOf(via, streams)
    .map(path => ({ via, streams, path, interval: intervalOf(streams) })))),
  ...interval > 0 ? [{ via: ways[0], streams: 1, path: pathsOf(ways[0], 1)[0], interval: 0 }] : []
]

function pathsOf (via, streams) {
  if (via === 'WebSocket') return ['ws']
  return via === ways[0] && streams === counts[0] ? paths : paths.slice(0, 1)
}

const application = {
  bin: await competitors(),
  docroot: fileURLToPath(new URL('apps', import.meta.url)),
  app: 'tokens_app:app',
  workers: 1,
  concurrency: 10_000,
  http2Port: await freePort()
}
installPackages()
const load = await startLoadProcess('token-load.js', {})
const calls = ways.some(via => CALLS.includes(via))
  ? await startLoadProcess('token-call-load.js', {
    docroot: application.docroot,
    appTarget: application.app,
    workers: 1,
    concurrency: application.concurrency,
    python: join(application.bin, 'python')
  })
  : null
const servers = []
const cases = []
try {
  for (const kind of values.servers.split(',')) {
    progress(`starting ${kind}`)
    const server = await startServer(kind, application)
    servers.push(server)
    for (const one of loads) {
      if (kind === OURS || OTHERS_VIA.includes(one.via)) {
        cases.push({ kind, server, ...one, rounds: [] })
      }
    }
  }
  const order = one => loads.findIndex(other => isLike(one, other))
  cases.sort((a, b) => order(a) - order(b))
  await interleave({
    rounds,
    cases,
    nameOf: ({ kind, via, path, streams }) => `${kind}, ${via}, ${path}, ${streams} streams`,
    // A server may refuse so many streams.
    mayFail: ({ kind }) => kind !== OURS,
    measure: async ({ server, via, path, streams, interval }) => {
      const { port } = server.address
      const result = await (CALLS.includes(via) ? calls : load).measure({
        via,
        port,
        http2Port: application.http2Port,
        path: `/${path}`,
        streams,
        interval,
        seconds: interval > 0 ? seconds : Math.min(seconds, FULL_SPEED),
        processes: server.processes()
      })
      await server.settle()
      return result
    }
  })
} finally {
  await load.stop()
  await calls?.stop()
  for (const server of servers) await server.stop()
}

function isLike (one, other) {
  return ['via', 'path', 'streams', 'interval'].every(key => one[key] === other[key])
}
const micros = (one, side) =>
  one.rounds.map(({ cpu, requests }) => (side === undefined ? cpu.node + cpu.python : cpu[side]) /
    requests * 1e6)
const like = (one, kind) =>
  cases.find(each => each.kind === kind && isLike(each, one) && each.failed === undefined)
const middle = (one, key) => median(one.rounds.map(round => round[key]))
const over = (one, kind) => like(one, kind) === undefined
  ? '–'
  : `${ratio(micros(one), micros(like(one, kind))).toFixed(2)} ×`
const measured = cases.filter(({ failed }) => failed === undefined)
const nameOf = ({ via, path, streams, interval }) => `${via}, ${path}, ` +
  (interval === 0 ? 'one at full speed' : `${streams} streams`)
const targets = measured.filter(({ kind }) => kind === OURS).flatMap(one => [
  ...[{ kind: 'uvicorn', atMost: 1.3 }, { kind: 'proxy', atMost: 0.6 }]
    .filter(({ kind }) => like(one, kind) !== undefined)
    .map(({ kind, atMost }) => ({
      what: `${nameOf(one)}: CPU per event, ratio to ${kind}`,
      value: ratio(micros(one), micros(like(one, kind))),
      atMost,
      unit: '×'
    })),
  ...like(one, 'uvicorn') !== undefined && one.interval > 0
    ? [{
        what: `${nameOf(one)}: p99 lateness`,
        value: middle(one, 'p99'),
        atMost: middle(like(one, 'uvicorn'), 'p99'),
        unit: 'ms'
      }]
    : []
])
const text = `${table(
  ['', 'via', 'application', 'streams', 'events/s', 'CPU µs per event', '±', 'Node', 'Python',
    'row / uvicorn', 'late p50 ms', 'p99 ms', 'growth MiB'],
  measured.map(one => [one.kind, one.via, one.path,
    one.interval === 0 ? '1, full speed' : one.streams,
    Math.round(median(one.rounds.map(({ requests, seconds }) => requests / seconds))),
    median(micros(one)).toFixed(1), plusMinus(micros(one)),
    median(micros(one, 'node')).toFixed(1), median(micros(one, 'python')).toFixed(1),
    over(one, 'uvicorn'), middle(one, 'p50').toFixed(1), middle(one, 'p99').toFixed(1),
    middle(one, 'growth').toFixed(1)]))}

Medians of ${rounds} rounds of ${seconds} s, 1 worker. A stream has an event every ${interval} ms,
or less often if all together would have more than ${MOST} a second.`
console.log(`${text}\n\n${targetTable(targets)}\n`)
const charted = measured.filter(one => isLike(one, loads.find(({ path }) => path === 'fastapi') ??
  loads[0]))
const chart = barChart({
  title: 'Streamed tokens: CPU time of an event',
  subtitle: `microseconds of all processes, ${charted[0].streams} streams of ${charted[0].path}, ` +
    `${charted[0].via}; less is better`,
  bars: charted.map(one => ({
    name: one.kind === 'proxy' ? 'Node proxy + uvicorn' : one.kind,
    value: median(micros(one)),
    ours: one.kind === OURS
  })).sort((a, b) => a.value - b.value)
})
console.log(await save('tokens', {
  rounds,
  seconds,
  interval,
  versions: await versions(['uvicorn', 'granian', 'uvloop', 'fastapi', 'sse-starlette']),
  cases: cases.map(({ server, ...one }) => one),
  targets
}, { text, pictures: { event: chart } }))
