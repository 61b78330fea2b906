// What an event of a stream costs, for example a token of a language model.
//
//   node bench/tokens.js [--servers node-asgi,uvicorn,granian,proxy] [--paths asgi,fastapi,sse]
//     [--streams 200] [--interval 50] [--rounds 3] [--seconds 4] [--quick]
//
// Each stream sends an event every --interval milliseconds; 0 stands for as fast as it can. One
// worker each, interleaved rounds. CPU time is that of all processes of the server. An event is
// late by the time from when it was due until the client has it.
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { competitors, versions } from './support/install/competitors.js'
import { installPackages } from './support/install/npm.js'
import { startLoadProcess } from './support/loads/load-process.js'
import {
  median, plusMinus, progress, ratio, save, table, targetTable
} from './support/report/report.js'
import { interleave } from './support/report/rounds.js'
import { startServer } from './support/servers/server.js'

const { values } = parseArgs({
  options: {
    servers: { type: 'string', default: 'node-asgi,uvicorn,granian,proxy' },
    paths: { type: 'string' },
    streams: { type: 'string', default: '200' },
    interval: { type: 'string', default: '50' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    quick: { type: 'boolean', default: false }
  }
})
const rounds = Number(values.rounds ?? (values.quick ? 1 : 3))
const seconds = Number(values.seconds ?? (values.quick ? 2 : 4))
const interval = Number(values.interval)
const paths = (values.paths ?? (values.quick ? 'fastapi' : 'asgi,fastapi,sse')).split(',')
const application = {
  bin: await competitors(),
  docroot: fileURLToPath(new URL('apps', import.meta.url)),
  app: 'tokens_app:app',
  workers: 1
}
installPackages()
const load = await startLoadProcess('token-load.js', {})
const servers = []
const cases = []
try {
  for (const kind of values.servers.split(',')) {
    progress(`starting ${kind}`)
    const server = await startServer(kind, application)
    servers.push(server)
    for (const streams of values.streams.split(',').map(Number)) {
      for (const path of paths) cases.push({ kind, server, streams, path, rounds: [] })
    }
  }
  cases.sort((a, b) => a.streams - b.streams || paths.indexOf(a.path) - paths.indexOf(b.path))
  await interleave({
    rounds,
    cases,
    nameOf: ({ kind, path, streams }) => `${kind}, ${path}, ${streams} streams`,
    measure: async ({ server, path, streams }) => {
      const result = await load.measure({
        port: server.address.port,
        path: `/${path}`,
        streams,
        interval,
        seconds,
        processes: server.processes()
      })
      await server.settle()
      return result
    }
  })
} finally {
  await load.stop()
  for (const server of servers) await server.stop()
}

const micros = (one, side) =>
  one.rounds.map(({ cpu, requests }) => (side === undefined ? cpu.node + cpu.python : cpu[side]) /
    requests * 1e6)
const like = (one, kind) =>
  cases.find(each => each.kind === kind && each.path === one.path && each.streams === one.streams)
const ms = (one, key) => median(one.rounds.map(round => round[key])).toFixed(1)
const over = (one, kind) => like(one, kind) === undefined
  ? '–'
  : `${ratio(micros(one), micros(like(one, kind))).toFixed(2)} ×`
const targets = cases.filter(({ kind }) => kind === 'node-asgi').flatMap(one => [
  { kind: 'uvicorn', atMost: 1.3 }, { kind: 'proxy', atMost: 0.6 }
].filter(({ kind }) => like(one, kind) !== undefined).map(({ kind, atMost }) => ({
  what: `CPU per event, ${one.path}, ${one.streams} streams: ratio to ${kind}`,
  value: ratio(micros(one), micros(like(one, kind))),
  atMost,
  unit: '×'
})))
const text = `${table(
  ['', 'application', 'streams', 'events/s', 'CPU µs per event', '±', 'Node', 'Python',
    'row / uvicorn', 'late p50 ms', 'p99 ms'],
  cases.map(one => [one.kind, one.path, one.streams,
    Math.round(median(one.rounds.map(({ requests, seconds }) => requests / seconds))),
    median(micros(one)).toFixed(1), plusMinus(micros(one)),
    median(micros(one, 'node')).toFixed(1), median(micros(one, 'python')).toFixed(1),
    over(one, 'uvicorn'), ms(one, 'p50'), ms(one, 'p99')]))}

Medians of ${rounds} rounds of ${seconds} s, 1 worker, an event every ${interval} ms per stream.`
console.log(`${text}\n\n${targetTable(targets)}\n`)
console.log(await save('tokens', {
  rounds,
  seconds,
  interval,
  versions: await versions(['uvicorn', 'granian', 'uvloop', 'fastapi', 'sse-starlette']),
  cases: cases.map(({ server, ...one }) => one),
  targets
}, { text }))
