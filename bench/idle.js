// What do workers cost that have nothing to do?
//
//   node bench/idle.js [--workers 64] [--seconds 10] [--requests 5] [--quick]
//
// Workers with FastAPI serve a few requests. When all processes have become quiet, CPU time and
// context switches of all their threads are read twice, so many seconds apart, and compared. Node's
// process is watched from another one, and beside a control that has no handler: V8 and libuv have
// threads and timers of their own (in order: main, V8's timers, V8's workers, signals, libuv's pool).
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { competitors, versions } from './support/install/competitors.js'
import { startLoadProcess } from './support/loads/load-process.js'
import { threads } from './support/processes/processes.js'
import { progress, save, table, targetTable } from './support/report/report.js'

/** Seconds until all has to be quiet. */
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
/** Seconds without any switch after which all is quiet: V8 looks once more after eight. */
const still = values.quick ? 2 : 10
const app = {
  docroot: fileURLToPath(new URL('apps', import.meta.url)),
  appTarget: 'fastapi_app:app',
  python: `${await competitors()}/python`,
  preload: true,
  requests: Number(values.requests)
}

/** All threads of some processes. */
const look = pids => new Map(pids.flatMap((pid) =>
  threads(pid).map(thread => [`${pid}/${thread.tid}`, { pid, ...thread }])))

/** What threads have done between two looks: those that have done anything, or have come or gone. */
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
      found.push({ pid, name: pid === tid ? `${name} (main)` : `${name} (number ${order})`, ...done })
    }
  }
  return found
}

async function quiet (pids) {
  const begun = performance.now()
  let before = look(pids)
  for (let since = 0; since < still;) {
    if (performance.now() - begun > SETTLE * 1000) return null
    await sleep(1000)
    const after = look(pids)
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
  if (busy.pids.workers.length !== workers) throw new Error('workers are missing')
  roles = {
    'Node without a handler (control)': control.pids.node,
    'Node with the handler': busy.pids.node,
    'fork server': busy.pids.server,
    workers: busy.pids.workers
  }
  const all = Object.values(roles).flat()
  progress(`waiting until all is quiet, ${SETTLE} s at most`)
  settled = await quiet(all)
  progress(`looking for ${seconds} s`)
  before = look(all)
  await sleep(seconds * 1000)
  after = look(all)
  await busy.loader.measure({}) // still the same workers
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
  limit('ticks of Node; at most those of the control', node.ticks, alone.ticks),
  limit('wake-ups of Node; at most those of the control', node.switches, alone.switches)
]
const micros = nanoseconds => Math.round(nanoseconds / 1000)
const awake = results.flatMap(({ role, awake }) => awake.map(one => ({ role, ...one })))
const text = [
  table(['', 'processes', 'threads', 'ticks', 'CPU µs', 'context switches'],
    results.map(({ role, processes, threads, ticks, cpu, switches }) =>
      [role, processes, threads, ticks, micros(cpu), switches])),
  awake.map(({ role, name, switches, cpu }) =>
    `- ${role}: thread ${name}: ${switches} switches, ${micros(cpu)} µs`).join('\n'),
  `Within ${seconds} s; ticks are 10 ms of CPU time, and a thread that wakes up is switched once at
least. ` + (settled === null
    ? `It had not become quiet within ${SETTLE} s.`
    : `It was quiet ${Math.round(settled)} s after the last request.`)
].filter(part => part !== '').join('\n\n')
console.log(`${text}\n\n${targetTable(targets)}\n`)
console.log(await save('idle', {
  versions: await versions(['fastapi', 'uvloop']), workers, seconds, settled, results, targets
}, { text }))
