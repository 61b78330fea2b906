// Processes of a server: which there are, on which side, and the CPU time they have used.
import { readFileSync, readdirSync, readlinkSync, realpathSync } from 'node:fs'

const NODE = realpathSync(process.execPath)
/** proc(5) counts in ticks of 10 ms. */
const TICK = 0.01

/** A process and all its descendants. */
export function tree (root) {
  const found = [root]
  for (const pid of found) {
    for (const task of read(() => readdirSync(`/proc/${pid}/task`)) ?? []) {
      const children = read(() => readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim())
      if (children) found.push(...children.split(' ').map(Number))
    }
  }
  return found
}

/** Which of them run Node; all others are Python's side. */
export function sides (pids) {
  const isNode = pid => read(() => readlinkSync(`/proc/${pid}/exe`)) === NODE
  return { node: pids.filter(isNode), python: pids.filter(pid => !isNode(pid)) }
}

/** Seconds of CPU that these processes have used, in user mode and in the kernel. */
export function cpuSeconds (pids) {
  let ticks = 0
  for (const pid of pids) {
    const fields = read(() => readFileSync(`/proc/${pid}/stat`, 'utf8'))?.split(') ').at(-1).split(' ')
    if (fields !== undefined) ticks += Number(fields[11]) + Number(fields[12])
  }
  return ticks * TICK
}

/** Null when the process is gone meanwhile. */
function read (what) {
  try {
    return what()
  } catch {
    return null
  }
}
