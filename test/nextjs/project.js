/** examples/nextjs as its users have it: a folder with the published package, and Next.js. */

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { placePackage } from '../support/installed-package.js'
import { eventually, isAlive, VENV_PYTHON } from '../support/harness.js'
import { childProcesses, isPython } from '../support/processes.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const MODULES = join(ROOT, 'test/node-frameworks/node_modules')
const VENV = join(VENV_PYTHON, '../..')

/** Milliseconds for what Next.js does. Building takes the longest. */
const LIMIT = 240_000

/** Why the tests are skipped, or false. */
export const skip = existsSync(join(MODULES, '.node-asgi-stamp'))
  ? false
  : 'run `bash test/node-frameworks/setup.sh` first'

/** Every process below one. */
function descendants (pid) {
  return childProcesses(pid).flatMap((child) => [child, ...descendants(child)])
}

export class NextProject {
  /** @param {string} [folder] an empty one, which stays */
  static async create (folder) {
    const project = new NextProject()
    project.isTemporary = folder === undefined
    project.folder = folder ?? mkdtempSync(join(tmpdir(), 'node-asgi-nextjs-'))
    cpSync(join(ROOT, 'examples/nextjs'), project.folder, {
      recursive: true,
      filter: (path) => !/\/(node_modules|\.next|\.venv|__pycache__)$/.test(path)
    })
    // Hard links, because Turbopack follows no link that leads out of the project.
    execFileSync('cp', ['-al', MODULES, join(project.folder, 'node_modules')])
    await placePackage(join(project.folder, 'node_modules'))
    project.#installDependencies('node-asgi')
    // Next.js takes the folder of the lockfile for that of the project.
    writeFileSync(join(project.folder, 'package-lock.json'), '{}\n')
    symlinkSync(VENV, join(project.folder, '.venv'))
    return project
  }

  /** Of a package that npm has not installed there. */
  #installDependencies (name) {
    const { dependencies = {} } = JSON.parse(this.read(`node_modules/${name}/package.json`))
    for (const each of Object.keys(dependencies)) {
      const to = join(this.folder, 'node_modules', each)
      if (existsSync(to)) continue
      execFileSync('cp', ['-al', join(ROOT, 'node_modules', each), to])
      this.#installDependencies(each)
    }
  }

  #environment (env = {}) {
    const { NODE_TEST_CONTEXT, NODE_OPTIONS, VIRTUAL_ENV, NODE_ENV, ...inherited } = process.env
    return { ...inherited, NEXT_TELEMETRY_DISABLED: '1', NO_COLOR: '1', ...env }
  }

  #command ([program, ...args]) {
    return program === 'next'
      ? [join(this.folder, 'node_modules/next/dist/bin/next'), ...args]
      : [program, ...args]
  }

  /**
   * Runs a command until it ends.
   * @param {string[]} command
   * @param {Record<string, string>} [env]
   * @returns {Promise<{ code: number | null, output: string, python: number }>} python: how many
   *   processes of Python there were at most
   */
  async run (command, env) {
    const child = spawn(process.execPath, this.#command(command),
      { cwd: this.folder, env: this.#environment(env), stdio: ['ignore', 'pipe', 'pipe'] })
    const late = setTimeout(() => child.kill('SIGKILL'), LIMIT)
    let output = ''
    let python = 0
    const count = setInterval(() => { python = Math.max(python, pythonsBelow(child.pid)) }, 50)
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => { output += text })
    }
    const [code] = await once(child, 'close')
    clearTimeout(late)
    clearInterval(count)
    return { code, output, python }
  }

  /**
   * Starts a server, and waits until it listens.
   * @param {string[]} command
   * @param {{ env?: Record<string, string>, cwd?: string }} [options]
   */
  async start (command, { env, cwd = this.folder } = {}) {
    const port = await freePort()
    const child = spawn(process.execPath, this.#command(command), {
      cwd,
      env: this.#environment({ PORT: String(port), HOSTNAME: '127.0.0.1', ...env }),
      stdio: ['ignore', 'pipe', 'pipe']
    })
    const server = new Server(child, `http://127.0.0.1:${port}`)
    await eventually(() => server.listens(), LIMIT)
    return server
  }

  /** The compiler takes half of the time of a build. */
  skipTypes () {
    this.write('next.config.ts', this.read('next.config.ts').replace('= {',
      '= {\n  typescript: { ignoreBuildErrors: true },'))
  }

  read (name) {
    return readFileSync(join(this.folder, name), 'utf8')
  }

  write (name, text) {
    writeFileSync(join(this.folder, name), text)
  }

  remove () {
    if (this.isTemporary) rmSync(this.folder, { recursive: true, maxRetries: 3 })
  }
}

class Server {
  output = ''

  constructor (child, url) {
    this.child = child
    this.url = url
    this.ended = once(child, 'close')
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => { this.output += text })
    }
  }

  async listens () {
    if (this.child.exitCode !== null) throw new Error(`the server has ended:\n${this.output}`)
    if (!/Ready in|^http:/m.test(this.output)) throw new Error(`it is not ready:\n${this.output}`)
  }

  async text (path, init) {
    const response = await fetch(this.url + path, init)
    const text = await response.text()
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}\n${this.output}`)
    return text
  }

  /** How many fork servers and workers there are. */
  get pythons () {
    return pythonsBelow(this.child.pid)
  }

  /** Ends the server as a container does, and all processes must end with it. */
  async stop () {
    const all = descendants(this.child.pid)
    this.child.kill('SIGTERM')
    const [code, signal] = await this.ended
    await eventually(() => {
      const left = all.filter((pid) => isAlive(pid))
      if (left.length > 0) throw new Error(`processes are left: ${left}`)
    }, 10_000)
    return code ?? signal
  }
}

function pythonsBelow (pid) {
  return descendants(pid).filter(isPython).length
}

async function freePort () {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  await once(server.close(), 'close')
  return port
}
