// How soon a server answers, how soon a worker is ready, and how much memory it uses.
//
//   node bench/startup.js [--starts 40] [--workers 2,4,8] [--requests 300] [--rounds 15] [--quick]
//
// The application is FastAPI. Cold start: from the spawn of a server to its first 200, in rounds
// with uvicorn and granian. A program of Node that does nothing but start uvicorn takes part: no
// server in Node can answer much sooner. Reload: from saving a file to the first response of the
// new code, relative to importing the application alone.
//
// Replacement: the only worker of a handler is killed repeatedly, while nothing else runs. Node
// asks for the replacement as soon as it has reported the death, so the time from `worker:exit` to
// `worker:ready` is that from the request for a worker to its ready message. Memory: the
// proportional set size (PSS), which divides a page by the number of processes that map it. The
// fork server is one of these, so its figure depends on the number of workers.
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { PythonHandler } from 'node-asgi'
import { competitors, versions } from './support/install/competitors.js'
import { pss } from './support/processes/memory.js'
import { parentOf } from './support/processes/processes.js'
import { barChart } from './support/report/bar-chart.js'
import { median, percentile, progress, save, table, targetTable } from './support/report/report.js'
import { exerciseWorkers } from './support/loads/exercise-workers.js'
import { freePort } from './support/servers/server.js'
import { coldStart, importTimes, prepare, reloads, servers } from './support/startup/cold-starts.js'
import { memoryByMapping } from './support/processes/smaps.js'

const MB = 1e6
/** Milliseconds until ready; MB per worker with this many workers. */
const TARGET = { ready: 10, pss: 10, workers: 8 }
/** Relative to uvicorn, and to the import alone; milliseconds over an empty program. */
const COLD_TARGET = { start: 1.05, reload: 1.1, import: 50 }
/** How many cold starts to measure, relative to --starts: each takes long. */
const COLD_STARTS = 1 / 4
/** Milliseconds before each kill, so that the cleanup after the last one is over. */
const PAUSE = 50
const PATIENCE = 30_000
const RELOADING = ['node-asgi', 'uvicorn']

const { values } = parseArgs({
  options: {
    starts: { type: 'string' },
    workers: { type: 'string' },
    requests: { type: 'string', default: '300' },
    rounds: { type: 'string' },
    quick: { type: 'boolean', default: false }
  }
})
const starts = Number(values.starts ?? (values.quick ? 8 : 40))
const pools = (values.workers ?? (values.quick ? '2,8' : '2,4,8')).split(',').map(Number)
const requests = Number(values.requests)
const rounds = Number(values.rounds ?? (values.quick ? 4 : 15))
const bin = await competitors()
const app = {
  docroot: fileURLToPath(new URL('apps', import.meta.url)),
  appTarget: 'fastapi_app:app',
  python: `${bin}/python`
}

/** Each server once in each round. */
async function measureCold () {
  const place = await prepare(bin, app.docroot)
  try {
    const port = await freePort()
    const all = Object.entries(servers(place, port))
    const starts = Object.fromEntries(all.map(([name]) => [name, []]))
    const imports = []
    // The first round is for the caches: of files, of Python's code and of Node's.
    for (let i = 0; i <= rounds; i++) {
      for (const [name, command] of all) {
        const time = await coldStart(command, place.docroot, port)
        progress(`${name}: cold start ${i}/${rounds}: ${time.toFixed(0)} ms`)
        if (i > 0) starts[name].push(time)
      }
      if (i > 0) imports.push(importTimes(place))
    }
    const reloading = {}
    for (const [name, command] of all.filter(([name]) => RELOADING.includes(name))) {
      progress(`${name}: reloads`)
      reloading[name] = await reloads(command, place, port, rounds)
    }
    return { starts, imports, reloading }
  } finally {
    place.remove()
  }
}

/** How many milliseconds each replacement took. */
async function timeStarts (preload, count) {
  // A worker that lived longer than the window is replaced without delay.
  const handler = new PythonHandler({
    ...app, preload, workers: 1, restart: { window: 1 }, logger: false
  })
  try {
    await handler.ready
    const times = []
    for (let i = 0; i < count; i++) {
      await sleep(PAUSE)
      const seen = {}
      const done = new AbortController()
      handler.once('worker:exit', () => { seen.asked = performance.now() })
      handler.once('worker:ready', () => {
        seen.ready = performance.now()
        done.abort()
      })
      process.kill(handler.stats().workers[0].pid, 'SIGKILL')
      // An idle handler does not keep Node running; a timer does.
      await sleep(PATIENCE, undefined, { signal: done.signal }).catch(() => {})
      if (!(seen.asked < seen.ready)) {
        throw new Error(`the worker was not replaced: ${JSON.stringify(seen)}`)
      }
      times.push(seen.ready - seen.asked)
      await exerciseWorkers(handler, 2)
      progress(`preload ${preload}: start ${i + 1}/${count}: ${times.at(-1).toFixed(1)} ms`)
    }
    return times
  } finally {
    await handler.close()
  }
}

async function measureMemory (preload, workers) {
  progress(`preload ${preload}: measuring the memory of ${workers} workers`)
  const handler = new PythonHandler({ ...app, preload, workers, logger: false })
  try {
    await handler.ready
    const pids = handler.stats().workers.map(({ pid }) => pid)
    const now = () => ({
      pss: pids.map(pss),
      private: pids.map(pid => sum([...memoryByMapping(pid).values()].map(privateOf)))
    })
    const ready = now()
    const readyByMapping = memoryByMapping(pids[0])
    await exerciseWorkers(handler, requests)
    return {
      preload,
      workers,
      ready,
      served: now(),
      server: pss(parentOf(pids[0])),
      mappings: Object.fromEntries([...memoryByMapping(pids[0])].map(([kind, served]) =>
        [kind, { ready: readyByMapping.get(kind), served }]))
    }
  } finally {
    await handler.close()
  }
}

