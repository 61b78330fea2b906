/**
 * The metrics that handlers have in one registry. What happens is counted as it happens. What can
 * be read at any time is read when Prometheus asks. Only metrics with the label `worker` belong to
 * one worker, so the other counters stay right when workers are replaced.
 */

import { monitorEventLoopDelay } from 'node:perf_hooks'

import { Counter, Gauge, Histogram } from 'prom-client'

import { InvalidOptionError } from '../errors.js'
import { ENDPOINT_STATES, countStates, countWorkers } from '../pool/stats.js'
import { processUsage } from '../worker/process-usage.js'

/** @typedef {import('../service.js').Service} Service */
/** @typedef {import('../observe/request-record.js').RequestRecord} RequestRecord */
/** @typedef {Record<string, string>} Labels */

/**
 * A handler, and what is counted of it here. Counting takes less time than prom-client does.
 * @typedef {object} Source
 * @property {Labels} labels
 * @property {Record<keyof USUAL, number[]>} requests by the index of the class
 * @property {{ success: number, failure: number }} reloads
 */

/** Milliseconds between two looks of Node at its own event loop. */
const RESOLUTION = 20

const NANOSECONDS = 1e9
const MILLISECONDS = 1000

/** Why workers are replaced. At the end of the handler none is. */
const REASONS = /** @type {const} */ ([
  'startup', 'crash', 'hung', 'protocol', 'recycle', 'resize', 'reload'
])

/** Classes of the status, by its first digit; 0: there is no response. */
const STATUSES = ['none', '1xx', '2xx', '3xx', '4xx', '5xx']

/** The classes that are there from the start, so that Prometheus sees the first increase. */
const USUAL = {
  answered: [2, 3, 4, 5], failed: [0], aborted: [0], timeout: [0], lost: [0], rejected: [0]
}

export class MetricSet {
  /** @type {Map<Service, Source>} */
  #sources = new Map()

  /** @type {string[]} names of the metrics in the registry */
  #names = []

  #delay = monitorEventLoopDelay({ resolution: RESOLUTION })

