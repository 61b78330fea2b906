// Does a request cost more when there are many workers, or many streams?
//
//   node bench/scale.js [--rounds 3] [--seconds 0.5] [--only workers,streams,load,sockets] [--quick]
//
// Cost is CPU time, of Node and of the workers, for each request of a hello-world application; not
// throughput, which ends where the cores do. Nobody spins (`spin: 0`), because looking for work is CPU
// time too. Four groups, their rounds interleaved, each row beside the first of its group:
//
// workers: 1 to 64, with as many requests in flight for each of them, and with as many in all;
// streams: 64 in flight in one worker, while 1 to 10,000 other requests wait in it for an event;
// load:    64 to 10,000 in flight in one worker;
// sockets: 64 in flight in one worker, requests or messages, while 1 to 10,000 WebSockets are open.
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { PythonHandler } from 'node-asgi'
import { competitors } from './support/competitors.js'
import { costOf } from './support/cost.js'
import { median, progress, save, spread, table } from './support/report.js'
import { showTargets } from './support/targets.js'

/** What still counts as flat, as a part of the first row. */
const FLAT = 1.1
const IN_FLIGHT = 64
const ANSWER = 'Hello, world!'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    only: { type: 'string', default: 'workers,streams,load,sockets' },
    quick: { type: 'boolean', default: false }
  }
})
const rounds = Number(values.rounds ?? (values.quick ? 1 : 3))
const seconds = Number(values.seconds ?? (values.quick ? 0.15 : 0.5))
const wanted = new Set(values.only.split(','))
const counts = values.quick ? [1, 1000] : [1, 100, 1000, 10_000]
const pools = values.quick ? [1, 8] : [1, 4, 16, 64]

const handlers = []
async function start (workers) {
  progress(`starting ${workers} worker(s)`)
  const handler = new PythonHandler({
    docroot: fileURLToPath(new URL('apps', import.meta.url)),
    appTarget: 'scale_app:app',
    python: `${await competitors()}/python`,
    preload: true,
    workers,
    concurrency: Infinity,
    spin: 0,
    timeouts: { request: 0 },
    logger: false
  })
  handlers.push(handler)
  await handler.ready
  const pids = handler.stats().workers.map(({ pid }) => pid)
  if (pids.length !== workers) throw new Error(`${pids.length} of ${workers} workers are there`)
  await costOf({ pids, inFlight: IN_FLIGHT, seconds: 1, work: hello(handler) }) // warms the JIT
  return { handler, pids }
}

const hello = (handler) => async () => check(await handler.handleRequest({ url: '/' }))

function check ({ status, body }) {
  if (status !== 200 || body.toString() !== ANSWER) {
    throw new Error(`the app answered ${status} ${body}`)
  }
}

/** Opens so many requests that wait; returns what releases and checks them. */
async function openStreams (handler, count) {
  const waiting = Array.from({ length: count }, () => handler.handleRequest({ url: '/wait' }))
  await hello(handler)() // They come in order: now all of them wait.
  return async () => {
    if (handler.stats().inFlight !== count) throw new Error('a stream that was to wait does not')
    await handler.handleRequest({ url: '/release' })
    for (const answer of await Promise.all(waiting)) check(answer)
  }
}

/** Opens so many WebSockets; each takes the answers in the order of its messages. */
async function openSockets (handler, count) {
  const sockets = await Promise.all(Array.from({ length: count }, async () => {
    const connection = await handler.connect('/')
    const expected = []
    connection.onmessage = ({ data }) => {
      const { text, resolve, reject } = expected.shift()
      if (data === text) resolve()
      else reject(new Error(`sent ${text}, got ${data}`))
    }
    return { connection, expected }
  }))
  let sent = 0
  const next = new Array(IN_FLIGHT).fill(0)
  /** Each client has a part of the sockets, and goes round in it. */
  const message = (client) => new Promise((resolve, reject) => {
    const { connection, expected } = sockets[(client + IN_FLIGHT * next[client]++) % count]
    const text = `message ${sent++}`
    expected.push({ text, resolve, reject })
    connection.send(text)
  })
  const close = () => Promise.all(sockets.map(({ connection, expected }) =>
    new Promise((resolve, reject) => {
      if (expected.length > 0) reject(new Error('a message was not answered'))
      connection.onclose = resolve
      connection.close()
    })))
  return { message, close }
}

