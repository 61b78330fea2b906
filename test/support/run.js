/** Runs the command line, as a person or a service manager does. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

import { workerMain } from '../../addon/lib/binding.js'

export const SCRIPT = fileURLToPath(new URL('../../addon/bin/node-asgi.js', import.meta.url))

const LIMIT = 60_000

/** One run of the command line. */
export class Run {
  stdout = ''
  stderr = ''
  mark = randomUUID() // in the environment of every process of this run

  /**
   * @param {string[]} args
   * @param {Record<string, string | undefined>} [env] what differs from this process's
   * @param {string} [cwd]
   * @param {string[]} [through] the command that runs this one, which gets it as its last arguments
   */
  constructor (args, env = {}, cwd = process.cwd(), through = []) {
    const { PORT, ...rest } = process.env
    const [program, ...command] = [...through, process.execPath, SCRIPT, ...args]
    this.child = spawn(program, command, {
      cwd,
      env: { ...rest, ...env, NODE_ASGI_TEST_MARK: this.mark },
      stdio: ['ignore', 'pipe', 'pipe']
    })
    for (const name of ['stdout', 'stderr']) {
      this.child[name].setEncoding('utf8').on('data', (text) => { this[name] += text })
    }
    this.closed = once(this.child, 'close').then(([code, signal]) => signal ?? code)
  }

  /** Waits until the output matches; returns the match. */
  async match (name, pattern) {
    const end = Date.now() + LIMIT
    while (Date.now() < end) {
      const match = pattern.exec(this[name])
      if (match !== null) return match
      if (this.child.exitCode !== null || this.child.signalCode !== null) break
      await sleep(10)
    }
    assert.fail(`no match for ${pattern}; stdout: ${this.stdout}\nstderr: ${this.stderr}`)
  }

  async port () {
    const line = await this.match('stdout', /^Listening on https?:\/\/127\.0\.0\.1:(\d+) with /m)
    return Number(line[1])
  }

  processes () {
    return markedProcesses(this.mark)
  }

  /** Waits until every process of this run has ended. */
  allGone () {
    return allGone(this.mark)
  }
}

/**
 * Ends the runs that have not ended, waits until none of their processes is left, and forgets them.
 * @param {Run[]} runs
 * @param {NodeJS.Signals} [signal]
 */
export async function endRuns (runs, signal = 'SIGKILL') {
  for (const run of runs.splice(0)) {
    if (run.child.exitCode === null) run.child.kill(signal)
    await run.closed
    await run.allGone()
  }
}

/**
 * The processes that have a text in their environment.
 * @param {string} mark
 */
function markedProcesses (mark) {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`).includes(mark)
    } catch (error) {
      // It has just ended, or it is a Python process, whose environment only root may read.
      return error.code === 'EACCES' && isOurs(pid)
    }
  })
}

/**
 * Waits until every process that has a text in its environment has ended.
 * @param {string} mark
 */
export async function allGone (mark) {
  const end = Date.now() + LIMIT
  while (markedProcesses(mark).length > 0) {
    assert(Date.now() < end, `still running: ${markedProcesses(mark)}`)
    await sleep(20)
  }
}

/** Whether a process runs the fork server of this checkout. */
function isOurs (pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(workerMain)
  } catch {
    return false // it has just ended
  }
}