const sum = list => list.reduce((total, value) => total + value, 0)
const privateOf = sizes => (sizes?.Private_Dirty ?? 0) + (sizes?.Private_Clean ?? 0)

const cold = await measureCold()
const times = {
  preload: await timeStarts(true, starts),
  fresh: await timeStarts(false, Math.max(3, Math.round(starts * COLD_STARTS)))
}
const memory = []
for (const workers of pools) memory.push(await measureMemory(true, workers))
memory.push(await measureMemory(false, pools.at(-1)))
progress('')

const ms = value => value.toFixed(1)
const mb = value => (value / MB).toFixed(2)
const ratios = (list, others) => median(list.map((value, i) => value / others[i]))
const importing = median(cold.imports.map(({ imports, empty }) => imports - empty))
const reloading = list =>
  ratios(list.map(({ reload }) => reload), list.map(({ alone }) => alone))
const most = memory.findLast(({ preload }) => preload)
const text = `${table(['server', 'first 200 ms', 'best', 'relative to uvicorn'],
  Object.entries(cold.starts).map(([name, list]) => [name, ms(median(list)),
    ms(Math.min(...list)), ratios(list, cold.starts.uvicorn).toFixed(2)]))}

first 200 ms: the median time from the spawn of the server. Of node-asgi, it is the published
package, with the compile cache if this Node.js has one. Importing it takes ${ms(importing)} ms more
than an empty program.

${table(['server', 'reload ms', 'import alone', 'ratio'],
  Object.entries(cold.reloading).map(([name, list]) => [name,
    ms(median(list.map(({ reload }) => reload))), ms(median(list.map(({ alone }) => alone))),
    reloading(list).toFixed(2)]))}

reload ms: the median time from saving to the first response of the new code.

${table(['start', 'ready ms', 'p90', 'worst', 'best', 'starts'],
  Object.entries(times).map(([name, list]) => [name, ms(median(list)),
    ms(percentile(list.toSorted((a, b) => a - b), 0.9)),
    ms(Math.max(...list)), ms(Math.min(...list)), list.length]))}

ready ms: the median time from the request for a worker to its ready message, one start at a time.

${table(
  ['start', 'workers', 'PSS MB ready', 'worst', 'served', 'worst', 'private MB ready', 'served',
    'fork server'],
  memory.map(({ preload, workers, ready, served, server }) => [
    preload ? 'preload' : 'fresh', workers,
    mb(median(ready.pss)), mb(Math.max(...ready.pss)),
    mb(median(served.pss)), mb(Math.max(...served.pss)),
    mb(median(ready.private)), mb(median(served.private)), mb(server)]))}

Per worker: the median of the workers, and the worst one. served: after ${requests} requests each.
MB: 10⁶ bytes. The more processes share a page, the less of it counts for each. What the memory of
one of ${most.workers} workers with preload consists of:

${table(['mapping', 'private MB ready', 'served', 'PSS MB ready', 'served'],
  Object.entries(most.mappings)
    .toSorted(([, a], [, b]) => privateOf(b.served) - privateOf(a.served))
    .map(([kind, { ready, served }]) => [kind, mb(privateOf(ready)), mb(privateOf(served)),
      mb(ready?.Pss ?? 0), mb(served.Pss)]))}`
const targets = [
  {
    what: 'cold start relative to uvicorn, started by Node',
    value: ratios(cold.starts['node-asgi'], cold.starts['uvicorn, started by Node']),
    atMost: COLD_TARGET.start,
    unit: ''
  },
  {
    what: 'import over an empty program',
    value: importing,
    atMost: COLD_TARGET.import,
    unit: 'ms'
  },
  {
    what: 'reload relative to the import alone',
    value: reloading(cold.reloading['node-asgi']),
    atMost: COLD_TARGET.reload,
    unit: ''
  },
  {
    what: 'FastAPI worker ready, preload, median',
    value: median(times.preload),
    atMost: TARGET.ready,
    unit: 'ms'
  },
  ...memory.filter(({ preload, workers }) => preload && workers === TARGET.workers)
    .flatMap(({ ready, served }) => Object.entries({ ready, served }))
    .map(([when, { pss }]) => ({
      what: `PSS of each of ${TARGET.workers} workers, ${when}, worst`,
      value: Math.max(...pss) / MB,
      atMost: TARGET.pss,
      unit: 'MB'
    }))
]
console.log(`${text}\n\n${targetTable(targets)}\n`)
const fresh = memory.find(({ preload }) => !preload)
const pictures = {
  first: barChart({
    title: 'From the start to the first answer',
    subtitle: 'milliseconds, FastAPI; less is better',
    bars: Object.entries(cold.starts).filter(([name]) => !/checkout/.test(name))
      .map(([name, list]) =>
        ({ name, value: median(list), ours: name.startsWith('node-asgi') }))
      .sort((a, b) => a.value - b.value)
  }),
  memory: barChart({
    title: 'Memory of a worker',
    subtitle: `megabytes (PSS) of each of ${most.workers} workers with FastAPI`,
    bars: [
      { name: 'preload, ready', value: median(most.ready.pss) / MB, ours: true },
      { name: 'preload, has served', value: median(most.served.pss) / MB, ours: true },
      { name: 'without preload', value: median(fresh.served.pss) / MB }
    ]
  })
}
console.log(await save('startup', {
  versions: await versions(['fastapi', 'uvloop', 'uvicorn', 'granian']),
  starts,
  requests,
  rounds,
  cold,
  times,
  memory,
  targets
}, { text, pictures }))