/** Every row: the group that it belongs to, and what measures it. */
const cases = []
const add = (group, name, measure, isTarget = true) =>
  cases.push({ group, name, measure, isTarget, runs: [] })

if (wanted.has('workers')) {
  const crews = []
  for (const workers of pools) crews.push(await start(workers))
  for (const each of [1, 8]) {
    for (const { handler, pids } of crews) {
      add(`workers, ${each} in flight each`, `${pids.length} workers`, () =>
        costOf({ pids, inFlight: each * pids.length, seconds, work: hello(handler) }))
    }
  }
  // No target: what is in flight in each becomes less, and a waking has fewer that share it.
  for (const { handler, pids } of crews) {
    add(`workers, ${IN_FLIGHT} in flight in all`, `${pids.length} workers`, () =>
      costOf({ pids, inFlight: IN_FLIGHT, seconds, work: hello(handler) }), false)
  }
}
if (['streams', 'load', 'sockets'].some((name) => wanted.has(name))) {
  const { handler, pids } = await start(1)
  const load = { pids, inFlight: IN_FLIGHT, seconds, work: hello(handler) }
  for (const count of wanted.has('streams') ? counts : []) {
    add('streams that wait', `${count} streams`, async () => {
      const release = await openStreams(handler, count)
      const cost = await costOf(load)
      await release()
      return cost
    })
  }
  for (const inFlight of wanted.has('load') ? [IN_FLIGHT, ...counts.slice(1)] : []) {
    add('requests in flight', `${inFlight} requests`, () => costOf({ ...load, inFlight }))
  }
  for (const kind of wanted.has('sockets') ? ['requests', 'messages'] : []) {
    // Messages of one socket come in a row, without a turn of the loop: another thing.
    for (const count of kind === 'messages' ? [IN_FLIGHT, ...counts.slice(1)] : counts) {
      add(`sockets open, ${kind}`, `${count} sockets`, async () => {
        const { message, close } = await openSockets(handler, count)
        const cost = await costOf({ ...load, work: kind === 'messages' ? message : load.work })
        await close()
        return cost
      })
    }
  }
}

try {
  for (let round = 1; round <= rounds; round++) {
    for (const { group, name, measure, runs } of cases) {
      runs.push(await measure())
      progress(`round ${round}/${rounds}: ${group}: ${name}: ${runs.at(-1).total.toFixed(2)} µs`)
    }
  }
} finally {
  await Promise.all(handlers.map((handler) => handler.close()))
}
progress('')

const us = (list, key) => median(list.map((run) => run[key])).toFixed(2)
/** Each round beside the first row of its group in the same round. */
const ratio = (runs, first, key) => median(runs.map((run, i) => run[key] / first[i][key]))
const rows = []
const targets = []
for (const { group, name, isTarget, runs } of cases) {
  const first = cases.find((one) => one.group === group)
  const ratios = ['node', 'workers', 'total'].map((key) => ratio(runs, first.runs, key))
  rows.push([group, name, us(runs, 'node'), us(runs, 'workers'), us(runs, 'total'),
    `±${(spread(runs.map(({ total }) => total)) * 100).toFixed(0)}%`,
    ...ratios.map((value) => `${value.toFixed(2)} ×`), Math.round(median(runs.map(({ rate }) => rate)))])
  if (isTarget && name === cases.findLast((one) => one.group === group).name) {
    targets.push({
      what: `${group}: ${name} beside ${first.name}`, value: ratios.at(-1), atMost: FLAT, unit: '×'
    })
  }
}
console.log(table(['', '', 'Node µs', 'workers µs', 'both µs', '', 'Node', 'workers', 'both', 'per second'],
  rows))
console.log(`\nCPU time for each, and that beside the first row; medians of ${rounds} rounds of ${seconds} s\n`)
const kept = showTargets(targets)
const results = cases.map(({ group, name, runs }) => ({ group, name, runs }))
console.log(await save('scale', { rounds, seconds, results, targets }))
process.exitCode = kept ? 0 : 1
