/**
 * What the page shows of this moment, in sections, each of which is sent when it has changed.
 */

import { nameRequest } from '../message/head.js'
import { processUsage } from '../worker/process-usage.js'

/** @typedef {import('./parts.js').Parts} Parts */
/** @typedef {import('./recorder.js').Recorder} Recorder */
/** @typedef {import('../supervisor/supervisor.js').Supervisor} Supervisor */
/** @typedef {import('../remote/endpoint.js').Endpoint} Endpoint */
/** @typedef {import('../worker/worker.js').Worker} Worker */
/** @typedef {import('../stream/request-stream.js').RequestStream} RequestStream */

/** Milliseconds. Nobody can read what is over sooner, and the list would jump. */
const LONG = 1000

/** Requests that are listed, and characters of what names them. */
const MAX_RUNNING = 50
const MAX_NAME = 300

/** Milliseconds between two looks at the CPU time, at least: less is not exact. */
const SHORTEST = 500

/** Part of a core that each worker uses. */
export class Cores {
  /** @type {Map<number, { at: number, cpuTime: number, used: number | null }>} */
  #last = new Map()

  /**
   * @param {{ pid: number }[]} workers those that there are
   * @param {number} now performance.now()
   * @param {(pid: number) => { cpuTime: number }} [usageOf]
   * @returns {(pid: number) => number | null} 1: a whole core; null: not known yet
   */
  look (workers, now, usageOf = processUsage) {
    const before = this.#last
    this.#last = new Map()
    for (const { pid } of workers) {
      if (pid === 0) continue
      const last = before.get(pid)
      if (last !== undefined && now - last.at < SHORTEST) {
        this.#last.set(pid, last)
        continue
      }
      const { cpuTime } = usageOf(pid)
      const used = last === undefined
        ? null
        : Math.max(0, (cpuTime - last.cpuTime) / (now - last.at))
      this.#last.set(pid, { at: now, cpuTime, used })
    }
    return (pid) => this.#last.get(pid)?.used ?? null
  }
}

/**
 * @param {Parts} parts
 * @param {Recorder} recorder
 * @returns {() => Record<string, unknown>}
 */
export function createSections ({ settings, supervisor, pool }, recorder) {
  const cores = new Cores()
  return () => {
    const now = performance.now()
    const stats = supervisor.stats()
    const { outage } = recorder
    return {
      pool: {
        app: settings.appTarget,
        docroot: settings.docroot,
        ...describeRemote(supervisor.endpoints, settings),
        python: stats.python.version,
        state: stats.state,
        outage: stats.state === 'failed' && outage !== null ? outage.message : null,
        ready: stats.ready,
        ...stats.size,
        inFlight: stats.inFlight,
        queued: stats.queued,
        reloads: stats.reloads,
        ...recorder.recent()
      },
      workers: describeWorkers(supervisor.workers, stats.workers, cores, now),
      ...supervisor.endpoints === null
        ? {}
        : { endpoints: supervisor.endpoints.map(describeEndpoint) },
      running: describeRunning(pool, [...supervisor.endpoints ?? [], ...supervisor.workers], now),
      routes: recorder.listRoutes(),
      failures: recorder.failures.list(),
      timeline: recorder.timeline.list()
    }
  }
}

/**
 * @param {Worker[]} workers
 * @param {ReturnType<Supervisor['stats']>['workers']} stats of the same workers
 * @param {Cores} cores
 * @param {number} now
 */
function describeWorkers (workers, stats, cores, now) {
  const used = cores.look(workers, now)
  return workers.map(({ id, pid, state }, i) => {
    const { inFlight, requests, lag, uptime, memory } = stats[i]
    const age = Math.round(uptime)
    return { id, pid, state, inFlight, requests, lag, age, memory, cpu: used(pid) }
  })
}

/**
 * What is different in the heading of an application that runs elsewhere.
 * @param {Endpoint[] | null} endpoints
 * @param {Parts['settings']} settings
 */
function describeRemote (endpoints, { remote }) {
  if (endpoints === null) return {}
  return {
    remote: remote?.addresses.map(({ url }) => url).join(', ').slice(0, MAX_NAME),
    endpointsReady: endpoints.filter(({ isAvailable }) => isAvailable).length,
    endpointsKnown: endpoints.filter(({ state }) => state !== 'leaving').length
  }
}

/** @param {Endpoint} endpoint */
function describeEndpoint ({ id, name, state, error, inFlight, traffic }) {
  const { requests, failed, lost } = traffic
  return {
    id, url: name, state, inFlight, requests, errors: failed + lost, error: error?.message ?? null
  }
}

/**
 * As its task is named in Python, apart from what is encoded in the path.
 * @param {RequestStream} stream
 */
function nameOf ({ head, isWebSocket }) {
  const name = nameRequest(head)
  return isWebSocket ? name.replace(/^\S*/, 'WebSocket') : name
}

/**
 * Those that take long. Requests that have no response come first, then the oldest.
 * @param {Parts['pool']} pool
 * @param {(Worker | Endpoint)[]} members
 * @param {number} now
 */
function describeRunning (pool, members, now) {
  /** @type {{ stream: RequestStream, worker: number, pid: number, since: number }[]} */
  const found = []
  for (const member of members) {
    const { id: worker, pid } = member
    for (const stream of member.streams()) {
      // One whose endpoint is still being connected to has not been sent.
      const since = stream.sentAt || stream.queuedAt || now
      if (!stream.finished) found.push({ stream, worker, pid, since })
    }
  }
  for (const stream of pool.waiting) {
    found.push({ stream, worker: 0, pid: 0, since: stream.queuedAt })
  }
  const long = found.filter(({ since }) => now - since >= LONG)
  long.sort((a, b) =>
    Number(a.stream.started) - Number(b.stream.started) || a.since - b.since)
  const list = long.slice(0, MAX_RUNNING).map(({ stream, worker, pid, since }) => ({
    key: `${worker} ${stream.id} ${since}`,
    name: nameOf(stream).slice(0, MAX_NAME),
    worker,
    // No process of this machine has it, if none is named.
    pid,
    age: Math.round(now - since),
    state: worker === 0
      ? 'queued'
      : !stream.started ? 'running' : stream.isWebSocket ? 'websocket' : 'responding'
  }))
  return { count: pool.inFlight + pool.queued, long: long.length, list }
}
