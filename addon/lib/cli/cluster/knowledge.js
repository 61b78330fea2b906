/** What the primary knows of all its members. */

import { loadClient } from '../prometheus.js'
import { MergedSnapshots } from './merged-snapshots.js'
import { sumHealth } from './summed-health.js'
import { SummedMetrics } from './summed-metrics.js'

/** @typedef {import('./member-process.js').MemberProcess} MemberProcess */

/** What the status line shows. */
const COUNTS = /** @type {const} */ (['ready', 'inFlight', 'queued', 'requests', 'failed', 'lost'])

const SIZES = /** @type {const} */ (['wanted', 'min', 'max'])

export class Knowledge {
  /** @type {string | null} why no more requests are wanted */
  #suspended = null

  /** @type {Promise<SummedMetrics> | null} */
  #metrics = null

  /** @type {MergedSnapshots | null} */
  #snapshots = null

  #counts = zeros()

  /**
   * @param {MemberProcess[]} members
   * @param {() => Promise<void>} reload
   */
  constructor (members, reload) {
    this.members = members
    this.reload = reload
  }

  /** @param {string} reason why no more requests are wanted */
  suspend (reason) {
    this.#suspended = reason
  }

  /**
   * @param {any} topic
   * @param {any} [data] of a member or of this process
   * @returns {Promise<unknown>}
   */
  async answer (topic, data) {
    switch (topic) {
      case 'health': return sumHealth(this.members, this.#suspended)
      case 'metrics': return this.#readMetrics()
      case 'dashboard': return this.#merged.read(Number(data?.since) || 0)
      case 'act': return this.#merged.act(String(data?.action), String(data?.worker))
      case 'failure': return this.#merged.failure(String(data?.id))
      default: throw new Error('the primary process does not know that')
    }
  }

  get #merged () {
    this.#snapshots ??= new MergedSnapshots(this.members, this.reload)
    return this.#snapshots
  }

  async #readMetrics () {
    this.#metrics ??= loadClient().then(({ AggregatorRegistry }) =>
      new SummedMetrics(this.members, AggregatorRegistry))
    const registry = await (await this.#metrics).read()
    return { text: await registry.metrics(), type: registry.contentType }
  }

  /** As they were a moment ago. */
  counts () {
    this.count()
    return this.#counts
  }

  /** Asks for counts(). */
  async count () {
    const answers = await Promise.all(this.members.map((member) =>
      member.ask('counts').catch(() => null)))
    const sums = zeros()
    for (const answer of answers) {
      for (const name of COUNTS) sums[name] += Number(answer?.[name]) || 0
      for (const name of SIZES) sums.size[name] += Number(answer?.size?.[name]) || 0
    }
    this.#counts = sums
  }
}

function zeros () {
  return {
    ready: 0,
    size: { wanted: 0, min: 0, max: 0 },
    inFlight: 0,
    queued: 0,
    requests: 0,
    failed: 0,
    lost: 0
  }
}
