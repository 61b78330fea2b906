// Does a request cost more when there are many workers, or many streams?
//
//   node bench/scale.js [--rounds 3] [--seconds 0.5] [--only workers,streams,load,sockets] [--quick]
//
// Cost is CPU time, of Node and of the workers, for each request of a hello-world application; not
// throughput, which ends where the cores do. Nobody spins (`spin: 0`), because looking for work is CPU
// time too. Rounds are interleaved, and each row is seen beside the first of its part:
//
// workers: 1 to 64, with as many requests in flight for each of them, and with as many in all;
// streams: 64 in flight in one worker, while 1 to 10,000 other requests wait in it for an event;
// load:    64 to 10,000 in flight in one worker;
// sockets: 64 in flight in one worker, requests or messages, while 1 to 10,000 WebSockets are open.
//
// Three of them are to be flat. The others are not, for reasons that the page states.
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { PythonHandler } from 'node-asgi'
import { closedLoop } from './support/loads/closed-loop.js'
import { competitors, versions } from './support/install/competitors.js'
import { cpuClock } from './support/processes/processes.js'
import { median, plusMinus, progress, ratio, save, table, targetTable } from './support/report/report.js'
import { interleave } from './support/report/rounds.js'
import { openSockets, openStreams, sayHello } from './support/loads/scale-load.js'

/** What still counts as flat, as a part of the first row. */
const FLAT = 1.25
const IN_FLIGHT = 64

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
  const crew = { handler, pids }
  await load(crew, { seconds: 1 }) // warms the JIT
  return crew
}

const load = ({ handler, pids }, { call = () => sayHello(handler), ...options } = {}) =>
  closedLoop(call, { inFlight: IN_FLIGHT, seconds, clock: () => cpuClock(pids), ...options })

/** The parts, and why those differ that are not to be flat. */
const PARTS = {
  eight: { title: 'workers, 8 in flight each' },
  one: {
    title: 'workers, 1 in flight each',
    why: 'each request is a waking, and what that costs depends on whether the core sleeps, too'
  },
  all: {
    title: `workers, ${IN_FLIGHT} in flight in all`,
    why: 'the more workers, the fewer requests for each, so that fewer share a waking'
  },
  streams: { title: 'requests that wait' },
  load: {
    title: 'requests in flight',
    why: 'what is in flight outlives the scavenges of V8, which copy it until it is promoted'
  },
  sockets: { title: 'WebSockets open, requests' },
  messages: {
    title: 'WebSockets open, messages',
    why: 'messages go round all sockets, whose objects are no longer in the caches of the CPU'
  }
}

/** Every row: its part, and what measures it. */
const cases = []
const add = (part, name, measure) => cases.push({ part, name, measure, rounds: [] })

async function addWorkers () {
  const crews = []
  for (const workers of pools) crews.push(await start(workers))
  const inFlight = { eight: workers => 8 * workers, one: workers => workers, all: () => IN_FLIGHT }
  for (const [part, many] of Object.entries(inFlight)) {
    for (const crew of crews) {
      const workers = crew.pids.length
      add(part, `${workers} worker${workers === 1 ? '' : 's'}`, () => load(crew, { inFlight: many(workers) }))
    }
  }
}

function addStreams (crew) {
  for (const count of counts) {
    add('streams', `${count} waiting`, async () => {
      const release = await openStreams(crew.handler, count)
      const done = await load(crew)
      await release()
      return done
    })
  }
}

function addLoad (crew) {
  for (const inFlight of [IN_FLIGHT, ...counts.slice(1)]) {
    add('load', `${inFlight} in flight`, () => load(crew, { inFlight }))
  }
}

function addSockets (crew) {
  for (const part of ['sockets', 'messages']) {
    // Messages of one socket come in a row, without a turn of the loop: another thing.
    for (const count of part === 'messages' ? [IN_FLIGHT, ...counts.slice(1)] : counts) {
      add(part, `${count} open`, async () => {
        const { message, close } = await openSockets(crew.handler, count, IN_FLIGHT)
        const done = await load(crew, part === 'messages' ? { call: message } : {})
        await close()
        return done
      })
    }
  }
}

try {
  if (wanted.has('workers')) await addWorkers()
  const others = Object.entries({ streams: addStreams, load: addLoad, sockets: addSockets })
    .filter(([name]) => wanted.has(name))
  if (others.length > 0) {
    const crew = await start(1)
    for (const [, addThem] of others) addThem(crew)
  }
  await interleave({
    rounds, cases, nameOf: ({ part, name }) => `${PARTS[part].title}: ${name}`, measure: one => one.measure()
  })
} finally {
  await Promise.all(handlers.map(handler => handler.close()))
}

/** CPU microseconds of each request, in each round. */
const SIDES = {
  node: ({ cpu, requests }) => cpu.node / requests * 1e6,
  python: ({ cpu, requests }) => cpu.python / requests * 1e6,
  both: ({ cpu, requests }) => (cpu.node + cpu.python) / requests * 1e6
}
const costs = (one, side) => one.rounds.map(SIDES[side])
const firstOf = part => cases.find(one => one.part === part)
const lastOf = part => cases.findLast(one => one.part === part)
const beside = (one, side) => ratio(costs(one, side), costs(firstOf(one.part), side))

const measured = Object.entries(PARTS).filter(([part]) => firstOf(part) !== undefined)
const targets = measured.filter(([, { why }]) => why === undefined).map(([part, { title }]) => ({
  what: `${title}: CPU time with ${lastOf(part).name} beside ${firstOf(part).name}`,
  value: beside(lastOf(part), 'both'),
  atMost: FLAT,
  unit: '×'
}))
const text = `${table(
  ['', 'with', 'CPU µs: Node', 'Python', 'both', '±', 'Node is', 'Python is', 'both are', 'per second'],
  cases.map(one => [PARTS[one.part].title, one.name,
    ...Object.keys(SIDES).map(side => median(costs(one, side)).toFixed(2)), plusMinus(costs(one, 'both')),
    ...Object.keys(SIDES).map(side => `${beside(one, side).toFixed(2)} ×`),
    Math.round(median(one.rounds.map(({ requests, seconds }) => requests / seconds)))]))}

CPU time of a request or message, and as a part of that in the first row of its kind, taken per round;
medians of ${rounds} rounds of ${seconds} s, ± is half the range of the rounds. Not to be flat:

${measured.filter(([, { why }]) => why !== undefined)
  .map(([, { title, why }]) => `- ${title}: ${why}.`).join('\n')}`
console.log(`${text}\n\n${targetTable(targets)}\n`)
console.log(await save('scale', {
  rounds, seconds, versions: await versions(['uvloop']), cases, targets
}, { text }))