  /**
   * @param {import('prom-client').Registry} registry
   * @param {string} prefix
   * @param {string[]} labelNames that handlers have
   * @param {number[]} buckets upper bounds, in seconds
   */
  constructor (registry, prefix, labelNames, buckets) {
    this.registry = registry
    this.prefix = prefix
    this.labelNames = [...labelNames].sort()
    this.buckets = buckets
    this.#delay.enable()
    this.duration = this.#histogram('request_duration_seconds', 'From the arrival of an HTTP ' +
      'request to the end of its response, if a worker got it.')
    this.queue = this.#histogram('queue_seconds', 'How long requests waited for a worker.')
    this.#describeCounts()
    this.#describeReadings()
  }

  /** What is counted as it happens. */
  #describeCounts () {
    this.#count('requests_total', 'Requests that have ended, by how they ended and by the class ' +
      'of the status.', ['outcome', 'status'], (_, set, { requests }) => {
      for (const [outcome, counts] of Object.entries(requests)) {
        // Those that have never been there have no entry.
        counts.forEach((count, i) => set({ outcome, status: STATUSES[i] }, count))
      }
    })
    this.#count('reloads_total', 'Reloads of the application, by their result.', ['result'],
      (_, set, { reloads }) => {
        for (const [result, count] of Object.entries(reloads)) set({ result }, count)
      })
  }

  /** What is read at the time of a scrape. */
  #describeReadings () {
    this.#gauge('in_flight', 'Requests and WebSockets that workers or endpoints have.', [],
      ({ pool }, set) => set({}, pool.inFlight))
    this.#gauge('websockets', 'Open WebSockets.', [], ({ pool }, set) => set({}, pool.sockets))
    this.#gauge('queue_length', 'Requests that wait for a worker.', [],
      ({ pool }, set) => set({}, pool.queued))
    this.#count('request_retries_total', 'Requests that were given to another worker because ' +
      'theirs had ended.', [], ({ pool }, set) => set({}, pool.retried))
    this.#gauge('workers', 'Worker processes, by state.', ['state'], ({ supervisor }, set) => {
      for (const [state, count] of Object.entries(countWorkers(supervisor.workers))) {
        set({ state }, count)
      }
    })
    this.#gauge('endpoints', 'Endpoints of a remote application, by state.', ['state'],
      ({ supervisor: { endpoints } }, set) => {
        if (endpoints === null) return
        for (const [state, count] of Object.entries(countStates(ENDPOINT_STATES, endpoints))) {
          set({ state }, count)
        }
      })
    this.#gauge('workers_wanted', 'Worker processes that there should be.', [],
      ({ supervisor }, set) => set({}, supervisor.wanted))
    this.#gauge('workers_limit', 'The fewest and the most worker processes that there may be.',
      ['bound'], ({ supervisor: { size } }, set) => {
        for (const bound of /** @type {const} */ (['min', 'max'])) set({ bound }, size[bound])
      })
    this.#count('worker_restarts_total', 'Worker processes that have ended other than with the ' +
      'handler, by reason.', ['reason'], ({ supervisor: { reporter } }, set) => {
      for (const reason of REASONS) set({ reason }, reporter.exits[reason] ?? 0)
    })
    this.#gauge('event_loop_lag_seconds', 'How late an event loop was: the longest delay of Node ' +
      'since the last scrape, and of each worker the delay of its last answer.',
    ['process', 'worker'], ofWorkers(({ id, lag }, set) =>
      set({ process: 'worker', worker: id }, lag / MILLISECONDS)),
    (set) => set({ process: 'node', worker: '' }, this.#nodeLag()))
    this.#gauge('worker_memory_bytes', 'Resident memory of each worker, including what it shares.',
      ['worker'], ofWorkers(({ id, pid }, set) => {
        if (pid > 0) set({ worker: id }, processUsage(pid).memory)
      }))
    this.#count('worker_cpu_seconds_total', 'CPU time that each worker has used.', ['worker'],
      ofWorkers(({ id, pid }, set) => {
        if (pid > 0) set({ worker: id }, processUsage(pid).cpuTime / MILLISECONDS)
      }))
    this.#gauge('ring_used_ratio', 'How full the shared memory to (request) and from (response) ' +
      'each worker is, from 0 to 1.', ['worker', 'ring'],
    (service, set) => {
      const { supervisor, settings } = service
      if (supervisor.workers.length === 0) return
      const { defaultRing } = service.binding.limits
      const { requestRing = defaultRing, responseRing = defaultRing } = settings
      for (const { id, rings } of supervisor.workers) {
        set({ worker: id, ring: 'request' }, rings.request / requestRing)
        set({ worker: id, ring: 'response' }, rings.response / responseRing)
      }
    })
    this.#gauge('ring_backlog_bytes', 'What waits in Node for room in the shared memory to each ' +
      'worker.', ['worker'], ofWorkers(({ id, rings }, set) => set({ worker: id }, rings.backlog)))
  }

  get isEmpty () {
    return this.#sources.size === 0
  }

  /**
   * @param {Service} service
   * @param {Labels} labels that tell it from other handlers
   * @returns {() => void} ends it
   */
  add (service, labels) {
    const key = JSON.stringify(this.labelNames.map((name) => labels[name]))
    for (const [other, source] of this.#sources) {
      const otherKey = JSON.stringify(this.labelNames.map((name) => source.labels[name]))
      if (other !== service && otherKey !== key) continue
      throw new InvalidOptionError('labels', 'the registry has metrics of ' +
        `${other === service ? 'this handler' : 'another handler'} with the same labels; give ` +
        "each handler labels of its own, for example { app: 'api' }, or call stop() first")
    }
    if (String(Object.keys(labels).sort()) !== String(this.labelNames)) {
      throw new InvalidOptionError('labels', 'handlers with metrics in one registry must have ' +
        `labels of the same names (${this.labelNames.join(', ') || 'none'}), not ` +
        (Object.keys(labels).join(', ') || 'none'))
    }
    /** @type {Source} */
    const source = { labels, requests: usualCounts(), reloads: { success: 0, failure: 0 } }
    const { requests, reloads } = source
    const duration = this.duration.labels(labels)
    const queue = this.queue.labels(labels)
    const stopObserving = service.observers.add({
      onSent: ({ queued, retries }) => {
        if (retries === 0) queue.observe(queued / MILLISECONDS)
      },
      onEnd: (request) => {
        const counts = requests[/** @type {keyof USUAL} */ (request.outcome)]
        const digit = Math.floor(request.status / 100)
        counts[digit] = (counts[digit] ?? 0) + 1
        if (request.type === 'http' && request.sentAt > 0) {
          duration.observe((request.endedAt - request.acceptedAt) / MILLISECONDS)
        }
      },
      onEvent: (name, details) => {
        if (name !== 'reload') return
        const { error } = /** @type {{ error: Error | null }} */ (details)
        reloads[error === null ? 'success' : 'failure']++
      }
    })
    this.#sources.set(service, source)
    return () => {
      stopObserving()
      this.#forget(service)
    }
  }

  /** @param {Service} service */
  #forget (service) {
    const source = this.#sources.get(service)
    if (source === undefined) return
    this.#sources.delete(service)
    if (this.isEmpty) {
      this.#delay.disable()
      for (const name of this.#names) this.registry.removeSingleMetric(name)
      return
    }
    this.duration.remove(source.labels)
    this.queue.remove(source.labels)
  }

  /** In seconds. */
  #nodeLag () {
    const { max } = this.#delay
    this.#delay.reset()
    return Math.max(0, max - RESOLUTION * (NANOSECONDS / MILLISECONDS)) / NANOSECONDS
  }

  /**
   * @param {string} name
   * @param {string} help
   * @param {string[]} [labelNames]
   */
  #describe (name, help, labelNames = []) {
    const whole = `${this.prefix}${name}`
    this.#names.push(whole)
    return {
      name: whole,
      help,
      labelNames: [...this.labelNames, ...labelNames],
      registers: [this.registry]
    }
  }

  /**
   * @param {string} name
   * @param {string} help
   */
  #histogram (name, help) {
    return new Histogram({ ...this.#describe(name, help), buckets: this.buckets })
  }

  /**
   * @param {string} name
   * @param {string} help
   * @param {string[]} labelNames
   * @param {Reading} read
   * @param {(set: SetValue) => void} [readOwn] what does not belong to a handler
   */
  #gauge (name, help, labelNames, read, readOwn) {
    const gauge = new Gauge({
      ...this.#describe(name, help, labelNames),
      // When prom-client puts processes of a cluster together.
      aggregator: readOwn === undefined ? 'sum' : 'max',
      collect: () => {
        gauge.reset()
        this.#readAll(read, (labels, value) => gauge.set(labels, value))
        readOwn?.((labels, value) => gauge.set(labels, value))
      }
    })
  }

  /**
   * A counter that something else keeps.
   * @param {string} name
   * @param {string} help
   * @param {string[]} labelNames
   * @param {Reading} read
   */
  #count (name, help, labelNames, read) {
    const counter = new Counter({
      ...this.#describe(name, help, labelNames),
      collect: () => {
        counter.reset()
        this.#readAll(read, (labels, value) => counter.inc(labels, value))
      }
    })
  }

  /**
   * @param {Reading} read
   * @param {SetValue} set
   */
  #readAll (read, set) {
    for (const [service, source] of this.#sources) {
      read(service, (labels, value) => set({ ...source.labels, ...labels }, value), source)
    }
  }
}

/** @typedef {(labels: Record<string, string | number>, value: number) => void} SetValue */
/** @typedef {(service: Service, set: SetValue, source: Source) => void} Reading */
/** @typedef {import('../worker/worker.js').Worker} Worker */

/**
 * @param {(worker: Worker, set: SetValue) => void} read
 * @returns {Reading}
 */
function ofWorkers (read) {
  return ({ supervisor }, set) => {
    for (const worker of supervisor.workers) read(worker, set)
  }
}

/** @returns {Source['requests']} zeros for what is usual, and nothing else */
function usualCounts () {
  return /** @type {any} */ (Object.fromEntries(Object.entries(USUAL).map(([outcome, digits]) => {
    /** @type {number[]} */
    const counts = []
    for (const digit of digits) counts[digit] = 0
    return [outcome, counts]
  })))
}
