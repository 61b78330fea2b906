// A mixed load on a server with default options, while everything that can fail does, for hours.
//
//   npm run soak -- [--minutes 60] [--clients 24] [--kill 1] [--seed N] [--only get,post]
//                   [--warm-up 20]
//
// `--kill` is the number of seconds between two kills of a worker, `--only` limits the load to some
// kinds. `--warm-up` is the number of seconds of load without faults before the first measurement.
// At the end every request has been accounted for, no POST has been done twice, and the server
// holds no more descriptors, processes, requests and memory than at the start. Prints a report and
// writes it to build/soak/. Exits with 1 if anything was wrong.
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

import { seeded } from '../support/random.js'
import { progress, table, targetTable, isMet } from '../../bench/support/report/report.js'
import { faults } from './faults.js'
import { http1Load } from './http1-load.js'
import { http2Load } from './http2-load.js'
import { Failed, Outcomes } from './outcome.js'
import { ServerProcess } from './server-process.js'

const RESULTS = fileURLToPath(new URL('../../build/soak/', import.meta.url))

/** Milliseconds for one operation: `timeouts.hang` twice, for a request that is given on once. */
const HUNG = 120_000
/** Milliseconds: sockets that clients have left are closed by then. */
const REST = 8_000
/** MiB. The heap also holds code, which V8 goes on compiling for a while. */
const GROWTH = { rss: 60, heap: 16 }

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    clients: { type: 'string', default: '24' },
    kill: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 32) },
    'warm-up': { type: 'string', default: '20' },
    only: { type: 'string' }
  }
})
const [minutes, clients, kill, seed, warmUp] = [
  'minutes', 'clients', 'kill', 'seed', 'warm-up'
].map(name => {
  const number = Number(values[name])
  if (!(number >= 0)) throw new TypeError(`--${name} must be a number, not ${values[name]}`)
  return number
})
const random = seeded(seed)

const folder = await mkdtemp(join(tmpdir(), 'node-asgi-soak-'))
const [key, cert, notes] = ['key.pem', 'cert.pem', 'notes'].map(name => join(folder, name))
execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256',
  '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1', '-keyout', key, '-out', cert],
{ stdio: 'ignore' })
const server = await ServerProcess.start({
  key, cert, env: { CHAOS_NOTES: notes, CHAOS_BROKEN: join(folder, 'broken') }
})
/** @type {{ end: string | number | null }} how the server ended; null: it has not */
const death = { end: null }
server.exited.then(end => { death.end = end })

/** @type {Set<string>} */
const acknowledged = new Set()
const outcomes = new Outcomes(fault => console.error(fault))
const kinds = Object.entries({
  ...http1Load(server.port, random, acknowledged),
  ...http2Load(server.securePort, random, acknowledged)
}).filter(([name]) => values.only?.split(',').includes(name) ?? true)

/** Starts the clients. The function that it returns stops them, and waits until they have ended. */
function load () {
  const stopping = new AbortController()
  const running = Promise.all(Array.from({ length: clients }, async () => {
    while (!stopping.signal.aborted && death.end === null) {
      const [name, operation] = kinds[Math.floor(random() * kinds.length)]
      // During an outage a client must not spin.
      if (!await outcomes.run(name, operation, HUNG)) await sleep(5)
    }
  }))
  return () => {
    stopping.abort()
    return running
  }
}

/** @type {Map<string, number>} how often each fault was caused */
const caused = new Map()

/** Causes a fault at random times until `end`. */
async function keepCausing ({ name, every, cause }, end) {
  while (true) {
    const next = performance.now() + every * 1000 * (0.5 + random())
    await sleep(Math.min(next, end) - performance.now())
    if (next >= end || death.end !== null) return
    caused.set(name, (caused.get(name) ?? 0) + 1)
    await cause().catch(error => { if (!(error instanceof Failed)) throw error })
  }
}

async function watch (end) {
  while (performance.now() < end && death.end === null) {
    const { sent, failed } = outcomes.total
    const left = Math.round((end - performance.now()) / 1000)
    progress(`${left} s left: ${sent} sent, ${failed} failed, ${outcomes.faults.length} wrong`)
    await sleep(Math.min(10_000, end - performance.now()))
  }
}

