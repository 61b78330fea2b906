import { readFileSync } from 'node:fs'

/** Milliseconds of a clock tick. USER_HZ is 100 on every Linux that Node supports. */
const TICK = 10

/**
 * What a process does with the CPU: proc_pid_stat(5).
 * @typedef {object} Activity
 * @property {number} cpuTime milliseconds that all its threads have used (utime and stime)
 * @property {boolean} runs its main thread runs on a core, or waits for one (state R)
 */

/**
 * @param {number} pid
 * @returns {Activity} without any, if there is no such process
 */
export function processActivity (pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The name of the program, in parentheses, may contain anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return { runs: fields[0] === 'R', cpuTime: (Number(fields[11]) + Number(fields[12])) * TICK }
  } catch {
    return { runs: false, cpuTime: 0 }
  }
}
