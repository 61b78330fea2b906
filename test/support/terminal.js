/** Runs a program in a terminal, as a person does who types and reads. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

import { VENV_PYTHON } from './harness.js'
import { allGone } from './run.js'

const IN_TERMINAL = fileURLToPath(new URL('in_terminal.py', import.meta.url))

const LIMIT = 30_000

export class TerminalRun {
  /** Everything that the terminal has shown. */
  shown = ''

  mark = randomUUID() // in the environment of every process of this run
  #seen = 0
  #report = ''

  /**
   * @param {string[]} command
   * @param {{ cwd?: string, env?: Record<string, string> }} [options]
   */
  constructor (command, { cwd, env } = {}) {
    const { PORT, ...rest } = process.env
    this.child = spawn(VENV_PYTHON, [IN_TERMINAL, ...command],
      {
        cwd,
        env: { ...rest, TERM: 'dumb', ...env, NODE_ASGI_TEST_MARK: this.mark },
        stdio: 'pipe'
      })
    this.child.stdout.setEncoding('utf8').on('data', (text) => { this.shown += text })
    this.child.stderr.setEncoding('utf8').on('data', (text) => { this.#report += text })
    /** Resolves with the exit code, negative for a signal, and whether typed text is shown. */
    this.ended = once(this.child, 'close').then(() => {
      assert.match(this.#report, /^\{.*\}\n$/)
      return JSON.parse(this.#report)
    })
  }

  /** @param {string} text */
  type (text) {
    this.child.stdin.write(text)
  }

  /**
   * Waits for text after what was seen before.
   * @param {RegExp} pattern
   * @returns {Promise<RegExpExecArray>}
   */
  async see (pattern) {
    const end = Date.now() + LIMIT
    while (Date.now() < end && this.child.exitCode === null) {
      const match = pattern.exec(this.shown.slice(this.#seen))
      if (match !== null) {
        this.#seen += match.index + match[0].length
        return match
      }
      await sleep(10)
    }
    return assert.fail(`${pattern} was not shown, but: ${this.shown.slice(this.#seen)}`)
  }

  /** Ends what still runs, and waits until everything has ended. */
  async kill () {
    this.child.kill('SIGKILL') // closes the terminal, which ends its processes by SIGHUP
    await this.ended.catch(() => {})
    await allGone(this.mark)
  }
}
