import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { childProcesses } from '../support/harness.js'

const SERVER = fileURLToPath(new URL('server.js', import.meta.url))

/** server.js as a child process. */
export class ServerProcess {
  /** How often each message was logged, numbers left out. */
  logged = new Map()
  #child
  #waiting = new Map()
  #next = 0

  constructor (child) {
    this.#child = child
    this.exited = once(child, 'exit').then(([code, signal]) => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the server has ended'))
      return signal ?? code
    })
    child.on('message', ({ id, answer, level, message }) => {
      if (level !== undefined) this.#count(`${level}: ${message}`)
      this.#waiting.get(id)?.resolve(answer)
      this.#waiting.delete(id)
    })
  }

  /** @param {{ key: string, cert: string, env: Record<string, string> }} options */
  static async start ({ key, cert, env }) {
    const child = fork(SERVER, [key, cert], {
      execArgv: ['--expose-gc'],
      env: { ...process.env, ...env },
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc']
    })
    const server = new ServerProcess(child)
    const [first] = await Promise.race([
      once(child, 'message'),
      server.exited.then(end => { throw new Error(`the server ended with ${end}`) })
    ])
    assert.ok(first.ports, JSON.stringify(first))
    ;[server.port, server.securePort] = first.ports
    return server
  }

  /** Ends the server at once, if it has not ended. */
  kill () {
    this.#child.kill('SIGKILL')
  }

  get pid () { return this.#child.pid }

  /** @param {'stats' | 'reload' | 'memory' | 'close'} question */
  ask (question) {
    if (!this.#child.connected) return Promise.reject(new Error('the server has ended'))
    return new Promise((resolve, reject) => {
      const id = this.#next++
      this.#waiting.set(id, { resolve, reject })
      this.#child.send({ id, question })
    })
  }

  /** What must be the same before and after. */
  async resources () {
    const { rss, heapUsed, external } = await this.ask('memory')
    const { inFlight, queued } = await this.ask('stats')
    return {
      descriptors: readdirSync(`/proc/${this.pid}/fd`).length,
      processes: descendants(this.pid).length,
      rss,
      heap: heapUsed + external,
      inFlight,
      queued
    }
  }

  #count (message) {
    const kind = message.split('\n', 1)[0].replace(/\d+/g, 'N').slice(0, 120)
    this.logged.set(kind, (this.logged.get(kind) ?? 0) + 1)
  }
}

function descendants (pid) {
  try {
    return childProcesses(pid).flatMap(child => [child, ...descendants(child)])
  } catch {
    return [] // it has just ended
  }
}
