/**
 * Counts the system calls of the main threads of running processes.
 */

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'

/** Calls about descriptors. Others, such as those about memory, depend on garbage collection. */
const TRACED = 'epoll_wait,epoll_pwait,epoll_pwait2,epoll_ctl,poll,ppoll,select,pselect6,' +
  'read,readv,pread64,write,writev,pwrite64,recvfrom,recvmsg,sendto,sendmsg,sendfile,' +
  'accept4,accept,shutdown,close'

/** Why nothing can be counted here, or null. */
export function whyNot () {
  const { error } = spawnSync('strace', ['--version'], { stdio: 'ignore' })
  if (error !== undefined) return 'strace is missing; install it with `apt-get install strace`'
  // The kernel keeps processes of the same user from tracing workers.
  if (process.geteuid?.() !== 0) return 'only root may trace workers'
  const { status } = spawnSync('strace', ['-o', '/dev/null', 'true'], { stdio: 'ignore' })
  return status === 0 ? null : 'this machine does not allow tracing'
}

/**
 * Runs `load` and counts the calls that the processes make meanwhile.
 * @param {number[]} pids
 * @param {() => Promise<void>} load
 * @returns {Promise<Map<number, Map<string, number>>>} calls by process and name
 */
export async function countCalls (pids, load) {
  const strace = spawn('strace',
    [...pids.flatMap((pid) => ['-p', String(pid)]), '-e', `trace=${TRACED}`, '-s', '0'],
    { stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = once(strace, 'exit')
  let text = ''
  let attached = 0
  const lines = strace.stderr.setEncoding('latin1')
  await new Promise((resolve, reject) => {
    strace.on('error', reject)
    ended.then(() => reject(new Error(`strace ended:\n${text}`)))
    lines.on('data', (piece) => {
      text += piece
      attached = text.match(/^strace: Process \d+ attached$/mg)?.length ?? 0
      if (attached === pids.length) resolve(undefined)
    })
  })
  try {
    await load()
  } finally {
    strace.kill('SIGINT')
    await ended
  }
  return callsOf(text, pids)
}

/**
 * @param {string} text what strace prints
 * @param {number[]} pids of the processes that it traced
 */
export function callsOf (text, pids) {
  const counts = new Map(pids.map((pid) => [pid, new Map()]))
  for (const [, pid, name] of text.matchAll(/^(?:\[pid +(\d+)\] )?(\w+)\(/mg)) {
    const calls = counts.get(Number(pid ?? pids[0]))
    calls?.set(name, (calls.get(name) ?? 0) + 1)
  }
  return counts
}
