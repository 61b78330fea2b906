// Processes and threads from /proc: which exist, whether they belong to Node or to Python, and how
// much CPU time they have used. See proc(5).
import { readFileSync, readdirSync, readlinkSync, realpathSync } from 'node:fs'
import { basename } from 'node:path'

const NODE = realpathSync(process.execPath)

/** A process and all its descendants. */
export function tree (root) {
  const found = [root]
  for (const pid of found) {
    for (const task of tasks(pid)) {
      const children = read(() => readFileSync(`${task}/children`, 'utf8').trim())
      if (children) found.push(...children.split(' ').map(Number))
    }
  }
  return found
}

export function parentOf (pid) {
  return Number(stat(`/proc/${pid}`)[1])
}

/** Sorts processes into those that run Node and all others, which count as Python. */
export function sides (pids) {
  const isNode = pid => read(() => readlinkSync(`/proc/${pid}/exe`)) === NODE
  return { node: pids.filter(isNode), python: pids.filter(pid => !isNode(pid)) }
}

/** CPU seconds that the running threads of these processes have used. */
export function cpuSeconds (pids) {
  return pids.flatMap(tasks).reduce((sum, task) => sum + (read(() => cpuTime(task)) ?? 0), 0) / 1e9
}

/**
 * The same with threads that have ended, such as those of a pool, but in ticks of 10 ms.
 * @param {number[]} pids
 */
export function cpuSecondsOfAll (pids) {
  return pids.reduce((sum, pid) => {
    const fields = read(() => stat(`/proc/${pid}`))
    return fields === null ? sum : sum + Number(fields[11]) + Number(fields[12])
  }, 0) / 100
}

/**
 * Starts to count the CPU time of this process (all its threads) and of Python.
 * @param {number[] | null} pids Python's processes; null: Python runs in this process
 * @returns {() => { node: number, python: number | null }} returns the seconds since then
 */
export function cpuClock (pids) {
  const node = process.cpuUsage()
  const python = cpuSeconds(pids ?? [])
  return () => {
    const { user, system } = process.cpuUsage(node)
    return { node: (user + system) / 1e6, python: pids && cpuSeconds(pids) - python }
  }
}

/**
 * @returns {Array<{ tid: number, name: string, ticks: number, kernelTicks: number, switches:
 *   number, cpu: number }>} for each thread: its CPU time in ticks of 10 ms (total, and in the
 *   kernel) and in nanoseconds, and its context switches, which is also the number of times it woke
 *   up it woke up
 */
export function threads (pid) {
  return tasks(pid).flatMap(task => read(() => {
    const fields = stat(task)
    const status = readFileSync(`${task}/status`, 'latin1')
    const [, voluntary] = /^voluntary_ctxt_switches:\s+(\d+)$/m.exec(status)
    const [, forced] = /^nonvoluntary_ctxt_switches:\s+(\d+)$/m.exec(status)
    return {
      tid: Number(basename(task)),
      name: readFileSync(`${task}/comm`, 'latin1').trim(),
      ticks: Number(fields[11]) + Number(fields[12]),
      kernelTicks: Number(fields[12]),
      switches: Number(voluntary) + Number(forced),
      cpu: cpuTime(task)
    }
  }) ?? [])
}

/** The /proc folders of the threads of a process. */
const tasks = pid => (read(() => readdirSync(`/proc/${pid}/task`)) ?? [])
  .map(tid => `/proc/${pid}/task/${tid}`)

/** The fields of …/stat, from the third one (`state`) on. */
function stat (folder) {
  const text = readFileSync(`${folder}/stat`, 'latin1')
  return text.slice(text.lastIndexOf(')') + 2).split(' ')
}

/** CPU time in nanoseconds; …/stat counts ticks of 10 ms. */
const cpuTime = task => Number(readFileSync(`${task}/schedstat`, 'latin1').split(' ')[0])

/** Calls `what`; null when the process or thread has ended meanwhile. */
function read (what) {
  try {
    return what()
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return null
    throw error
  }
}
