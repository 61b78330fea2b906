// The cost of a worker's death: one worker is killed (SIGKILL) under steady load.
//
//   node bench/recovery.js [--rounds 3] [--seconds 6] [--workers 2] [--connections 16] [--quick]
//
// Compares node-asgi with gunicorn and uvicorn workers, uvicorn --workers, and granian with respawn
// on, in the same run and in interleaved rounds. All serve bench/apps/recovery_app.py (FastAPI)
// over HTTP. --quick: one round. Draws the throughput before and after the kill.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { smallMultiples } from './support/report/line-charts.js'
import { competitors, versions } from './support/install/competitors.js'
import { get, steadyLoad } from './support/loads/http-load.js'
import { pss } from './support/processes/memory.js'
import { median, save, table } from './support/report/report.js'
import { interleave } from './support/report/rounds.js'
import { startServer } from './support/servers/server.js'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string' },
    seconds: { type: 'string', default: '6' },
    workers: { type: 'string', default: '2' },
    connections: { type: 'string', default: '16' },
    quick: { type: 'boolean', default: false }
  }
})
const rounds = Number(values.rounds ?? (values.quick ? 1 : 3))
const [seconds, workers, connections] =
  [values.seconds, values.workers, values.connections].map(Number)

/** Width of a throughput bin, in milliseconds. */
const BIN = 50
/** How many slow requests are in flight when a worker is killed. */
const SLOW = 8
/** How long to wait for a replacement or an error, in milliseconds. */
const PATIENCE = 10_000

const folder = mkdtempSync(join(tmpdir(), 'node-asgi-bench-'))
const log = join(folder, 'slow')
process.on('exit', () => rmSync(folder, { recursive: true }))

/** Kills one worker of a server under load and measures what that costs. */
async function kill (server) {
  writeFileSync(log, '')
  const born = new Set(server.workers)
  const answered = []
  const lost = {}
  const seen = { killed: Infinity, replaced: Infinity, starting: NaN }
  server.on('message', ({ replaced }) => { seen.starting = replaced })
  const saw = pid => {
    if (seen.killed === Infinity || born.has(Number(pid))) return
    seen.replaced = Math.min(seen.replaced, performance.now())
  }
  const stop = steadyLoad({
    address: server.address,
    connections,
    onAnswer (pid) {
      answered.push(performance.now())
      saw(pid)
    },
    onLost (kind) { lost[kind] = (lost[kind] ?? 0) + 1 }
  })
  const started = performance.now()
  const slow = Array.from({ length: SLOW }, (_, id) => get(server.address,
    { method: 'POST', path: `/slow?id=${id}`, timeout: seconds * 1000 + PATIENCE })
    .then(({ status }) => status, ({ code }) => code)
    .then(outcome => ({ outcome, at: performance.now() })))
  await sleep(seconds * 1000 / 3)
  const memory = { worker: pss(server.workers.at(-1)), all: pythonMemory(server) }
  const taken = readFileSync(log, 'utf8').trim().split('\n')
    .map(line => line.split(' ').map(Number))
  const slowOf = worker => taken.filter(([, pid]) => pid === worker).map(([id]) => slow[id])
  // Workers that share a listening socket may share connections unevenly: kill the busier one.
  const [victim] = server.workers.toSorted((a, b) => slowOf(b).length - slowOf(a).length)
  const mine = slowOf(victim)
  seen.killed = performance.now()
  process.kill(victim, 'SIGKILL')
  // The load keeps its connections, so it may never reach the replacement: ask on new ones.
  while (seen.replaced === Infinity && performance.now() < seen.killed + PATIENCE) {
    await get(server.address).then(({ text }) => saw(text), () => {})
    await sleep(5)
  }
  await sleep(Math.max(0, started + seconds * 1000 - performance.now()))
  const errors = await Promise.race([Promise.all(mine), sleep(1000, [])])
  await stop()
  const bins = new Map()
  for (const at of answered) {
    const bin = Math.floor((at - seen.killed) / BIN)
    bins.set(bin, (bins.get(bin) ?? 0) + 1)
  }
  const rate = (from, to) => answered
    .filter(at => at >= seen.killed + from && at < seen.killed + to).length / (to - from) * 1000
  return {
    replaced: seen.replaced - seen.killed,
    starting: seen.starting,
    error: median(errors.map(({ at }) => at - seen.killed)),
    outcomes: [...new Set(errors.map(({ outcome }) => outcome))],
    inFlight: mine.length,
    lost: Object.values(lost).reduce((sum, count) => sum + count, 0),
    kinds: lost,
    dip: rate(0, 1000) / rate(-1000, 0),
    before: rate(-1000, 0),
    memory,
    bins: Object.fromEntries(bins)
  }
}

