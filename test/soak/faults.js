// What goes wrong during the soak, and how often on average.
import assert from 'node:assert/strict'

import { childProcesses } from '../support/harness.js'
import { Failed } from './outcome.js'

/**
 * @typedef {object} Fault
 * @property {string} name
 * @property {number} every seconds on average
 * @property {() => Promise<void>} cause
 */

/**
 * @param {import('./server-process.js').ServerProcess} server
 * @param {() => number} random from 0 to 1
 * @param {number} kill seconds between two kills of a worker
 * @returns {Fault[]}
 */
export function faults (server, random, kill) {
  async function worker () {
    const ready = (await server.ask('stats')).workers
      .filter(({ state, pid }) => state === 'ready' && pid > 0)
    return ready[Math.floor(random() * ready.length)]?.pid
  }

  return [
    { name: 'kill', every: kill, cause: async () => signal(await worker(), 'SIGKILL') },
    { name: 'segfault', every: 15, cause: async () => signal(await worker(), 'SIGSEGV') },
    { name: 'stop', every: 20, cause: async () => signal(await worker(), 'SIGSTOP') },
    { name: 'reload', every: 40, cause: async () => { await server.ask('reload') } },
    {
      name: 'fork server',
      every: 60,
      // Its children are the workers, which end with it.
      cause: async () => signal(childProcesses(server.pid)[0], 'SIGKILL')
    },
    {
      name: 'memory',
      every: 30,
      async cause () {
        // Uses all the memory that a worker may have.
        await fetch(`http://127.0.0.1:${server.port}/fill`, { method: 'POST' })
          .then(response => response.arrayBuffer(), error => { throw new Failed(error.message) })
      }
    }
  ]
}

function signal (pid, name) {
  if (pid === undefined) return
  try {
    process.kill(pid, name)
  } catch (error) {
    assert.equal(error.code, 'ESRCH') // it has just ended
  }
}
