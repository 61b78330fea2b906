// What an elastic pool costs and saves: a burst, and a day.
//
//   node bench/elastic.js [--rounds 5] [--day 96] [--max 8] [--quick]
//
// Burst: 200 requests at once reach a pool that has been idle: one worker, an elastic pool of one
// to eight, and eight. `compute` takes 5 ms of CPU time, `block` waits for 5 ms as synchronous code
// does that asks a database. Day: a load that rises and falls, compressed into 96 seconds, with
// `idle` as much shorter; draws the memory of all Python processes. --quick: 2 rounds and a day of
// 24 s.
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { PythonHandler } from '../addon/lib/index.js'
import { smallMultiples } from './support/report/line-charts.js'
import { pss } from './support/processes/memory.js'
import { tree } from './support/processes/processes.js'
import { median, percentile, progress, save, table } from './support/report/report.js'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string' },
    day: { type: 'string' },
    max: { type: 'string', default: '8' },
    quick: { type: 'boolean', default: false }
  }
})
const rounds = Number(values.rounds ?? (values.quick ? 2 : 5))
const day = Number(values.day ?? (values.quick ? 24 : 96)) * 1000
const max = Number(values.max)

const BURST = 200
const HOURS = 24
/** Milliseconds of a request. */
const WORK = 5
/** Requests a second at noon: what half of the workers can do if each is blocked all the time. */
const PEAK = max * 1000 / WORK / 2
/** Milliseconds between two looks at the memory. */
const SAMPLE = 250

const POOLS = [
  { name: '1 worker', workers: 1 },
  { name: `1 to ${max} workers`, workers: { min: 1, max } },
  { name: `${max} workers`, workers: max }
]

async function start (workers) {
  const python = new PythonHandler({
    docroot: fileURLToPath(new URL('../fixtures/apps', import.meta.url)),
    appTarget: 'elastic_app:app',
    preload: true,
    workers
  })
  await python.ready
  await Promise.all(Array.from({ length: 8 }, () => python.handleRequest({ url: '/' })))
  await sleep(300)
  return python
}

/** A burst, and how long each request took, in milliseconds. */
async function burst (workers, kind) {
  const python = await start(workers)
  const old = new Set(python.stats().workers.map(({ pid }) => pid))
  const started = performance.now()
  let extra = NaN
  const times = await Promise.all(Array.from({ length: BURST }, async () => {
    const answer = await python.handleRequest({ url: `/${kind}?${WORK}` })
    const time = performance.now() - started
    if (!old.has(Number(answer.text())) && !(extra <= time)) extra = time
    return time
  }))
  await python.close()
  times.sort((a, b) => a - b)
  return { extra, median: percentile(times, 0.5), p99: percentile(times, 0.99) }
}

const bursts = []
for (const kind of ['compute', 'block']) {
  for (const { name, workers } of POOLS) bursts.push({ kind, name, workers, results: [] })
}
for (let round = 1; round <= rounds; round++) {
  for (const one of bursts) {
    progress(`burst ${round}/${rounds}: ${one.kind}, ${one.name}`)
    one.results.push(await burst(one.workers, one.kind))
  }
}

/** The load of a day: little at night, most at noon, with a peak in the evening. */
function rateAt (part) {
  const sun = Math.max(0, Math.sin(Math.PI * (part * HOURS - 6) / 14))
  const evening = Math.exp(-(((part * HOURS - 20) / 1.2) ** 2))
  return PEAK * Math.max(0.02, sun, 0.8 * evening)
}

async function wholeDay (workers) {
  const python = await start(Object(workers) === workers
    ? { ...workers, idle: Math.round(day / HOURS / 2) }
    : workers)
  const times = []
  const memory = []
  const requests = new Set()
  let failed = 0
  const started = performance.now()
  let [sent, sampled] = [started, -Infinity]
  let debt = 0
  while (performance.now() - started < day) {
    const now = performance.now()
    debt += rateAt((now - started) / day) * (now - sent) / 1000
    sent = now
    for (; debt >= 1; debt--) {
      const began = performance.now()
      const request = python.handleRequest({ url: `/block?${WORK}` }).then(
        () => { times.push(performance.now() - began) }, () => { failed++ })
      requests.add(request)
      request.then(() => requests.delete(request))
    }
    if (now - sampled >= SAMPLE) {
      sampled = now
      const bytes = tree(process.pid).slice(1).reduce((sum, pid) => sum + memoryOf(pid), 0)
      memory.push([(now - started) / day * HOURS, bytes / 2 ** 20])
    }
    await sleep(5)
  }
  await Promise.all(requests)
  await python.close()
  times.sort((a, b) => a - b)
  const mean = memory.reduce((sum, [, mib]) => sum + mib, 0) / memory.length
  return { memory, mean, failed, count: times.length, p99: percentile(times, 0.99) }
}

/** 0 if the process has ended in the meantime. */
function memoryOf (pid) {
  try {
    return pss(pid) || 0
  } catch {
    return 0
  }
}

const days = []
for (const { name, workers } of POOLS.slice(1)) {
  progress(`a day with ${name}`)
  days.push({ name, ...await wholeDay(workers) })
}

const ms = value => Number.isFinite(value) ? value.toFixed(0) : '–'
const of = (list, read) => median(list.map(read))
const text = table(['burst', 'pool', 'first extra worker ms', 'median ms', 'p99 ms'],
  bursts.map(({ kind, name, results }) => [kind, name, ms(of(results, one => one.extra)),
    ms(of(results, one => one.median)), ms(of(results, one => one.p99))])) + '\n\n' +
  table(['day', 'memory MiB', 'requests', 'failed', 'p99 ms'],
    days.map(({ name, mean, count, failed, p99 }) =>
      [name, mean.toFixed(0), count, failed, ms(p99)])) + `

burst: ${BURST} requests at once, each of ${WORK} ms. first extra worker: from the burst to the
first answer of a worker that did not exist before. Medians of ${rounds} rounds.
day: ${day / 1000} s, up to ${PEAK} requests/s that block for ${WORK} ms. memory: proportional set
size of the fork server and all workers, mean over the day.`
console.log(text)

const elastic = bursts.find(({ kind, name }) => kind === 'block' && name === POOLS[1].name)
const picture = smallMultiples({
  title: 'Memory over a day',
  subtitle: `MiB of all Python processes (PSS); a day of ${day / 1000} s, up to ${PEAK} requests/s`,
  x: 'hour',
  range: [0, HOURS],
  marks: [],
  series: days.map(({ name, memory, mean, p99 }) =>
    ({ name, note: `mean ${mean.toFixed(0)} MiB, p99 ${ms(p99)} ms`, points: memory }))
})
console.log('\n' + await save('elastic', {
  bursts,
  days,
  targets: [
    {
      what: `burst of ${BURST}: first answer of an extra worker`,
      value: of(elastic.results, one => one.extra),
      atMost: 50,
      unit: 'ms'
    },
    { what: 'a day: failed requests', value: days[0].failed, atMost: 0, unit: '' }
  ]
}, { text, pictures: { day: picture } }))
