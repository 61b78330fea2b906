import { readFileSync } from 'node:fs'

/**
 * The resident memory of a process (VmRSS of proc_pid_status(5)), including pages that it shares.
 * @param {number} pid
 * @returns {number} bytes; 0 if there is no such process
 */
export function residentMemory (pid) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1')
    return Number(/^VmRSS:\s*(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024
  } catch {
    return 0
  }
}
