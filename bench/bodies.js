// Large bodies over HTTP/1.1, through FastAPI: what they take compared with other servers.
//
//   node bench/bodies.js [--servers node-asgi,uvicorn,granian,proxy,express.static,node:http]
//     [--only down,up] [--rounds 3] [--mib 1024] [--quick]
//
//   down       a StreamingResponse of --mib MiB in chunks of 64 KiB
//   up         as much in the other direction
//   multipart  64 files of 10 MB in forms, at the same time
//   file …     a FileResponse of 1 KB to --mib MiB, with eight connections
//
// One worker each, interleaved rounds. express.static serves files only, and a bare node:http
// server, the upper bound of every server in Node, the first two only. It does not count as one of
// the others that node-asgi is compared with. CPU time is that of all processes of the server, and
// so is the memory: how much more they took at most. --quick: 128 MiB, one round.
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { bodiesChart } from './support/bodies/chart.js'
import { competitors, versions } from './support/install/competitors.js'
import { installPackages } from './support/install/npm.js'
import { startLoadProcess } from './support/loads/load-process.js'
import {
  median, plusMinus, progress, ratio, save, table, targetTable
} from './support/report/report.js'
import { interleave } from './support/report/rounds.js'
import { startServer } from './support/servers/server.js'

const MIB = 2 ** 20
const FLOOR = 'node:http'
/** What the servers without Python can do. */
const PARTS = { 'express.static': ({ isFile }) => isFile, [FLOOR]: ({ floor }) => floor }

/** Seconds that one load may take. */
const PATIENCE = 300

const { values } = parseArgs({
  options: {
    servers: { type: 'string', default: `node-asgi,uvicorn,granian,proxy,${Object.keys(PARTS)}` },
    only: { type: 'string' },
    rounds: { type: 'string' },
    mib: { type: 'string' },
    quick: { type: 'boolean', default: false }
  }
})
const rounds = Number(values.rounds ?? (values.quick ? 1 : 3))
const mib = Number(values.mib ?? (values.quick ? 128 : 1024))
const total = mib * MIB
const share = values.quick ? 8 : 1

const fileWork = (name, bytes, requests) => ({
  work: `file ${name}`,
  kind: 'down',
  path: `/files/${bytes}`,
  bytes,
  requests: Math.max(1, Math.round(requests / share)),
  connections: Math.min(8, requests),
  isFile: true
})
const works = [
  { work: 'down', kind: 'down', path: `/down?bytes=${total}`, bytes: total, floor: true },
  { work: 'up', kind: 'up', path: '/up', bytes: total, floor: true },
  {
    work: 'multipart',
    kind: 'multipart',
    path: '/multipart',
    bytes: 10 * MIB,
    requests: 64 / share,
    connections: 64 / share
  },
  fileWork('1 KB', 1024, 2000),
  fileWork('64 KB', 64 * 1024, 1000),
  fileWork('1 MB', MIB, 400),
  fileWork('16 MB', 16 * MIB, 64),
  fileWork(`${mib} MB`, total, 1)
].filter(({ work }) => values.only === undefined || values.only.split(',').includes(work))

const folder = mkdtempSync(join(tmpdir(), 'node-asgi-bodies-'))
for (const { bytes, isFile } of works) {
  if (!isFile) continue
  writeFileSync(join(folder, String(bytes)), '')
  truncateSync(join(folder, String(bytes)), bytes)
}
const application = {
  bin: await competitors(),
  docroot: fileURLToPath(new URL('apps', import.meta.url)),
  app: 'bodies_app:app',
  workers: 1,
  env: { BENCH_FILES: folder }
}
installPackages()
const load = await startLoadProcess('body-load.js', {})
const servers = []
const cases = []
try {
  for (const kind of values.servers.split(',')) {
    progress(`starting ${kind}`)
    const server = await startServer(kind, application)
    servers.push(server)
    for (const work of works.filter(PARTS[kind] ?? (() => true))) {
      cases.push({ ...work, server, of: kind, rounds: [] })
    }
  }
  cases.sort((a, b) => works.findIndex(({ work }) => work === a.work) -
    works.findIndex(({ work }) => work === b.work))
  const measure = async ({ server, of, work, isFile, ...rest }) => {
    const result = await load.measure({
      requests: 1,
      connections: 1,
      seconds: PATIENCE,
      ...rest,
      rounds: undefined,
      port: server.address.port,
      processes: server.processes()
    })
    await server.settle()
    return result
  }
  // Compiles what is needed, and fills the cache of the file system.
  for (const one of cases) if (one.isFile) await measure(one)
  await interleave({ rounds, cases, nameOf: ({ of, work }) => `${of}, ${work}`, measure })
} finally {
  await load.stop()
  for (const server of servers) await server.stop()
  rmSync(folder, { recursive: true, force: true })
}

const cpu = one => one.rounds.map(round => round.cpu.node + round.cpu.python)
const wall = one => one.rounds.map(({ seconds }) => seconds)
const growth = one => one.rounds.map(round => round.growth)
const others = one => cases.filter(({ work, of }) =>
  work === one.work && of !== one.of && of !== FLOOR)
/** Compared with the server that is the best at that. */
const overBest = (one, read) => {
  const best = others(one).sort((a, b) => median(read(a)) - median(read(b)))[0]
  return best === undefined ? NaN : ratio(read(one), read(best))
}
const number = (value, digits) => Number.isNaN(value) ? '–' : value.toFixed(digits)
const ours = cases.filter(({ of }) => of === 'node-asgi')
const targets = ours.filter(one => others(one).length > 0).flatMap(one => [
  {
    what: `${one.work}: CPU time, ratio to the best`,
    value: overBest(one, cpu),
    atMost: 1.1,
    unit: '×'
  },
  {
    what: `${one.work}: time, ratio to the best`,
    value: overBest(one, wall),
    atMost: 1.1,
    unit: '×'
  }
])
const text = `${table(
  ['work', 'server', 'time s', '±', 'MiB/s', 'CPU s', '±', 'Node', 'Python', 'growth MiB',
    'time / best other', 'CPU / best other'],
  cases.map(one => [one.work, one.of, median(wall(one)).toFixed(2), plusMinus(wall(one)),
    ((one.requests ?? 1) * one.bytes / MIB / median(wall(one))).toFixed(0),
    median(cpu(one)).toFixed(2), plusMinus(cpu(one)),
    median(one.rounds.map(round => round.cpu.node)).toFixed(2),
    median(one.rounds.map(round => round.cpu.python)).toFixed(2),
    median(growth(one)).toFixed(0),
    number(overBest(one, wall), 2), number(overBest(one, cpu), 2)]))}

Medians of ${rounds} rounds, 1 worker.`
console.log(`${text}\n\n${targetTable(targets)}\n`)
const pictures = {
  '': bodiesChart(cases.map(one =>
    ({ work: one.work, server: one.of, cpu: median(cpu(one)), wall: median(wall(one)) })), rounds)
}
console.log(await save('bodies', {
  rounds,
  mib,
  versions: await versions(['uvicorn', 'granian', 'uvloop', 'fastapi', 'python-multipart']),
  cases: cases.map(({ server, ...one }) => one),
  targets
}, { text, pictures }))
