// Starts and stops servers of the same application behind one interface.
import { spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { readFileSync, readdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { get } from './http-load.js'

const START = 60_000
const STOP = 5_000

/** Those that run: none may outlive the benchmark. */
const running = new Set()
process.on('exit', () => { for (const server of running) server.kill() })
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))

/**
 * The ways to serve `app` (module:attribute in `docroot`) with so many workers.
 * @returns {{ [name: string]: () => Promise<Server> }}
 */
export function waysToServe ({ bin, docroot, app, workers, env }) {
  const python = join(bin, 'python')
  const node = preload => port => [process.execPath,
    [fileURLToPath(new URL('node-server.js', import.meta.url)),
      JSON.stringify({ port, docroot, appTarget: app, workers, preload, python })]]
  const bound = port => `127.0.0.1:${port}`
  const ways = {
    'node-asgi, preload': node(true),
    'node-asgi': node(false),
    gunicorn: port => [join(bin, 'gunicorn'), [app, '-k', 'uvicorn_worker.UvicornWorker',
      '-w', String(workers), '-b', bound(port), '--log-level', 'critical']],
    uvicorn: port => [join(bin, 'uvicorn'), [app, '--workers', String(workers),
      '--port', String(port), '--log-level', 'critical']],
    // The shortest pause that it takes; its default is 3.5 s.
    granian: port => [join(bin, 'granian'), [app, '--interface', 'asgi', '--workers', String(workers),
      '--port', String(port), '--respawn-failed-workers', '--respawn-interval', '0.1', '--no-log']]
  }
  return Object.fromEntries(Object.entries(ways).map(([name, command]) =>
    [name, () => Server.start(command, { cwd: docroot, env: { ...process.env, ...env }, workers })]))
}

class Server extends EventEmitter {
  static async start (command, { workers, ...options }) {
    const port = await freePort()
    const [program, args] = command(port)
    const server = new Server()
    server.port = port
    const isNode = program === process.execPath
    server.child = spawn(program, args, {
      ...options, detached: true, stdio: ['ignore', 'ignore', 'ignore', ...isNode ? ['ipc'] : []]
    })
    server.child.on('message', message => server.emit('message', message))
    running.add(server)
    try {
      await server.#serves(workers)
    } catch (error) {
      await server.stop()
      throw new Error(`${program} does not serve: ${error.message}`)
    }
    return server
  }

  /** Waits until each of its workers has answered; they say who they are. */
  async #serves (workers) {
    const end = performance.now() + START
    const pids = new Set()
    while (pids.size < workers) {
      const { status, text } = await get(this.port).catch(error => ({ error }))
      if (status === 200) pids.add(Number(text))
      else await sleep(20)
      if (performance.now() > end) throw new Error(`${pids.size} of ${workers} workers answered`)
      if (this.child.exitCode !== null) throw new Error(`it ended with ${this.child.exitCode}`)
    }
    this.workers = [...pids]
  }

  /** All its processes. */
  processes () {
    const found = [this.child.pid]
    for (const pid of found) {
      for (const task of readdirSync(`/proc/${pid}/task`)) {
        const children = readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim()
        if (children !== '') found.push(...children.split(' ').map(Number))
      }
    }
    return found
  }

  async stop () {
    const gone = once(this.child, 'exit')
    if (this.child.exitCode === null && this.child.signalCode === null) {
      this.child.kill('SIGTERM')
      await Promise.race([gone, sleep(STOP, undefined, { ref: false })])
    }
    this.kill()
  }

  kill () {
    running.delete(this)
    try {
      process.kill(-this.child.pid, 'SIGKILL')
    } catch {} // nothing is left of it
  }
}

async function freePort () {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}
