/** What /proc says about processes. */

import { readFileSync, readdirSync } from 'node:fs'

/**
 * The ids of the processes that a process has started and not yet reaped.
 * @param {number} [pid]
 * @returns {number[]}
 */
export function childProcesses (pid = process.pid) {
  const children = []
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      const list = readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').trim()
      if (list !== '') children.push(...list.split(' ').map(Number))
    } catch {
      // The thread has just ended, and its children belong to another one now.
      return childProcesses(pid)
    }
  }
  return children
}

/**
 * The ids of these processes, and of those that they have started.
 * @param {number} pid
 * @returns {number[]}
 */
export function descendants (pid) {
  let children
  try {
    children = childProcesses(pid)
  } catch {
    return [] // it has just ended
  }
  return children.flatMap((child) => [child, ...descendants(child)])
}

/** Whether a process runs Python. */
export function isPython (pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('python')
  } catch {
    return false // it has just ended
  }
}

/** Whether a process exists and is not a zombie. */
export function isAlive (pid) {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}
