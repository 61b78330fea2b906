// Starts and stops servers of every kind.
import { spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { get } from '../loads/http-load.js'
import { kinds } from './server-kinds.js'
import { cpuSeconds, sides, tree } from '../processes/processes.js'

/** Milliseconds. */
const START_TIMEOUT = 60_000
const STOP_TIMEOUT = 5_000
const SETTLE_TIMEOUT = 5_000

/** Running servers; none may outlive the benchmark. */
const running = new Set()
process.on('exit', () => { for (const server of running) server.kill() })
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1))

/**
 * Starts a server and waits until each of its workers has answered GET /pid with its process id.
 * @param {string} kind a key of `kinds` in server-kinds.js
 * @param {import('./server-kinds.js').Application & { env?: object, unix?: boolean }} application
 *   `unix`: on a Unix socket, if that kind supports it
 * @returns {Promise<Server>}
 */
export async function startServer (kind, application) {
  const { command, upstream } = kinds[kind]
  const folder = mkdtempSync(join(tmpdir(), 'node-asgi-bench-'))
  const server = new Server(kind, folder)
  running.add(server)
  try {
    if (upstream !== undefined) {
      const address = { socketPath: join(folder, 'upstream') }
      await server.start(kinds[upstream].command, application, address)
      application = { ...application, upstream: address }
    }
    const address = application.unix
      ? { socketPath: join(folder, 'socket') }
      : { port: await freePort() }
    await server.start(command, application, address)
  } catch (error) {
    await server.stop()
    throw new Error(`could not start ${kind}: ${error.message}`, { cause: error })
  }
  return server
}

/**
 * Kills a process group when this process ends, even by SIGKILL: the guard's input ends then.
 * @param {number} group
 */
function guard (group) {
  const child = spawn('sh', ['-c', 'cat >/dev/null; kill -s KILL -- "-$1"', 'sh', String(group)],
    { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  child.unref()
  child.stdin.unref()
  return child
}

/** A server with those behind it. Emits 'message' with what its Node process sends. */
class Server extends EventEmitter {
  #children = []
  #guards = []
  #folder

  constructor (kind, folder) {
    super()
    this.kind = kind
    this.#folder = folder
  }

  async start (command, application, address) {
    const [program, args] = command(application, address)
    const isNode = program === process.execPath
    const child = spawn(program, args, {
      cwd: application.docroot,
      env: { ...process.env, ...application.env },
      detached: true, // so that it leads a process group, which kill() kills
      stdio: ['ignore', 'ignore', 'inherit', ...isNode ? ['ipc'] : []]
    })
    child.on('message', message => this.emit('message', message))
    this.#children.unshift(child)
    this.#guards.push(guard(child.pid))
    /** `{ port }` on 127.0.0.1, or `{ socketPath }`. */
    this.address = address
    const behindProxy = application.upstream !== undefined
    await this.#answers(child, behindProxy ? 1 : application.workers)
  }

  async #answers (child, workers) {
    const end = performance.now() + START_TIMEOUT
    const pids = new Set()
    while (pids.size < workers) {
      const { status, text } = await get(this.address, { path: '/pid' }).catch(error => ({ error }))
      if (status === 200) pids.add(Number(text))
      else await sleep(20)
      if (performance.now() > end) {
        throw new Error(`${pids.size} of ${workers} workers answered in ${START_TIMEOUT} ms`)
      }
      if (hasEnded(child)) {
        throw new Error(`it ended with ${child.signalCode ?? `exit code ${child.exitCode}`}`)
      }
    }
    /** Process ids of the workers. */
    this.workers ??= [...pids]
  }

  /** All processes of the server, by side. */
  processes () {
    return sides(this.#children.flatMap(({ pid }) => tree(pid)))
  }

  /** Seconds of CPU that each side has used so far. */
  cpu () {
    const { node, python } = this.processes()
    return { node: cpuSeconds(node), python: cpuSeconds(python) }
  }

  /**
   * Waits, at most 5 s, until the server has finished the requests that a load left behind.
   */
  async settle () {
    const all = () => Object.values(this.cpu()).reduce((sum, side) => sum + side)
    const end = performance.now() + SETTLE_TIMEOUT
    for (let before = all(), busy = true; busy && performance.now() < end;) {
      await sleep(40)
      const now = all()
      busy = now - before > 0.01 // a quarter of a core
      before = now
    }
  }

  /** Sends a signal to the process that was started last: the one that listens. */
  signal (name) {
    this.#children[0].kill(name)
  }

  async stop () {
    for (const child of this.#children) {
      if (hasEnded(child)) continue
      const gone = once(child, 'exit')
      child.kill('SIGTERM')
      await Promise.race([gone, sleep(STOP_TIMEOUT, undefined, { ref: false })])
    }
    this.kill()
  }

  kill () {
    running.delete(this)
    for (const child of this.#guards) child.kill('SIGKILL')
    for (const child of this.#children) {
      try {
        process.kill(-child.pid, 'SIGKILL')
      } catch {} // it has already ended
    }
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

const hasEnded = ({ exitCode, signalCode }) => exitCode !== null || signalCode !== null

export async function freePort () {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}
