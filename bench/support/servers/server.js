// Starts and stops servers of every kind behind one interface.
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

const START = 60_000
const STOP = 5_000
const SETTLE = 5_000

/** Those that run: none may outlive the benchmark. */
const running = new Set()
process.on('exit', () => { for (const server of running) server.kill() })
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1))

/**
 * Starts a server and waits until each of its workers has answered GET /pid with its process id.
 * @param {string} kind one of server-kinds.js
 * @param {import('./server-kinds.js').Application & { env?: object, unix?: boolean }} application `unix`: on a
 *   unix socket, if that kind can
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
    throw new Error(`${kind} does not serve: ${error.message}`, { cause: error })
  }
  return server
}

/**
 * Kills a process group when this process is gone, even by SIGKILL: its input ends then.
 * @param {number} group
 */
function guard (group) {
  const child = spawn('sh', ['-c', 'cat >/dev/null; kill -s KILL -- "-$1"', 'sh', String(group)],
    { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  child.unref()
  child.stdin.unref()
  return child
}

/** A server, and what stands behind it. Emits what its Node process tells: 'message'. */
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
      detached: true, // leads a group, which is killed as a whole
      stdio: ['ignore', 'ignore', 'inherit', ...isNode ? ['ipc'] : []]
    })
    child.on('message', message => this.emit('message', message))
    this.#children.unshift(child)
    this.#guards.push(guard(child.pid))
    /** Where it is: `{ port }` of 127.0.0.1, or `{ socketPath }`. */
    this.address = address
    const behindProxy = application.upstream !== undefined
    await this.#answers(child, behindProxy ? 1 : application.workers)
  }

  async #answers (child, workers) {
    const end = performance.now() + START
    const pids = new Set()
    while (pids.size < workers) {
      const { status, text } = await get(this.address, { path: '/pid' }).catch(error => ({ error }))
      if (status === 200) pids.add(Number(text))
      else await sleep(20)
      if (performance.now() > end) throw new Error(`${pids.size} of ${workers} workers answered`)
      if (hasEnded(child)) throw new Error(`it ended with ${child.exitCode ?? child.signalCode}`)
    }
    /** Process ids of the workers. */
    this.workers ??= [...pids]
  }

  /** All its processes, Node's and Python's. */
  processes () {
    return sides(this.#children.flatMap(({ pid }) => tree(pid)))
  }

  /** Seconds of CPU that each side has used so far. */
  cpu () {
    const { node, python } = this.processes()
    return { node: cpuSeconds(node), python: cpuSeconds(python) }
  }

  /** Waits until it has nothing left to do, of requests that a load has left behind, at most 5 s. */
  async settle () {
    const all = () => Object.values(this.cpu()).reduce((sum, side) => sum + side)
    const end = performance.now() + SETTLE
    for (let before = all(), busy = true; busy && performance.now() < end;) {
      await sleep(40)
      const now = all()
      busy = now - before > 0.01 // a quarter of a core
      before = now
    }
  }

  async stop () {
    for (const child of this.#children) {
      if (hasEnded(child)) continue
      const gone = once(child, 'exit')
      child.kill('SIGTERM')
      await Promise.race([gone, sleep(STOP, undefined, { ref: false })])
    }
    this.kill()
  }

  kill () {
    running.delete(this)
    for (const child of this.#guards) child.kill('SIGKILL')
    for (const child of this.#children) {
      try {
        process.kill(-child.pid, 'SIGKILL')
      } catch {} // nothing is left of it
    }
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

const hasEnded = ({ exitCode, signalCode }) => exitCode !== null || signalCode !== null

async function freePort () {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}
