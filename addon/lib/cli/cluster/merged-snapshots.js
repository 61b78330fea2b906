/**
 * Puts together what the recorders of the members have. Numbers are added up, percentiles are
 * those of all requests, and worker 1 of process 2 is called 2.1.
 */

import { listRaw } from '../../dashboard/route-table.js'
import { LENGTH, RECENT, Seconds } from '../../dashboard/seconds.js'

/** @typedef {import('./member-process.js').MemberProcess} MemberProcess */

/** Entries of each list. */
const MAX_WORKERS = 2000
const MAX_RUNNING = 50
const MAX_FAILURES = 50
const MAX_EVENTS = 100
const MAX_ROUTES = 200

/** Milliseconds for the stacks of a worker that is blocked, and for a reload of everything. */
const ACTING = 30_000

/** The states of a handler, those that matter most first. */
const STATES = ['running', 'starting', 'failed', 'closing', 'closed']

export class MergedSnapshots {
  #seconds = new Seconds()

  /** @type {Map<MemberProcess, { pid: number, since: number }>} what each is asked for next */
  #next = new Map()

  #since = Math.floor(Date.now() / 1000)

  /** @type {Promise<void> | null} what several viewers wait for */
  #reading = null

  /** @type {Record<string, unknown>} */
  #sections = {}

  /**
   * @param {MemberProcess[]} members
   * @param {() => Promise<void>} reload
   */
  constructor (members, reload) {
    this.members = members
    this.reload = reload
  }