/** The proportional set size of all processes of a server except Node's. */
function pythonMemory (server) {
  return server.processes().python.reduce((sum, pid) => sum + pss(pid), 0)
}

const application = {
  bin: await competitors(),
  docroot: fileURLToPath(new URL('apps', import.meta.url)),
  app: 'recovery_app:app',
  workers,
  env: { RECOVERY_LOG: log }
}
const cases = ['node-asgi, preload', 'node-asgi', 'gunicorn, uvicorn worker', 'uvicorn', 'granian']
  .map(name => ({ name, rounds: [] }))
await interleave({
  rounds,
  cases,
  nameOf: ({ name }) => name,
  async measure ({ name }) {
    const server = await startServer(name, application)
    try {
      return await kill(server)
    } finally {
      await server.stop()
    }
  }
})

const ms = value => Number.isFinite(value) ? value.toFixed(value < 10 ? 1 : 0) : '–'
const mib = value => (value / 2 ** 20).toFixed(1)
const of = (list, read) => median(list.map(read))
const text = table(
  ['server', 'replaced ms', 'of which starting', 'error ms', 'client sees', 'lost', 'requests/s',
    'next second', 'last worker MiB', 'all MiB'],
  cases.map(({ name, rounds: list }) => [
    name, ms(of(list, one => one.replaced)), ms(of(list, one => one.starting)),
    ms(of(list, one => one.error)),
    [...new Set(list.flatMap(one => one.outcomes))].join(' ') || 'nothing',
    of(list, one => one.lost), Math.round(of(list, one => one.before)),
    `${Math.round(of(list, one => one.dip) * 100)} %`,
    mib(of(list, one => one.memory.worker)), mib(of(list, one => one.memory.all))
  ])) + `

replaced: from SIGKILL until a new process has answered, seen from outside. of which starting: from
the report of the death until the replacement is ready. error: until the client of a request in
flight sees the error. lost: failed requests of the steady load (${connections} connections).
requests/s: the throughput in the second before the kill. next second: the throughput in the second
after it, relative to that. MiB: proportional set size, without Node's own.
Medians of ${rounds} rounds of ${seconds} s, ${workers} workers.`
console.log(text)

const edge = Math.floor(seconds * 1000 / 3 / BIN) - 1
const points = list => Array.from({ length: 3 * edge }, (_, i) => i - edge)
  .map(bin => [bin * BIN / 1000, median(list.map(one => (one.bins[bin] ?? 0) * 1000 / BIN))])
const picture = smallMultiples({
  title: `One of ${workers} workers is killed (SIGKILL) under load`,
  subtitle: `requests/s in bins of ${BIN} ms, median of ${rounds} rounds; FastAPI, ` +
    `${connections} connections`,
  x: 'seconds from the kill',
  range: [-seconds / 3, seconds * 2 / 3],
  marks: [0],
  series: cases.map(({ name, rounds: list }) => ({
    name,
    note: `replaced after ${ms(of(list, one => one.replaced))} ms, ` +
      `${of(list, one => one.lost)} requests lost`,
    points: points(list)
  }))
})
console.log('\n' + await save('recovery', {
  versions: await versions(['uvicorn', 'gunicorn', 'granian', 'fastapi']),
  workers,
  connections,
  cases
}, { text, pictures: { throughput: picture } }))
