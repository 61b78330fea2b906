// Processes and their threads: which there are, on which side, and the CPU time they have used: proc(5).
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

/** Which of them run Node; all others are Python's side. */
export function sides (pids) {
  const isNode = pid => read(() => readlinkSync(`/proc/${pid}/exe`)) === NODE
  return { node: pids.filter(isNode), python: pids.filter(pid => !isNode(pid)) }
}

/** Seconds of CPU that the threads of these processes have used; without those that have ended. */
export function cpuSeconds (pids) {
  return pids.flatMap(tasks).reduce((sum, task) => sum + (read(() => cpuTime(task)) ?? 0), 0) / 1e9
}

/**
 * Starts to count the CPU time of this process (all its threads), and of Python's.
 * @param {number[] | null} pids of Python; null: it runs in this process
 * @returns {() => { node: number, python: number | null }} the seconds since
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
 * @returns {Array<{ tid: number, name: string, ticks: number, kernelTicks: number, switches: number,
 *   cpu: number }>} of each thread: CPU time in ticks of 10 ms (all of it, and the kernel's) and in
 *   nanoseconds, and how often it was switched away from, which is also how often it woke up
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

/** The folders of its threads. */
const tasks = pid => (read(() => readdirSync(`/proc/${pid}/task`)) ?? [])
  .map(tid => `/proc/${pid}/task/${tid}`)

/** The fields of …/stat from the third on, which is `state`. */
function stat (folder) {
  const text = readFileSync(`${folder}/stat`, 'latin1')
  return text.slice(text.lastIndexOf(')') + 2).split(' ')
}

/** In nanoseconds; …/stat counts ticks of 10 ms. */
const cpuTime = task => Number(readFileSync(`${task}/schedstat`, 'latin1').split(' ')[0])

/** Null when the process or thread is gone meanwhile. */
function read (what) {
  try {
    return what()
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return null
    throw error
  }
}
