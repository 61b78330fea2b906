// What the kernel says of processes and their threads: proc(5).
import { readFileSync, readdirSync } from 'node:fs'

/** The fields of /proc/…/stat from the third on, which is `state`. */
function stat (path) {
  const text = readFileSync(`${path}/stat`, 'latin1')
  return text.slice(text.lastIndexOf(')') + 2).split(' ')
}

export function parentOf (pid) {
  return Number(stat(`/proc/${pid}`)[1])
}

/**
 * @returns {Array<{ tid: number, name: string, ticks: number, switches: number, cpu: number }>} of
 *   each thread: CPU time in ticks of 10 ms and in nanoseconds, and how often it was switched away
 *   from, which is also how often it woke up
 */
export function threads (pid) {
  return readdirSync(`/proc/${pid}/task`).flatMap((tid) => {
    const path = `/proc/${pid}/task/${tid}`
    try {
      const fields = stat(path)
      const status = readFileSync(`${path}/status`, 'latin1')
      const [, voluntary] = /^voluntary_ctxt_switches:\s+(\d+)$/m.exec(status)
      const [, forced] = /^nonvoluntary_ctxt_switches:\s+(\d+)$/m.exec(status)
      return [{
        tid: Number(tid),
        name: readFileSync(`${path}/comm`, 'latin1').trim(),
        ticks: Number(fields[11]) + Number(fields[12]),
        switches: Number(voluntary) + Number(forced),
        cpu: cpuOf(path)
      }]
    } catch (error) {
      if (error.code === 'ENOENT' || error.code === 'ESRCH') return [] // it has just ended
      throw error
    }
  })
}

/** CPU time of all threads of a process that live, in nanoseconds. */
export function cpuTime (pid) {
  return readdirSync(`/proc/${pid}/task`)
    .reduce((sum, tid) => sum + cpuOf(`/proc/${pid}/task/${tid}`), 0)
}

function cpuOf (path) {
  return Number(readFileSync(`${path}/schedstat`, 'latin1').split(' ')[0])
}
