// The cost of workers that have nothing to do.
//
//   node bench/idle.js [--workers 64] [--seconds 10] [--requests 5] [--quick]
//
// Workers with FastAPI serve a few requests. When all processes have become quiet, the CPU time and
// context switches of all their threads are read, --seconds apart, and compared. Another process
// watches Node's, and a Node process without a handler serves as control, because V8 and libuv have
// threads and timers of their own. A Node process numbers its threads in this order: main, V8's
// timers, V8's workers, signals, libuv's pool.
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { competitors, versions } from './support/install/competitors.js'
import { startLoadProcess } from './support/loads/load-process.js'
import { threads } from './support/processes/processes.js'
import { progress, save, table, targetTable } from './support/report/report.js'

/** How many seconds the processes may take to become quiet. */
const SETTLE = 60

const { values } = parseArgs({
  options: {
    workers: { type: 'string' },
    seconds: { type: 'string' },
    requests: { type: 'string', default: '5' },
    quick: { type: 'boolean', default: false }
  }
})
const workers = Number(values.workers ?? (values.quick ? 8 : 64))
const seconds = Number(values.seconds ?? (values.quick ? 2 : 10))
/** Seconds without a context switch that count as quiet: V8 wakes once more after eight. */
const still = values.quick ? 2 : 10
const app = {
  docroot: fileURLToPath(new URL('apps', import.meta.url)),
  appTarget: 'fastapi_app:app',
  python: `${await competitors()}/python`,
  preload: true,
  requests: Number(values.requests)
}

/** All threads of these processes, by 'pid/tid'. */
const snapshot = pids => new Map(pids.flatMap((pid) =>
  threads(pid).map(thread => [`${pid}/${thread.tid}`, { pid, ...thread }])))

/** What threads did between two snapshots, without those that did nothing. */
function activity (before, after) {
  const nothing = { ticks: 0, switches: 0, cpu: 0 }
  const found = []
  for (const id of new Set([...before.keys(), ...after.keys()])) {
    const from = before.get(id) ?? nothing
    const to = after.get(id) ?? from
    const { pid, tid, name } = after.get(id) ?? before.get(id)
    const done = {
      ticks: to.ticks - from.ticks, switches: to.switches - from.switches, cpu: to.cpu - from.cpu
    }
    if (Object.values(done).some(value => value > 0)) {
      const order = [...before.values()].filter(one => one.pid === pid && one.tid < tid).length + 1
      const thread = pid === tid ? 'main' : `number ${order}`
      found.push({ pid, name: `${name} (${thread})`, ...done })
    }
  }
  return found
}

/** @returns {Promise<number | null>} seconds until all were quiet; null: they never were */
async function quiet (pids) {
  const begun = performance.now()
  let before = snapshot(pids)
  for (let since = 0; since < still;) {
    if (performance.now() - begun > SETTLE * 1000) return null
    await sleep(1000)
    const after = snapshot(pids)
    since = activity(before, after).length === 0 ? since + 1 : 0
    before = after
  }
  return (performance.now() - begun) / 1000 - still
}

progress(`starting ${workers} workers`)
const loaders = []
async function start (count) {
  const loader = await startLoadProcess('idle-node.js', { ...app, workers: count })
  loaders.push(loader)
  return { loader, pids: await loader.measure({}) }
}

let roles, settled, before, after
try {
  const control = await start(0)
  const busy = await start(workers)
  const started = busy.pids.workers.length
  if (started !== workers) throw new Error(`${started} of ${workers} workers started`)
  roles = {
    'Node without a handler (control)': control.pids.node,
    'Node with the handler': busy.pids.node,
    'fork server': busy.pids.server,
    workers: busy.pids.workers
  }
  const all = Object.values(roles).flat()
  progress(`waiting until all processes are quiet, at most ${SETTLE} s`)
  settled = await quiet(all)
  progress(`watching for ${seconds} s`)
  before = snapshot(all)
  await sleep(seconds * 1000)
  after = snapshot(all)
  await busy.loader.measure({}) // throws if a worker was replaced
} finally {
  await Promise.all(loaders.map(loader => loader.stop()))
}
progress('')

const done = activity(before, after)
const sum = (list, key) => list.reduce((total, one) => total + one[key], 0)
const results = Object.entries(roles).map(([role, pids]) => {
  const own = done.filter(({ pid }) => pids.includes(pid))
  return {
    role,
    processes: pids.length,
    threads: [...after.values()].filter(({ pid }) => pids.includes(pid)).length,
    ticks: sum(own, 'ticks'),
    cpu: sum(own, 'cpu'),
    switches: sum(own, 'switches'),
    awake: own
  }
})
const [alone, node, ...python] = results
const limit = (what, value, atMost) => ({ what, value, atMost })
const targets = [
  limit('ticks of all Python processes', sum(python, 'ticks'), 0),
  limit('wake-ups of all Python processes', sum(python, 'switches'), 0),
  limit('ticks of Node, compared with the control', node.ticks, alone.ticks),
  limit('wake-ups of Node, compared with the control', node.switches, alone.switches)
]
const micros = nanoseconds => Math.round(nanoseconds / 1000)
const awake = results.flatMap(({ role, awake }) => awake.map(one => ({ role, ...one })))
const text = [
  table(['', 'processes', 'threads', 'ticks', 'CPU µs', 'context switches'],
    results.map(({ role, processes, threads, ticks, cpu, switches }) =>
      [role, processes, threads, ticks, micros(cpu), switches])),
  awake.map(({ role, name, switches, cpu }) =>
    `- ${role}: thread ${name}: ${switches} switches, ${micros(cpu)} µs`).join('\n'),
  `Activity within ${seconds} s. A tick is 10 ms of CPU time; a thread that wakes up is switched at
least once. ` + (settled === null
    ? `The processes did not become quiet within ${SETTLE} s.`
    : `The processes were quiet ${Math.round(settled)} s after the last request.`)
].filter(part => part !== '').join('\n\n')
console.log(`${text}\n\n${targetTable(targets)}\n`)
console.log(await save('idle', {
  versions: await versions(['fastapi', 'uvloop']), workers, seconds, settled, results, targets
}, { text }))
