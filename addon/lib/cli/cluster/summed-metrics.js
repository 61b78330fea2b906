/**
 * Adds up the metrics of the members. What is counted may never become less, so the counters of
 * a process that has ended, as they were last seen, stay part of the sum; and a process that does
 * not answer in time counts with what it last said.
 */

/** @typedef {import('./member-process.js').MemberProcess} MemberProcess */

/**
 * A metric as prom-client writes it with getMetricsAsJSON().
 * @typedef {{ name: string, type: string, aggregator?: string, values: { labels: any }[] }} Metric
 */

/** Of one process. There are some hundreds. */
const MAX_METRICS = 2000

/** Kinds of metrics that only grow. */
const GROWING = new Set(['counter', 'histogram'])

export class SummedMetrics {
  /** @type {Map<MemberProcess, { pid: number, metrics: Metric[] }>} what each said last */
  #last = new Map()

  /** What only grows, of the processes that have ended.
   * @type {Metric[]} */
  #ended = []

  /**
   * @param {MemberProcess[]} members
   * @param {typeof import('prom-client').AggregatorRegistry} registry
   */
  constructor (members, registry) {
    this.members = members
    this.registry = registry
  }

  /** @returns {Promise<import('prom-client').Registry>} of this moment */
  async read () {
    await Promise.all(this.members.map((member) => this.#ask(member)))
    return this.#sum([this.#ended, ...[...this.#last.values()].map(({ metrics }) => metrics)])
  }

  /** @param {MemberProcess} member */
  async #ask (member) {
    const { pid } = member
    const before = this.#last.get(member)
    const metrics = checkedMetrics(await member.ask('metrics').catch(() => null))
    if (metrics !== null) this.#last.set(member, { pid, metrics: numbered(metrics, member.number) })
    else if (pid !== before?.pid) this.#last.delete(member)
    if (before === undefined || before === this.#last.get(member) || before.pid === pid) return
    const growing = before.metrics.filter(({ type }) => GROWING.has(type)).map((metric) => ({
      ...metric,
      // The series of a worker end with it.
      values: metric.values.filter(({ labels }) => labels.worker === undefined)
    })).filter(({ values }) => values.length > 0)
    this.#ended = /** @type {any} */ (
      await this.#sum([this.#ended, growing]).getMetricsAsJSON())
  }

  /**
   * @param {Metric[][]} all
   * @returns {import('prom-client').Registry}
   */
  #sum (all) {
    return /** @type {any} */ (this.registry.aggregate(/** @type {any} */ (all)))
  }
}

/**
 * @param {any} metrics
 * @returns {Metric[] | null} null: they are not what they should be
 */
function checkedMetrics (metrics) {
  const isGood = Array.isArray(metrics) && metrics.length <= MAX_METRICS &&
    metrics.every((metric) => typeof metric?.name === 'string' &&
      typeof metric.type === 'string' && Array.isArray(metric.values) &&
      metric.values.every((/** @type {any} */ value) => typeof value?.value === 'number' &&
        typeof value.labels === 'object' && value.labels !== null))
  return isGood ? metrics : null
}

/**
 * Workers of different processes have the same numbers.
 * @param {Metric[]} metrics
 * @param {number} number of the process
 * @returns {Metric[]}
 */
function numbered (metrics, number) {
  return metrics.map((metric) => ({
    ...metric,
    values: metric.values.map((value) => {
      const { worker } = value.labels
      if (worker === undefined || worker === '') return value
      return { ...value, labels: { ...value.labels, worker: `${number}.${worker}` } }
    })
  }))
}
