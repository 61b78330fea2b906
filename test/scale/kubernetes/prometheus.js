/**
 * A real Prometheus scrapes the hosts and answers the queries of the chart's ScaledObject, while
 * the load rises and falls.
 */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { eventually } from '../../support/harness.js'
import { Load } from './load.js'
import { POD, resource } from './pod.js'
import { Recommendation } from './recommend.js'

const { spec } = resource('ScaledObject')
const { metadata } = resource('Service')

/** Seconds of the averages, instead of the chart's minute, so that the load need not last. */
const WINDOW = 3

/** Seconds for which fewer pods must have been enough, instead of the chart's five minutes. */
const SCALE_DOWN = 3

/** What the Prometheus operator adds to what it scrapes by a ServiceMonitor. */
const LABELS = { namespace: 'default', service: metadata.name }

/**
 * @param {string} folder
 * @param {import('./hosts.js').Host[]} hosts
 */
async function startPrometheus (folder, hosts) {
  const [{ port, path, interval }] = resource('ServiceMonitor').spec.endpoints
  assert.match(interval, /^\d+s$/)
  writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify({
    global: { scrape_interval: '500ms', scrape_timeout: '500ms' },
    scrape_configs: [{
      job_name: 'shop',
      metrics_path: path,
      static_configs: hosts.map(({ name, address }) =>
        ({ targets: [`${address}:${POD.port(port)}`], labels: { ...LABELS, pod: name } }))
    }]
  }))
  spawn('prometheus', [`--config.file=${join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(folder, 'data')}`, '--web.listen-address=127.0.0.1:9090',
    '--log.level=error'], { stdio: ['ignore', 'ignore', 'inherit'] })
  /** @param {string} query @returns {Promise<number>} */
  return async (query) => {
    const response = await fetch(
      `http://127.0.0.1:9090/api/v1/query?${new URLSearchParams({ query })}`)
    const { status, error, data } = await response.json()
    assert.equal(status, 'success', error)
    // KEDA takes one number, and with ignoreNullValues: "false" nothing is an error.
    assert.equal(data.result.length, 1, `${query} gave ${data.result.length} values`)
    return Number(data.result[0].value[1])
  }
}

/**
 * Requests that are open at a time, one step after the other, and the pods that are right for them.
 * Each request takes a second.
 */
const RAMP = [
  { clients: 30, pods: 2 },
  { clients: 70, pods: 4 },
  { clients: 100, pods: 10 }, // the pods take 80, and 20 wait: for these alone, 10
  { clients: 70, pods: 4 },
  { clients: 10, pods: 2 }
]

/**
 * @param {{ hosts: import('./hosts.js').Host[], folder: string, url: string, isBrief: boolean }}
 *   fleet hosts whose workers take 40 requests together
 */
export async function followLoad ({ hosts, folder, url, isBrief }) {
  const value = await startPrometheus(folder, hosts)
  const recommendation = new Recommendation({
    min: spec.minReplicaCount, max: spec.maxReplicaCount, scaleDown: SCALE_DOWN
  })
  const follow = async () => {
    const metrics = await Promise.all(spec.triggers.map(async ({ metadata: trigger }) => {
      const query = trigger.query.replace(/\[\w+\]/, `[${WINDOW}s]`)
      return { total: await value(query), target: Number(trigger.threshold) }
    }))
    return {
      pods: recommendation.update(performance.now() / 1000, metrics),
      totals: metrics.map(({ total }) => Math.round(total))
    }
  }
  await eventually(follow, 20_000)
  const steps = isBrief ? [RAMP[1], RAMP[4]] : RAMP
  for (const { clients, pods } of steps) {
    const load = new Load(url).start({ get: clients, ms: 1000 })
    const begun = performance.now()
    const settled = await eventually(async () => {
      const now = await follow()
      assert.equal(now.pods, pods, `${clients} requests at a time: ${JSON.stringify(now)}`)
      return now
    }, 30_000)
    console.log(`${clients} requests at a time: in flight ${settled.totals[0]}, waiting ` +
      `${settled.totals[1]}: ${pods} pods, after ${Math.round(performance.now() - begun)} ms`)
    // The next step starts from a load that is steady.
    const steady = performance.now() + WINDOW * 1000
    while (performance.now() < steady) {
      assert.equal((await follow()).pods, pods)
      await new Promise((resolve) => setTimeout(resolve, 500))
    }
    await load.stop()
    assert.deepEqual(load.failures, [])
  }
}