  /**
   * @param {number} since seconds since 1970
   * @returns {Promise<{ sections: Record<string, unknown>, seconds: object[] }>}
   */
  async read (since) {
    this.#reading ??= this.#update().finally(() => { this.#reading = null })
    await this.#reading
    const last = Math.floor(Date.now() / 1000) - 1
    const first = Math.max(since, this.#since, last - LENGTH + 1)
    return { sections: this.#sections, seconds: this.#seconds.list(first, last) }
  }

  async #update () {
    const answers = await Promise.all(this.members.map((member) => this.#ask(member)))
    const all = answers.flatMap((answer, i) =>
      answer === null ? [] : [{ ...answer, number: this.members[i].number }])
    const now = Math.floor(Date.now() / 1000)
    const pools = all.map(({ sections }) => Object(sections.pool))
    this.#sections = {
      pool: { ...mergePools(pools), ...this.#recent(now) },
      workers: listOf(all, 'workers', MAX_WORKERS, (worker, name) =>
        ({ ...worker, id: name(worker.id) })),
      ...all.some(({ sections }) => sections.endpoints === undefined)
        ? {}
        : {
            endpoints: listOf(all, 'endpoints', MAX_WORKERS, (endpoint, name) =>
              ({ ...endpoint, id: name(endpoint.id) }))
          },
      running: mergeRunning(all),
      routes: listRaw(all.flatMap(({ routes }) => cut(routes, MAX_ROUTES))),
      failures: listOf(all, 'failures', MAX_FAILURES, (failure, name) =>
        ({ ...failure, id: name(failure.id), worker: nameOrNone(failure.worker, name) }))
        .sort((a, b) => b.last - a.last).slice(0, MAX_FAILURES),
      timeline: listOf(all, 'timeline', MAX_EVENTS, (event, name) => ({
        ...event,
        text: String(event.text).replace(/^Worker (\d+)/, (_, id) => `Worker ${name(id)}`)
      })).sort((a, b) => a.time - b.time).slice(-MAX_EVENTS)
    }
  }

  /**
   * @param {MemberProcess} member
   * @returns {Promise<{ sections: any, routes: any } | null>} null: it has not answered
   */
  async #ask (member) {
    const { pid } = member
    const next = this.#next.get(member)
    const since = next?.pid === pid ? next.since : 0
    const answer = Object(await member.ask('snapshot', { since }).catch(() => null))
    if (typeof answer.sections !== 'object' || answer.sections === null) return null
    const now = Math.floor(Date.now() / 1000)
    const rows = cut(answer.seconds, LENGTH)
    for (const row of rows) this.#seconds.mergeRaw(row, now)
    const newest = Math.max(since - 1, ...rows.map(({ time }) => Number(time) || 0))
    this.#next.set(member, { pid, since: newest + 1 })
    return answer
  }

  /** @param {number} now seconds since 1970 */
  #recent (now) {
    const from = Math.max(this.#since, now - RECENT)
    const { requests, ...rest } = this.#seconds.total(from, now - 1)
    return { ...rest, rate: requests / Math.max(1, now - from) }
  }

  /**
   * @param {string} action
   * @param {string} worker for example 2.1
   */
  async act (action, worker) {
    if (action === 'reload') {
      await this.reload()
      return {}
    }
    if (action !== 'recycle' && action !== 'stacks') return undefined
    const [member, id] = this.#find(worker)
    return await member?.ask('act', { action, worker: id }, { timeout: ACTING }) ?? null
  }

  /** @param {string} name of a failure, for example 2.7 */
  async failure (name) {
    const [member, id] = this.#find(name)
    const text = await member?.ask('failure', { id }).catch(() => null)
    return typeof text === 'string' ? text : null
  }

  /**
   * @param {string} name
   * @returns {[MemberProcess | undefined, string]}
   */
  #find (name) {
    const [number, id = ''] = name.split('.')
    return [this.members.find((member) => String(member.number) === number), id]
  }
}

/** @typedef {{ number: number, sections: any }} Answer */

/**
 * @param {unknown} list
 * @param {number} length
 * @returns {any[]} objects
 */
function cut (list, length) {
  return Array.isArray(list) ? list.slice(0, length).map(Object) : []
}

/**
 * @param {Answer[]} all
 * @param {string} section
 * @param {number} length at most, of each process
 * @param {(item: any, name: (id: unknown) => string) => any} describe
 * @returns {any[]}
 */
function listOf (all, section, length, describe) {
  return all.flatMap(({ number, sections }) => cut(sections[section], length).map((item) =>
    describe(item, (id) => `${number}.${id}`)))
}

/**
 * @param {unknown} worker
 * @param {(id: unknown) => string} name
 */
function nameOrNone (worker, name) {
  return Number(worker) > 0 ? name(worker) : 0
}

/** @param {any[]} pools */
function mergePools (pools) {
  const sum = (/** @type {string} */ key) =>
    pools.reduce((total, pool) => total + (Number(pool[key]) || 0), 0)
  const state = STATES.find((each) => pools.some((pool) => pool.state === each)) ?? 'starting'
  const [first = {}] = pools
  return {
    app: first.app,
    docroot: first.docroot,
    python: pools.find(({ python }) => python)?.python ?? '',
    state,
    ...first.remote === undefined
      ? {}
      : {
          remote: String(first.remote),
          endpointsReady: sum('endpointsReady'),
          endpointsKnown: sum('endpointsKnown')
        },
    outage: pools.find(({ outage }) => outage)?.outage ?? null,
    ready: sum('ready'),
    wanted: sum('wanted'),
    min: sum('min'),
    max: sum('max'),
    inFlight: sum('inFlight'),
    queued: sum('queued'),
    reloads: Math.max(0, ...pools.map(({ reloads }) => Number(reloads) || 0))
  }
}

/** @param {Answer[]} all */
function mergeRunning (all) {
  const sum = (/** @type {string} */ key) => all.reduce((total, { sections }) =>
    total + (Number(Object(sections.running)[key]) || 0), 0)
  const list = all.flatMap(({ number, sections }) =>
    cut(Object(sections.running).list, MAX_RUNNING).map((request) => ({
      ...request,
      key: `${number} ${request.key}`,
      worker: nameOrNone(request.worker, (id) => `${number}.${id}`)
    })))
  const isWaiting = (/** @type {any} */ { state }) => state === 'queued' || state === 'running'
  list.sort((a, b) => Number(isWaiting(b)) - Number(isWaiting(a)) || b.age - a.age)
  return { count: sum('count'), long: sum('long'), list: list.slice(0, MAX_RUNNING) }
}
