// Runs the cases of bench/concurrency.js. All servers and loads are up during all rounds.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { competitors, versions } from '../install/competitors.js'
import { floor } from './floor.js'
import { get } from '../loads/http-load.js'
import { nodeVersions } from '../servers/server-kinds.js'
import { startLoadProcess } from '../loads/load-process.js'
import { installPackages, PINNED } from '../install/npm.js'
import { peer } from '../install/peer.js'
import { progress } from '../report/report.js'
import { startServer } from '../servers/server.js'
import { bodyOf, workloads } from '../loads/workloads.js'
import { findWrk, wrk } from '../loads/wrk.js'

const application = {
  docroot: fileURLToPath(new URL('../../apps', import.meta.url)),
  app: 'work_app:app'
}
/** V8 keeps compiling a Node server's code for about 200,000 requests; this warm-up covers that. */
const WARM = { inFlight: 64, seconds: 4 }

export class Runner {
  /**
   * @type {Map<string, {
   *   measure: (one: object, seconds: number) => Promise<object>,
   *   stop?: () => unknown
   * }>}
   */
  #contenders = new Map()

  /** @type {string[]} reasons why something is not measured */
  missing = []

  /** Installs and starts everything that the cases need. */
  async start (cases) {
    this.#bin = await competitors()
    installPackages()
    if (cases.some(({ via }) => via === 'http')) findWrk()
    if (cases.some(({ via }) => via === 'websocket')) {
      this.#sockets = await startLoadProcess('ws-load.js', {})
    }
    const steps = execFileSync(join(this.#bin, 'python'),
      [join(application.docroot, 'work_app.py')], { encoding: 'utf8' }).trim()
    this.#env = { BENCH_CPU_STEPS: steps }
    for (const one of cases) {
      const key = keyOf(one)
      if (this.#contenders.has(key) || this.#unable.has(key)) continue
      progress(`starting ${one.server}, ${one.workers} worker(s)`)
      await this.#add(key, one, cases)
    }
  }

  #bin = ''
  #env = {}
  #sockets = null
  #unable = new Set()

  async #add (key, one, cases) {
    const { via, server, workers } = one
    if (via !== 'handleRequest') {
      this.#contenders.set(key, await this.#serve(server, workers, cases))
    } else if (server === 'floor') {
      this.#contenders.set(key, {
        measure: ({ work, inFlight }, seconds) => floor({
          bin: this.#bin, env: this.#env, ...application, ...workloads[work], inFlight, seconds
        })
      })
    } else {
      const other = server === 'peer' ? peer() : null
      if (other?.missing !== undefined) {
        this.missing.push(other.missing)
        this.#unable.add(key)
        return
      }
      const loader = await startLoadProcess('handle-load.js', {
        library: other?.library ?? 'node-asgi',
        python: join(this.#bin, 'python'),
        workers,
        ...application
      }, { ...this.#env, ...other?.env })
      this.#contenders.set(key, {
        measure: ({ work, inFlight }, seconds) => loader.measure({ work, inFlight, seconds }),
        stop: () => loader.stop()
      })
      await loader.measure({ work: one.work, ...WARM })
    }
  }

  async #serve (kind, workers, cases) {
    const server = await startServer(kind,
      { bin: this.#bin, env: this.#env, workers, ...application })
    const { port } = server.address
    const load = (work, options) => workloads[work].socket
      ? this.#sockets.measure({ port, path: workloads[work].path, ...options })
      : wrk({ port, ...workloads[work], ...options })
    const contender = {
      async measure ({ work, inFlight }, seconds) {
        const before = server.cpu()
        const done = await load(work, { inFlight, seconds })
        const after = server.cpu()
        // wrk exits with requests unanswered. Their work must not disturb the next measurement.
        await server.settle()
        return {
          ...done, cpu: { node: after.node - before.node, python: after.python - before.python }
        }
      },
      stop: () => server.stop()
    }
    const mine = cases.filter(one => one.server === kind && one.workers === workers)
    for (const work of new Set(mine.map(one => one.work))) {
      await checkAnswer(kind, server.address, work)
    }
    await load(mine[0].work, WARM)
    await server.settle()
    return contender
  }

  /** The cases whose servers are up. */
  able (cases) {
    return cases.filter(one => !this.#unable.has(keyOf(one)))
  }

  measure (one, seconds) {
    return this.#contenders.get(keyOf(one)).measure(one, seconds)
  }

  async versions () {
    return {
      ...await versions(['uvicorn', 'uvloop', 'httptools', 'granian', 'gunicorn', 'websockets',
        'fastapi', 'pydantic']),
      ...nodeVersions(),
      '@platformatic/python-node': PINNED['@platformatic/python-node'],
      python: execFileSync(join(this.#bin, 'python'),
        ['-c', 'import platform as p; print(p.python_version())'], { encoding: 'utf8' }).trim(),
      wrk: findWrk().version
    }
  }

  async stop () {
    await Promise.all([...this.#contenders.values()].map(({ stop }) => stop?.()))
    await this.#sockets?.stop()
  }
}

/** HTTP and WebSocket cases share a server. */
const keyOf = ({ via, server, workers }) =>
  `${via === 'handleRequest' ? via : 'network'} ${server} ${workers}`

/** Checks one response of a server, because wrk does not look at bodies. */
async function checkAnswer (kind, address, work) {
  if (workloads[work].socket) return // ws-load.js checks every message
  const { method, path, headers, isRight } = workloads[work]
  const { status, text } = await get(address,
    { method, path, headers, body: bodyOf(workloads[work]) })
  if (status >= 200 && status < 300 && isRight(text)) return
  throw new Error(`${kind} gives a wrong response for work "${work}": ` +
    `${status} ${text.slice(0, 200)}`)
}
