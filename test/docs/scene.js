/**
 * Where the examples of one page run: a folder of its own, with node-asgi installed in it and the
 * Python of .venv, and the processes that the examples have started there.
 */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  mkdirSync, mkdtempSync, readdirSync, readlinkSync, realpathSync, rmSync, symlinkSync
} from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** What examples may import besides node-asgi. */
const PACKAGES = [
  'express', 'fastify', '@types', 'eventsource-parser', 'openapi-fetch', 'openapi-typescript',
  'openapi-typescript-helpers', 'typescript', 'vite'
]

/** How long a program may run, and how long it may take to end when it is told to. */
const LIMIT = 60_000

export class Scene {
  /** @type {Program[]} the servers that run */
  #servers = []

  constructor () {
    this.folder = realpathSync(mkdtempSync(join(tmpdir(), 'node-asgi-docs-')))
    this.bin = join(this.folder, 'node_modules/.bin')
    mkdirSync(this.bin, { recursive: true })
    symlinkSync(ROOT, join(this.folder, 'node_modules/node-asgi'))
    for (const name of PACKAGES) {
      symlinkSync(join(ROOT, 'node_modules', name), join(this.folder, 'node_modules', name))
    }
    symlinkSync(join(ROOT, 'addon/bin/node-asgi.js'), join(this.bin, 'node-asgi'))
    symlinkSync(join(ROOT, 'node_modules/vite/bin/vite.js'), join(this.bin, 'vite'))
    symlinkSync(join(ROOT, 'node_modules/typescript/bin/tsc'), join(this.bin, 'tsc'))
    symlinkSync(join(ROOT, '.venv'), join(this.folder, '.venv'))
  }

  /**
   * Runs a program until it ends, which must be with success, or until it serves.
   * @param {string[]} command
   * @param {number[]} ports that it may listen on
   * @returns {Promise<Program>}
   */
  async run (command, ports) {
    const taken = await openPorts(ports)
    const program = new Program(command, this.folder, [this.bin])
    const free = ports.filter((port) => !taken.includes(port))
    const end = Date.now() + LIMIT
    while (program.exit === null) {
      program.ports = await openPorts(free)
      if (program.ports.length > 0 || /^Listening on /m.test(program.stdout)) {
        this.#servers.push(program)
        return program
      }
      if (Date.now() > end) {
        program.kill('SIGKILL')
        assert.fail(`it neither ended nor listened within ${LIMIT} ms; ${program.output}`)
      }
      await sleep(20)
    }
    await program.closed
    assert.equal(program.exit, 0, `it ended with ${program.exit}; ${program.output}`)
    return program
  }

  /** Ends the servers as ^C does. */
  async stopServers () {
    for (const program of this.#servers.splice(0)) {
      program.kill('SIGINT')
      const late = setTimeout(() => program.kill('SIGKILL'), LIMIT)
      await program.closed
      clearTimeout(late)
      assert(['SIGINT', 0, 130].includes(program.exit),
        `^C ended it with ${program.exit}; ${program.output}`)
    }
  }

  async close () {
    try {
      await this.stopServers()
      const end = Date.now() + LIMIT
      while (processesIn(this.folder).length > 0) {
        assert(Date.now() < end, `processes are left: ${processesIn(this.folder)}`)
        await sleep(20)
      }
    } finally {
      rmSync(this.folder, { recursive: true })
    }
  }
}

/** One program that an example starts. */
export class Program {
  stdout = ''
  stderr = ''

  /** @type {number | string | null} exit code or signal */
  exit = null

  /** @type {number[]} that it listens on */
  ports = []

  /**
   * @param {string[]} command
   * @param {string} folder
   * @param {string[]} path folders to look for programs first
   */
  constructor ([file, ...args], folder, path) {
    const { PORT, VIRTUAL_ENV, ...env } = process.env
    this.child = spawn(file, args, {
      cwd: folder,
      env: { ...env, PATH: [...path, env.PATH].join(delimiter), NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true // a process group, which ^C reaches as a whole
    })
    for (const name of /** @type {const} */ (['stdout', 'stderr'])) {
      this.child[name].setEncoding('utf8').on('data', (text) => { this[name] += text })
    }
    this.child.on('exit', (code, signal) => { this.exit = signal ?? code })
    this.closed = once(this.child, 'close')
  }

  get output () {
    return `stdout: ${this.stdout}\nstderr: ${this.stderr}`
  }

  kill (signal) {
    try {
      process.kill(-this.child.pid, signal)
    } catch {} // it has just ended
  }
}

/** Which of the ports somebody listens on. */
async function openPorts (ports) {
  const open = await Promise.all(ports.map((port) => new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => resolve(true))
    socket.on('error', () => resolve(false))
    socket.on('connect', () => socket.destroy())
  })))
  return ports.filter((_, i) => open[i])
}

/** @returns {Promise<number[]>} ports that nobody listens on */
export async function freePorts (count) {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => server.address().port)
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return ports
}

function processesIn (folder) {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && `${readlinkSync(`/proc/${pid}/cwd`)}/`.startsWith(`${folder}/`)
    } catch {
      return false // it has just ended, or is not ours
    }
  })
}
