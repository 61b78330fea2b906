// The cost of a request with many workers or many streams.
//
//   node bench/scale.js [--rounds 3] [--seconds 0.5] [--only workers,streams,load,sockets]
//                       [--quick]
//
// Cost is the CPU time of Node and of the workers per request of a hello-world application. It is
// not throughput, which the number of cores limits. `spin` is 0, because spinning uses CPU time
// too. Rounds are interleaved, and each row is compared with the first of its group:
//
// workers: 1 to 64, with a fixed number of requests in flight per worker, and in total;
// streams: 64 requests in flight in one worker, while 1 to 10,000 others wait in it for an event;
// load:    64 to 10,000 requests in flight in one worker;
// sockets: 64 requests or messages in flight in one worker, with 1 to 10,000 open WebSockets.
//
// Three groups have the target to stay flat. The page says why the others do not.
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { PythonHandler } from 'node-asgi'
import { closedLoop } from './support/loads/closed-loop.js'
import { competitors, versions } from './support/install/competitors.js'
import { cpuClock } from './support/processes/processes.js'
import {
  median, plusMinus, progress, ratio, save, table, targetTable
} from './support/report/report.js'
import { interleave } from './support/report/rounds.js'
import { openSockets, openStreams, sayHello } from './support/loads/scale-load.js'

/** The ratio to the first row up to which a cost counts as flat. */
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
  if (pids.length !== workers) throw new Error(`${pids.length} of ${workers} workers started`)
  const crew = { handler, pids }
  await load(crew, { seconds: 1 }) // warms the JIT
  return crew
}

const load = ({ handler, pids }, { call = () => sayHello(handler), ...options } = {}) =>
  closedLoop(call, { inFlight: IN_FLIGHT, seconds, clock: () => cpuClock(pids), ...options })

/** The groups of rows; `why` says why a group need not stay flat. */
const GROUPS = {
  eight: { title: 'workers, 8 in flight each' },
  one: {
    title: 'workers, 1 in flight each',
    why: 'each request wakes its worker, which costs more when the core sleeps, too'
  },
  all: {
    title: `workers, ${IN_FLIGHT} in flight in total`,
    why: 'with more workers, fewer requests share a wake-up'
  },
  streams: { title: 'waiting requests' },
  load: {
    title: 'requests in flight',
    why: "objects in flight outlive V8's scavenges, which copy them until they are promoted"
  },
  sockets: { title: 'open WebSockets, requests' },
  messages: {
    title: 'open WebSockets, messages',
    why: "messages use all sockets in turn, whose objects no longer fit the CPU's caches"
  }
}

/** Every row: its group and what measures it. */
const cases = []
const add = (group, name, measure) => cases.push({ group, name, measure, rounds: [] })

async function addWorkers () {
  const crews = []
  for (const workers of pools) crews.push(await start(workers))
  const inFlight = { eight: workers => 8 * workers, one: workers => workers, all: () => IN_FLIGHT }
  for (const [group, many] of Object.entries(inFlight)) {
    for (const crew of crews) {
      const workers = crew.pids.length
      add(group, `${workers} worker${workers === 1 ? '' : 's'}`,
        () => load(crew, { inFlight: many(workers) }))
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
  for (const group of ['sockets', 'messages']) {
    // With fewer sockets than callers, the messages of a socket would come in a row, without a turn
    // of the event loop in between, which is a different load.
    for (const count of group === 'messages' ? [IN_FLIGHT, ...counts.slice(1)] : counts) {
      add(group, `${count} open`, async () => {
        const { message, close } = await openSockets(crew.handler, count, IN_FLIGHT)
        const done = await load(crew, group === 'messages' ? { call: message } : {})
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
    rounds,
    cases,
    nameOf: ({ group, name }) => `${GROUPS[group].title}: ${name}`,
    measure: one => one.measure()
  })
} finally {
  await Promise.all(handlers.map(handler => handler.close()))
}

/** CPU microseconds per request in each round. */
const SIDES = {
  node: ({ cpu, requests }) => cpu.node / requests * 1e6,
  python: ({ cpu, requests }) => cpu.python / requests * 1e6,
  both: ({ cpu, requests }) => (cpu.node + cpu.python) / requests * 1e6
}
const costs = (one, side) => one.rounds.map(SIDES[side])
const firstOf = group => cases.find(one => one.group === group)
const lastOf = group => cases.findLast(one => one.group === group)
const ratioToFirst = (one, side) => ratio(costs(one, side), costs(firstOf(one.group), side))

const measured = Object.entries(GROUPS).filter(([group]) => firstOf(group) !== undefined)
const flat = measured.filter(([, { why }]) => why === undefined)
const targets = flat.map(([group, { title }]) => ({
  what: `${title}: CPU time with ${lastOf(group).name}: ratio to ${firstOf(group).name}`,
  value: ratioToFirst(lastOf(group), 'both'),
  atMost: FLAT,
  unit: '×'
}))
const text = `${table(
  ['', 'with', 'CPU µs: Node', 'Python', 'both', '±', 'Node / first row', 'Python', 'both',
    'requests/s'],
  cases.map(one => [GROUPS[one.group].title, one.name,
    ...Object.keys(SIDES).map(side => median(costs(one, side)).toFixed(2)),
    plusMinus(costs(one, 'both')),
    ...Object.keys(SIDES).map(side => `${ratioToFirst(one, side).toFixed(2)} ×`),
    Math.round(median(one.rounds.map(({ requests, seconds }) => requests / seconds)))]))}

CPU time per request or message, and its ratio to the first row of the group, taken per round.
Medians of ${rounds} rounds of ${seconds} s; ± is half the range of the rounds. These need not stay
flat:

${measured.filter(([, { why }]) => why !== undefined)
  .map(([, { title, why }]) => `- ${title}: ${why}.`).join('\n')}`
console.log(`${text}\n\n${targetTable(targets)}\n`)
console.log(await save('scale', {
  rounds, seconds, versions: await versions(['uvloop']), cases, targets
}, { text }))