/**
 * Waits until the server has as little to do as when it was idle, and says what it then holds.
 * @param {{ descriptors: number, processes: number }} [before] as few are few enough
 */
async function resourcesAtRest (before = { descriptors: 0, processes: 0 }) {
  const end = performance.now() + HUNG
  while (performance.now() < end) {
    const { inFlight, queued, ready, workers } = await server.ask('stats')
    if (inFlight === 0 && queued === 0 && ready === workers.length) break
    await sleep(100)
  }
  for (const rested = performance.now() + REST; performance.now() < rested; await sleep(500)) {
    const { descriptors, processes } = await server.resources()
    if (descriptors <= before.descriptors && processes <= before.processes) break
  }
  return server.resources()
}

/** How often each POST was done, according to the application. */
async function notesDone () {
  const done = new Map()
  // There may have been no POST.
  const text = await readFile(notes, { encoding: 'utf8', flag: 'a+' })
  for (const id of text.trim().split('\n')) {
    done.set(id, (done.get(id) ?? 0) + 1)
  }
  return done
}

console.error(`seed ${seed}`)
try {
  const stopWarmUp = load()
  await sleep(warmUp * 1000)
  await stopWarmUp()
  const before = await resourcesAtRest()

  const end = performance.now() + minutes * 60_000
  const stop = load()
  await Promise.all([
    watch(end), ...faults(server, random, kill).map(fault => keepCausing(fault, end))
  ])
  await stop()
  if (death.end !== null) throw new Error(`the server ended with ${death.end}`)
  // Workers that a fault has damaged are replaced.
  await server.ask('reload')
  const after = await resourcesAtRest(before)
  const { exits, retried } = await server.ask('stats')
  await server.ask('close')
  const ended = await server.exited

  const done = await notesDone()
  const twice = [...done.values()].filter(times => times > 1).length
  const missing = [...acknowledged].filter(id => !done.has(id)).length
  const mib = bytes => bytes / 2 ** 20
  const more = name => after[name] - before[name]
  /** @type {import('../../bench/support/report/report.js').Target[]} */
  const targets = [
    { what: 'wrong answers, or no end', value: outcomes.faults.length, atMost: 0 },
    { what: 'POSTs done twice', value: twice, atMost: 0 },
    { what: 'confirmed POSTs that were not done', value: missing, atMost: 0 },
    { what: 'requests in flight at the end', value: after.inFlight + after.queued, atMost: 0 },
    { what: 'more descriptors than at the start', value: more('descriptors'), atMost: 0 },
    { what: 'more processes than at the start', value: more('processes'), atMost: 0 },
    { what: 'growth of the heap', value: mib(more('heap')), atMost: GROWTH.heap, unit: 'MiB' },
    { what: 'growth of resident memory', value: mib(more('rss')), atMost: GROWTH.rss, unit: 'MiB' },
    { what: 'exit code of the server', value: Number(ended), atMost: 0 }
  ]
  const counts = { ...Object.fromEntries(outcomes.kinds), total: outcomes.total }
  const text = [
    `${minutes} minutes, ${clients} clients, Node ${process.version}, seed ${seed}\n`,
    table(['kind', 'sent', 'right', 'failed', 'client left'],
      Object.entries(counts).map(([name, { sent, right, failed, left }]) =>
        [name, sent, right, failed, left])),
    `\nFaults: ${list(caused)}\nExits: ${list(new Map(Object.entries(exits)))}; retried ${retried}`,
    `\nFailures:\n${list(outcomes.failures, '\n')}`,
    `\nLog:\n${list(server.logged, '\n')}\n`,
    targetTable(targets),
    ...outcomes.faults.slice(0, 20)
  ].join('\n')
  console.log(text)
  await mkdir(RESULTS, { recursive: true })
  await writeFile(join(RESULTS, 'report.txt'), `${text}\n`)
  if (!targets.every(isMet)) process.exitCode = 1
} finally {
  server.kill()
  await server.exited
  await rm(folder, { recursive: true })
}

function list (counts, separator = ', ') {
  return [...counts].sort(([, a], [, b]) => b - a).map(([name, count]) => `${name} ${count}`)
    .join(separator)
}
