/**
 * Keeps what the dashboard shows of the past: some minutes, in a few megabytes at most, whatever
 * clients and the application do. It observes a handler (observe/observer.js).
 */

import { InvalidRequestError } from '../errors.js'
import { Failures, exceptionOf } from './failures.js'
import { RouteNames } from './route-names.js'
import { RouteTable } from './route-table.js'
import { LENGTH, RECENT, Seconds } from './seconds.js'
import { Timeline } from './timeline.js'

/** @typedef {import('../observe/observer.js').Observer} Observer */
/** @typedef {import('../observe/request-record.js').RequestRecord} RequestRecord */

/** How a worker names the request in the first line, see errors.py. */
const OF_REQUEST = /^.* \((\S+ \/.*)\)$/

/** Outcomes that are not the fault of the client. */
const FAULTS = new Set(['failed', 'lost', 'timeout', 'rejected'])

/** @implements {Observer} */
export class Recorder {
  #now

  /** Paths below which the application is not mounted, but served. */
  #rootPath

  /** @type {() => readonly string[]} */
  #templates

  #names = new RouteNames()

  /**
   * @param {object} options
   * @param {string} [options.rootPath]
   * @param {() => readonly string[]} [options.templates] of the application's routes
   * @param {() => number} [options.now] milliseconds since 1970
   */
  constructor ({ rootPath = '', templates = () => [], now = Date.now } = {}) {
    this.#now = now
    this.#rootPath = rootPath
    this.#templates = templates
    /** The first second that is recorded. */
    this.since = this.#second
    this.seconds = new Seconds()
    this.routes = new RouteTable()
    this.failures = new Failures()
    this.timeline = new Timeline()
    /** Why no worker can be started.
     * @type {Error | null} */
    this.outage = null
  }

  get #second () { return Math.floor(this.#now() / 1000) }

  /** @param {RequestRecord} request */
  onResponse (request) {
    const isFailure = request.status >= 500
    this.#count(request, request.startedAt, isFailure)
    if (request.status >= 400 && !isFailure) this.seconds.at(this.#second).clientErrors++
  }

  /** @param {RequestRecord} request */
  onEnd (request) {
    const { outcome, error, startedAt } = request
    const isFault = FAULTS.has(String(outcome)) && !isClientError(error)
    if (startedAt === 0) {
      if (isFault) this.#count(request, request.endedAt, true)
      else if (isClientError(error)) this.#countClientError(request)
    } else if (isFault && request.status < 500) {
      this.seconds.at(this.#second).failures++
    }
    if (isFault && error !== null) this.#fail(error, request)
  }

  /**
   * @param {string} name
   * @param {any} details
   */
  onEvent (name, details) {
    this.timeline.add(name, details, this.#now())
    if (name === 'pool:failed') this.outage = details.error
    if (name === 'pool:recovered') this.outage = null
    // What becomes of requests is told by onEnd.
    if (name === 'worker:exit' || name === 'reload' || name === 'pool:failed') {
      const { error, worker = 0, pid = 0 } = details
      if (error !== null) this.#fail(error, { worker, pid })
    }
  }

  /**
   * The application has logged an error.
   * @param {string} text
   * @param {{ worker: number, pid: number }} source
   */
  onErrorLogged (text, { worker, pid }) {
    const [first] = text.split('\n', 1)
    const what = exceptionOf(text) ?? first
    const request = OF_REQUEST.exec(first)?.[1] ?? ''
    this.failures.add({ what, text, request, worker, pid }, this.#now())
  }

  /** What the page shows as numbers. */
  recent () {
    const to = this.#second - 1
    const from = Math.max(this.since, to - RECENT + 1)
    const { requests, failures, p50, p99 } = this.seconds.total(from, to)
    const length = Math.max(1, to - from + 1)
    return { rate: requests / length, failures, p50, p99 }
  }

  /**
   * @param {number} [from] seconds since 1970
   * @returns those that are over, the newest last
   */
  listSeconds (from = 0) {
    const first = Math.max(from, this.since, this.#second - LENGTH)
    return this.seconds.list(first, this.#second - 1)
  }

  /**
   * What listSeconds() and listRoutes() are made of, to be added up with that of other processes.
   * @param {number} from seconds since 1970
   */
  raw (from) {
    const now = this.#second
    return { seconds: this.seconds.raw(from, now - 1), routes: this.routes.raw(now) }
  }

  listRoutes () {
    return this.routes.list(this.#second)
  }

  /**
   * @param {RequestRecord} request
   * @param {number} until
   * @param {boolean} isFailure
   */
  #count (request, until, isFailure) {
    const second = this.#second
    const time = until - request.acceptedAt
    const row = this.seconds.at(second)
    row.requests++
    row.latencies.add(time)
    const route = this.routes.at(second, this.#nameOf(request))
    route.latencies.add(time)
    if (!isFailure) return
    row.failures++
    route.failures++
  }

  /** @param {RequestRecord} request that never got to the application */
  #countClientError ({ acceptedAt, endedAt }) {
    const row = this.seconds.at(this.#second)
    row.requests++
    row.clientErrors++
    row.latencies.add(endedAt - acceptedAt)
  }

  /** @param {RequestRecord} request */
  #nameOf ({ type, method, path, rootPath, status }) {
    this.#names.use(this.#templates())
    const prefix = rootPath || this.#rootPath
    const isBelow = path.startsWith(prefix) && (path[prefix.length] ?? '/') === '/'
    const below = isBelow ? path.slice(prefix.length) : path
    const name = this.#names.of(below || '/', status !== 404)
    return `${type === 'websocket' ? 'WebSocket' : method.slice(0, 16)} ${name}`
  }

  /**
   * @param {any} error
   * @param {Partial<RequestRecord> & { worker: number, pid: number }} where
   */
  #fail (error, { method, path, worker, pid }) {
    const text = error.traceback || (error.stacks ? `${error.message}\n\n${error.stacks}` : '')
    const what = exceptionOf(error.traceback ?? '') ?? String(error.message)
    const request = method === undefined ? '' : `${method} ${path}`
    this.failures.add({ what, text: text || String(error.message), request, worker, pid },
      this.#now())
  }
}

/** @param {unknown} error */
function isClientError (error) {
  return error instanceof InvalidRequestError
}
